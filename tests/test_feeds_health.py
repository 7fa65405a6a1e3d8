"""How a feed is, in one word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from monitor.errors import FetchError, ParseError
from monitor.feeds import rhythm
from monitor.feeds.fetch import document_of
from monitor.feeds.health import Condition, Health, health, worth_telling
from monitor.feeds.parse import parse
from monitor.http import Response
from monitor.model import FeedId, FeedState
from monitor.spans import spoken, written
from tests.builders import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def state(error: str | None = None, *, failures: int = 1, read: datetime | None = NOON - HOUR) -> FeedState:
    return FeedState(
        FeedId("f"),
        next_poll_at=NOON,
        known_since=read,
        last_success_at=read,
        failures=failures if error else 0,
        error=error,
    )


def refused(status: int, *, url: str = "https://a.example/", body: bytes = b"", headers: Mapping[str, str] = {}) -> str:
    """What fetching says of such an answer."""
    with pytest.raises(FetchError) as caught:
        document_of(Response(url, status, headers, body, permanent=False, at=NOON), 1_000_000)
    return str(caught.value)


def misread(body: bytes) -> str:
    """What parsing says of such a document."""
    with pytest.raises(ParseError) as caught:
        parse(body, feed_id=FeedId("f"), url="https://a.example/", content_type="text/html", now=NOON)
    return str(caught.value)


WEB_PAGE = misread(b"<!doctype html><p>Are you human?")


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (state(), Health.OK),
        (state(read=None), Health.NEW),
        (state(refused(410)), Health.FAILING),
        (replace(state(refused(410)), gone_since=NOON - 25 * HOUR), Health.GONE),
        (state(refused(404)), Health.FAILING),
        (state(refused(404), read=NOON - 8 * DAY), Health.GONE),
        (state(refused(404), read=None), Health.FAILING),
        (state(refused(403)), Health.WALLED),
        (state(refused(503, headers={"cf-mitigated": "challenge"})), Health.WALLED),
        (state(refused(200, body=b"<html>_cf_chl_opt")), Health.WALLED),
        (state(refused(200, body=b"<html>", url="https://consent.a.example/")), Health.WALLED),
        (state(WEB_PAGE), Health.WALLED),
        (state(WEB_PAGE, read=None), Health.FAILING),
        (state(refused(500)), Health.FAILING),
        (state(refused(401)), Health.FAILING),
        (state("no answer within 30 s"), Health.FAILING),
    ],
)
def test_failures(seen: FeedState, expected: Health) -> None:
    """A wall, a publisher's end and a fault of today are told apart, by what fetch and parse say of them."""
    assert expected is health(seen, now=NOON).health


def test_a_failure_is_told_in_full() -> None:
    """The cause, how often, and since when nothing was read."""
    expected = "the server answered 500 instead of the feed; 3 times running, last read 60 minutes ago"
    assert Condition(Health.FAILING, expected) == health(state(refused(500), failures=3), now=NOON)


HOURLY = rhythm.first_look([NOON - n * HOUR for n in range(60)], NOON).to_json()
WEEKLY = rhythm.learn(rhythm.Rhythm(), NOON - 60 * DAY, NOON, [NOON - 7 * DAY]).to_json()


@pytest.mark.parametrize(
    ("last_new_at", "known", "expected"),
    [
        (NOON - 2 * DAY, HOURLY, Health.QUIET),
        (NOON - 23 * HOUR, HOURLY, Health.OK),
        (NOON - 2 * DAY, WEEKLY, Health.OK),
        (NOON - 2 * DAY, None, Health.OK),
        (None, HOURLY, Health.OK),
    ],
)
def test_silence(last_new_at: datetime | None, known: str | None, expected: Health) -> None:
    """Silence is told when it is both long and unlike the feed."""
    assert expected is health(replace(state(), last_new_at=last_new_at, rhythm=known), now=NOON).health


def test_silence_since_the_first_look() -> None:
    """A feed that never showed anything new is silent since it was first read."""
    known = health(replace(state(read=NOON - 2 * DAY), rhythm=HOURLY), now=NOON)
    assert Condition(Health.QUIET, "nothing new for 2 days, which is not like it") == known


def test_operators_hear_of_what_lasts() -> None:
    """Not of a failure or two, nor of many in a minute; at once of a feed that is gone or oddly silent."""
    cases = [
        (state("no answer", failures=2, read=NOON - 2 * HOUR), False),
        (state("no answer", failures=9, read=NOON - HOUR / 2), False),
        (state("no answer", failures=3, read=NOON - HOUR), True),
        (state("no answer", failures=3, read=None), True),
        (state(refused(403), failures=1, read=NOON - 2 * HOUR), False),
        (state(refused(403), failures=2, read=NOON - 2 * HOUR), True),
        (replace(state("taken down (410)"), gone_since=NOON - 2 * DAY), True),
        (state(), False),
    ]
    for known, told in cases:
        assert told is worth_telling(known, health(known, now=NOON), NOON)


@pytest.mark.parametrize(("days", "expected"), [(1, Health.GAP), (8, Health.OK)])
def test_gaps(days: int, expected: Health) -> None:
    """A gap is told for a week."""
    assert expected is health(state(), now=NOON, last_gap_at=NOON - days * DAY).health


def test_a_move_is_told_with_its_address() -> None:
    """So that it can be written down; a failure comes before it."""
    moved = health(replace(state(), address="https://b.example/feed"), now=NOON)
    assert Health.MOVED is moved.health
    assert "https://b.example/feed" in moved.sentence
    assert Health.FAILING is health(replace(state("down"), address="https://b.example/feed"), now=NOON).health


@pytest.mark.parametrize(
    ("seconds", "said", "noted"),
    [
        (1, "1 second", "1s"),
        (90, "90 seconds", "90s"),
        (120, "2 minutes", "2m"),
        (3_600, "60 minutes", "1h"),
        (7_260, "2 hours", "121m"),
        (86_400, "24 hours", "1d"),
        (200_000, "2 days", "200000s"),
    ],
)
def test_durations(seconds: int, said: str, noted: str) -> None:
    """Round for people, exact for the configuration."""
    assert (said, noted) == (spoken(timedelta(seconds=seconds)), written(timedelta(seconds=seconds)))
