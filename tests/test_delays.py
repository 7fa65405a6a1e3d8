"""How long news took, part by part."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.cli.common import Place
from monitor.cli.delays import percentile
from monitor.cli.feeds import feeds
from monitor.model import Alert, AlertId, DeliveryState, Entry, EntryId, Fate, Feed, FeedId, Severity, StoryId
from monitor.store.sqlite.store import Store
from tests.builders import decision, delivery, placement
from tests.newsroom import write_config
from tests.test_stories import article

QUICK = Feed(FeedId("q"), "Quick Wire", "https://q.example/feed")
SLOW = Feed(FeedId("s"), "Slow Gazette", "https://s.example/feed")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(write_config(tmp_path / "config", [("A", "http://127.0.0.1:9/feed")]))
    store, now = Store.writer(tmp_path / "news.db"), datetime.now(UTC) - timedelta(days=1)
    with store.transaction():
        store.feeds.sync([QUICK, SLOW], now)
        come_by(store, QUICK, "1", now, posted=True)
        come_by(store, SLOW, "2", now, age=timedelta(hours=3))
        come_by(store, SLOW, "3", now, age=-timedelta(hours=3))
        come_by(store, SLOW, "old", now - timedelta(days=20), age=timedelta(days=1))
        again = Entry(EntryId("again"), SLOW.id, "1", "https://a.example/1", "T", "", "", None, now, None)
        store.feeds.add_entries([again], baseline=frozenset(), now=now + timedelta(hours=1))
        store.feeds.finish_reading(again, article_id=article("https://a.example/1").id, reason=None)
    store.close()
    return place


def come_by(
    store: Store,
    feed: Feed,
    name: str,
    seen: datetime,
    *,
    age: timedelta = timedelta(minutes=1),
    posted: bool = False,
) -> None:
    """Read 2 s after it was seen; matched 1 s later and posted 4 s after that."""
    read = article(f"https://a.example/{name}", f"Text {name}", read_at=seen + timedelta(seconds=2))
    entry = Entry(EntryId(name), feed.id, name, read.url, "T", "", "", None, seen - age, None)
    store.feeds.add_entries([entry], baseline=frozenset(), now=seen)
    store.stories.save_article(read)
    store.feeds.finish_reading(entry, article_id=read.id, reason=None)
    if posted:
        at = seen + timedelta(seconds=3)
        store.stories.save_decisions(read.id, [decision()], at)
        store.stories.place(read, placement("s"), [], at)
        alert = AlertId("a")
        store.alerts.add(Alert(alert, "armour", StoryId("s"), read.id, "story", Severity.LOW, Fate.POST, "x", None, at))
        told = delivery(alert_id=alert)
        store.deliveries.add(told, folded_into=None)
        sent_at = at + timedelta(seconds=4)
        store.deliveries.save(replace(told, state=DeliveryState.SENT, sent_at=sent_at, receipt="C1:1"))


def test_every_part_of_the_way_is_told_for_each_feed(place: Place) -> None:
    """An article counts for the feed that showed it first; what is dated ahead was not late; the slowest come first."""
    result = CliRunner().invoke(feeds, ["delays", "--json"], obj=place)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert ["Slow Gazette", "Quick Wire"] == [row["feed"] for row in rows]
    slow, quick = rows
    assert {"n": 2, "p50": 0.0, "p90": 10_800.0, "p99": 10_800.0} == slow["published_to_seen"]
    assert {"n": 0, "p50": None, "p90": None, "p99": None} == slow["matched_to_posted"]
    medians = {stage: quick[stage]["p50"] for stage in quick if stage != "feed"}
    assert {
        "published_to_seen": 60.0,
        "seen_to_read": 2.0,
        "read_to_matched": 1.0,
        "matched_to_posted": 4.0,
        "published_to_posted": 67.0,
    } == medians


def test_a_table_for_people(place: Place) -> None:
    """Median and 90th percentile, in units that can be read."""
    result = CliRunner().invoke(feeds, ["delays", "--since", "30d"], obj=place)
    assert 0 == result.exit_code, result.output
    assert "3h … 24h" in result.stdout
    assert "4.0s … 4.0s" in result.stdout


@pytest.mark.parametrize(
    ("values", "p", "expected"),
    [([], 50, None), ([1.0], 99, 1.0), ([1.0, 2.0, 3.0, 4.0], 50, 2.0), ([1.0, 2.0], 90, 2.0)],
)
def test_percentiles(values: list[float], p: int, expected: float | None) -> None:
    """By the nearest rank: a value that was measured."""
    assert expected == percentile(values, p)
