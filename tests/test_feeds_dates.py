"""When an item says that it was published."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.feeds.dates import MAX_LENGTH, moment
from monitor.feeds.parse import parse
from monitor.model import Entry, FeedId
from tests.builders import NOON

TEN = datetime(2026, 11, 25, 10, tzinfo=UTC)


def local(hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """What some clock showed."""
    return TEN.replace(hour=hour, minute=minute, second=second, tzinfo=None)


@pytest.mark.parametrize(
    "written",
    [
        "Wed, 25 Nov 2026 10:00:00 GMT",
        "Wed, 25 Nov 2026 10:00:00 +0000",
        "Wed, 25 Nov 2026 10:00:00 +0000 (UTC)",
        "Wed, 25 Nov 2026 10:00:00 (UTC)",
        "Wed, 25 Nov 2026 10:00:00 Z",
        "Wed, 25 Nov 2026 10:00 UT",
        "Wed, 25 Nov 26 10:00:00 UTC",
        "Wed,25 Nov 2026 10:00:00 GMT",
        "Wednesday, 25-Nov-26 10:00:00 GMT",
        "25 November 2026 10:00:00 GMT",
        "Wed, 25 Nov 2026 11:00:00 CET",
        "Wed, 25 Nov 2026 11:00:00 +0100 CET",
        "Wed, 25 Nov 2026 11:00:00 +1",
        "Wed, 25 Nov 2026 11:00:00 +01:00",
        "Wed, 25 Nov 2026 11:00:00 GMT+1",
        "Wed, 25 Nov 2026 11:00:00 UTC+01:00",
        "Wed, 25 Nov 2026 12:00:00 CEST",
        "Wed, 25 Nov 2026 12:00:00 EET",
        "Wed, 25 Nov 2026 13:00:00 EEST",
        "Wed, 25 Nov 2026 13:00:00 MSK",
        "Wed, 25 Nov 2026 05:00:00 EST",
        "Wed, 25 Nov 2026 05:00 AM EST",
        "Wed, 25 Nov 2026 3:30 p.m. +0530",
        "Wed, 25 Nov 2026 06:30:00 -0330",
        "Wed, Nov 25, 2026 10:00:00 GMT",
        "November 25th, 2026 at 10:00 GMT",
        "Wed Nov 25 11:00:00 CET 2026",
        "Wed Nov 25 11:00:00 +0100 2026",
        "Wed Nov 25 2026 11:00:00 GMT+0100 (Central European Standard Time)",
        "2026-11-25T10:00:00Z",
        "2026-11-25T10:00Z",
        "2026-11-25T11:00:00.000+01:00",
        "2026-11-25T11:00:00,5+0100",
        "2026-11-25T15:30:00+0530",
        "2026-11-25T11:00:00+01:00[Europe/Belgrade]",
        "2026-11-25 11:00:00 +0100",
        "2026-11-25 11:00:00 CET",
        "2026/11/25 10:00:00 UTC",
        "20261125T100000Z",
        "среда, 25. новембар 2026. у 11:00 CET",
        "25. novembar 2026. 11:00 CET",
        "e mërkurë, 25 nëntor 2026, 11:00 CET",
        "25 ноября 2026 13:00 MSK",
        "Mi., 25. November 2026 um 11:00 MEZ",
        "25.11.2026. 11:00 CET",
        "1795600800",
        "1795600800000",
    ],
)
def test_with_a_zone(written: str) -> None:
    """However it is written, it is ten o'clock."""
    found = moment(written)
    assert found is not None
    assert found.tzinfo is not None
    assert TEN == found


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Wed, 25 Nov 2026 10:00:00", local(10)),
        ("Wed, 25 Nov 2026 10:00", local(10)),
        ("Wed, 25 Nov 2026 10:00:00 PM", local(22)),
        ("Wed, 25 Nov 2026 12:10 AM", local(0, 10)),
        ("Wed, 25 Nov 2026", local()),
        ("25 Nov 26", local()),
        ("2026-11-25T10:00:00", local(10)),
        ("2026-11-25 10:00:00.123", local(10)),
        ("2026-11-25", local()),
        ("2026.11.25", local()),
        ("25.11.2026.", local()),
        ("25.11.2026. 10.00h", local(10)),
        ("среда, 25. новембар 2026.", local()),
        ("25 nëntor 2026, 10:05", local(10, 5)),
        # The zone is of India, of Ireland or of Israel; or it is none that we know.
        ("Wed, 25 Nov 2026 10:00:00 IST", local(10)),
        ("Wed, 25 Nov 2026 10:00:00 Europe/Belgrade", local(10)),
        ("Wed, 25 Nov 2026 10:00:00 +9900", local(10)),
        ("Wed, 25 Nov 2026 23:59:60", local(23, 59, 59)),
    ],
)
def test_without_a_zone(written: str, shown: datetime) -> None:
    """It is what a clock showed, and nobody says where."""
    assert shown == moment(written)


@pytest.mark.parametrize(
    "written",
    [
        *("", "yesterday", "30 Feb 2026 10:00 GMT", "25 Nov 10:00", "Wed, 25 Nov 2026 25:00 GMT"),
        *("Wed, 25 Nov 2026 13:00 PM", "11/25/2026", "25/11/2026 10:00", "25 Foo 2026", "99999-01-01", "2026-11"),
        *("Wed, 25 Nov 2026 1000 GMT", "1", "17956008", "2026-13-01T10:00:00Z", "0000-00-00 00:00:00"),
    ],
)
def test_no_date(written: str) -> None:
    """Nothing is guessed: 3/4/2026 is another day in America."""
    assert moment(written) is None


@given(st.text(st.sampled_from("0123456789 -/.:,TZ+()NovWedampmGCET\u0661й"), max_size=2 * MAX_LENGTH))
def test_anything(written: str) -> None:
    """Whatever it is, it is a date or none."""
    assert isinstance(moment(written), datetime | None)


# ---- what becomes of it ----


def item(written: str, *, now: datetime = NOON) -> Entry:
    """The item of an RSS feed with this date."""
    feed = f'<rss version="2.0"><channel><title>N</title><item><title>t</title><pubDate>{written}</pubDate></item>'
    body = f"{feed}</channel></rss>".encode()
    document = parse(body, feed_id=FeedId("f"), url="https://a.example/", content_type="", now=now)
    [entry] = document.entries
    assert (entry.published_at is None) == bool(document.note), document.note
    return entry


def test_a_local_time_is_never_in_the_future() -> None:
    """Read as UTC it may be: then the clock is east of us, and the item is of now, at the latest."""
    assert TEN == item("Wed, 25 Nov 2026 10:00:00").published_at
    assert NOON == item("Wed, 25 Nov 2026 13:00:00").published_at
    assert NOON == item("2026-11-25T13:00:00").published_at
    assert item("Thu, 26 Nov 2026 03:00:00").published_at is None  # no zone is so far east
    assert item("Wed, 25 Nov 2026 13:00:00 GMT").published_at is None


def test_a_local_time_tells_the_same_item_at_any_look() -> None:
    """Though it is another moment at each, while it is in the future."""
    first, later = (item("Wed, 25 Nov 2026 15:00:00", now=NOON + timedelta(hours=hours)) for hours in (0, 1))
    assert first.published_at != later.published_at
    assert first.words == later.words


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ({"date_published": 1795600800}, TEN),
        ({"date_published": 1795600800.5}, TEN),
        ({"date_published": 1795600800000}, TEN),
        ({"date_published": "1795600800"}, TEN),
        ({"date_published": "2026-11-25 11:00:00 +0100"}, TEN),
        ({"date_published": "2026-11-25T10:00:00"}, TEN),
        ({"date_published": "soon", "date_modified": "2026-11-25T10:00:00Z"}, TEN),
        ({"date_published": True, "date_modified": None}, None),
        ({"date_published": 1e300}, None),
        ({"date_published": float("nan")}, None),
    ],
)
def test_json_feeds(said: dict[str, object], date: datetime | None) -> None:
    """They say it in words, and some in numbers."""
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "N", "items": [{"id": "1", "title": "t", **said}]}
    body = json.dumps(feed).encode()
    [entry] = parse(body, feed_id=FeedId("f"), url="https://a.example/", content_type="", now=NOON).entries
    assert date == entry.published_at


def test_offsets_that_cannot_be() -> None:
    """Nobody's clock is a day ahead."""
    assert timezone(timedelta(hours=14)) == (moment("2026-11-25T10:00:00+14:00") or TEN).tzinfo
    assert (moment("2026-11-25T10:00:00+15:00") or TEN).tzinfo is None
