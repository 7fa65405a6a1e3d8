"""The canary: it goes the whole way, leaves nothing behind, and its absence is told."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.app import canary
from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.canary_watch import PATIENCE, CanaryWatch, look
from monitor.app.config import Config
from monitor.app.daemon import Daemon
from monitor.app.vitals import troubles
from monitor.errors import ConfigError
from monitor.model import (
    Alert,
    AlertId,
    Article,
    Delivery,
    DeliveryState,
    Entry,
    EntryId,
    Fate,
    Feed,
    FeedId,
    Outcome,
    Severity,
    StoryId,
)
from monitor.rules import lint, schema
from monitor.rules.match import decide
from monitor.store.sqlite.store import Store
from tests.builders import NOON, decision, delivery, placement
from tests.newsroom import Newsroom, write_config
from tests.slack_standin import TOKEN, SlackStandIn
from tests.test_daemon import SetClock, running, until
from tests.test_stories import article

EVERY = timedelta(hours=6)
LEFT = ("articles", "decisions", "alerts", "deliveries", "stories", "story_articles", "search_documents", "watches")


def configured(tmp_path: Path, paper: Newsroom, **sections: Any) -> Config:
    return configuration.load(
        write_config(tmp_path / "config", [("A", paper.feed_url)], canary={"every": "6h"}, **sections)
    )


async def test_it_goes_the_whole_way_and_leaves_nothing(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators see it in their channel, readers do not; no table has it afterwards, and the audit balances."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    config = configured(tmp_path, paper, slack_url=slack.url, slack={"ops_channel": "#news-ops"})
    clock = after_a_canary()
    async with running(Daemon(config, io.StringIO(), clock=clock, attendants=[CanaryWatch()])):
        reader = await first_look(config)
        clock.offset += EVERY + PATIENCE
        await until(lambda: any("Canary" in str(m) for m in slack.messages()))
        await until(lambda: reader.canaries.last_told() is not None)
    store = Store.reader(config.database)
    assert {} == rows_left(store, *LEFT)
    assert audit(store).balanced
    assert [] == [feed["name"] for feed in store.ledger.feeds() if feed["name"] == "Canary"]
    assert {} == store.ledger.entry_states()


async def test_no_rhythm_holds_it_and_nobody_else_hears_of_it(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the night, where there are digests and other sinks: it would be late each night, and readers would get it."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    config = configured(
        tmp_path,
        paper,
        slack_url=slack.url,
        slack={"ops_channel": "#news-ops"},
        routing={
            "quiet": [{"hours": "00:00-12:00"}, {"hours": "12:00-23:59"}],
            "digest": {"below": "critical", "cron": "0 0 1 1 *"},
        },
        sinks={"atom": [{"name": "all", "file": str(tmp_path / "feed.xml")}]},
    )
    clock = after_a_canary()
    async with running(Daemon(config, io.StringIO(), clock=clock, attendants=[CanaryWatch()])):
        reader = await first_look(config)
        clock.offset += EVERY + PATIENCE
        await until(lambda: reader.canaries.last_told() is not None)
    store = Store.reader(config.database)
    assert {} == rows_left(store, *LEFT, "holds")
    assert not (tmp_path / "feed.xml").exists()


def rows_left(store: Store, *tables: str) -> dict[str, int]:
    """How many, of the tables that have any."""
    return {table: n for table in tables if (n := store._db.table(table).count)}


def after_a_canary() -> SetClock:
    """A minute after one was published: six hours later there is one more, whatever time it is now."""
    clock = SetClock()
    clock.offset = EVERY - timedelta(seconds=clock().timestamp() % EVERY.total_seconds()) + timedelta(minutes=1)
    return clock


async def test_two_that_come_at_once_arrive_as_one(
    tmp_path: Path, paper: Newsroom, slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After half a day of sleep. The second is a copy of the first, if that was not told and gone before."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", TOKEN)
    config = configured(tmp_path, paper, slack_url=slack.url, slack={"ops_channel": "#news-ops"})
    clock = after_a_canary()
    async with running(Daemon(config, io.StringIO(), clock=clock, attendants=[CanaryWatch()])):
        reader = await first_look(config)
        clock.offset += 2 * EVERY + PATIENCE
        await until(lambda: 2 == reader._db.table("canaries").count)
        assert {None} == {one["why"] for one in reader._db.query("select why from canaries")}
        assert {} == rows_left(reader, *LEFT)


async def first_look(config: Config) -> Store:
    """A reader, once the canary's feed is known."""
    reader: Store | None = None

    def known() -> bool:
        nonlocal reader
        try:
            reader = reader or Store.reader(config.database)
            return reader.feeds.state(canary.FEED).known_since is not None
        except Exception:
            return False

    await until(known)
    assert reader is not None
    return reader


async def test_it_arrives_at_the_console_too(tmp_path: Path, paper: Newsroom) -> None:
    """Where there is no Slack."""
    config, clock, output = configured(tmp_path, paper), after_a_canary(), io.StringIO()
    async with running(Daemon(config, output, clock=clock, attendants=[CanaryWatch()])):
        reader = await first_look(config)
        clock.offset += EVERY + PATIENCE
        await until(lambda: reader.canaries.last_told() is not None)
    assert "Canary" in output.getvalue()


def seen(store: Store, **fields: Any) -> str:
    """A canary that was seen at noon."""
    number = len(list(store._db.query("select 1 from entries")))
    store.feeds.sync([Feed(canary.FEED, "Canary", canary.FEED_URL)], NOON)
    url = f"https://canary.invalid/article/{number}"
    found = Entry(EntryId(f"e{number}"), canary.FEED, str(number), url, "T", "", "", None, None, None)
    store.feeds.add_entries([found], baseline=frozenset(), now=fields.get("at", NOON))
    return url


def _unpolled(store: Store) -> None:
    pass


def _unread(store: Store) -> None:
    seen(store)
    store._db.execute("update entries set reason = 'the server answered 500'")


def _read(store: Store, quality: str, **fields: Any) -> Article:
    url = seen(store, **fields)
    read = article(url, quality=quality)
    store.stories.save_article(read)
    store._db.execute("update entries set article_id = ?, state = 'read' where url = ?", [read.id, url])
    return read


def _not_extracted(store: Store) -> None:
    _read(store, "the worker was killed")


def _unmatched(store: Store) -> None:
    _read(store, "full")


def _matched(store: Store, **fields: Any) -> Delivery:
    read = _read(store, "full", **fields)
    store.stories.save_decisions(read.id, [decision(canary.RULE)], NOON)
    store.stories.place(read, placement(f"s{read.id}"), [], NOON)
    alert = AlertId(f"a{read.id}")
    matched = Alert(
        alert, canary.RULE, StoryId(f"s{read.id}"), read.id, "story", Severity.LOW, Fate.POST, "new", None, NOON
    )
    store.alerts.add(matched)
    told = delivery(f"d{read.id}", alert_id=alert, error="channel_not_found")
    store.deliveries.add(told, folded_into=None)
    return told


def _untold(store: Store) -> None:
    told = _matched(store)
    store.deliveries.save(replace(told, state=DeliveryState.BLOCKED, error="channel_not_found"))


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (_unpolled, "its feed was not looked at, or not understood"),
        (_unread, "it was not read (the server answered 500)"),
        (_not_extracted, "its rule did not match, as its page could not be read (the worker was killed)"),
        (_unmatched, "its rule did not match"),
        (_untold, "it was not told (channel_not_found)"),
    ],
)
def test_one_that_does_not_arrive_is_told_once(tmp_path: Path, prepare: Callable[[Store], None], words: str) -> None:
    """With the part of the way that is broken, at most a quarter of an hour after it should have been there."""
    store = Store.writer(tmp_path / "news.db")
    with store.transaction():
        prepare(store)
    in_time = NOON + EVERY + PATIENCE
    assert None is look(store, in_time, EVERY, NOON)
    told = look(store, in_time + timedelta(seconds=1), EVERY, NOON)
    assert told is not None
    assert words in told
    assert told in troubles(store, in_time)
    assert None is look(store, in_time + timedelta(hours=1), EVERY, NOON)
    assert 1 == len(store.notices.open())


def test_a_canary_that_arrives_ends_the_trouble(tmp_path: Path) -> None:
    """And operators are told that, too."""
    store = Store.writer(tmp_path / "news.db")
    late = NOON + EVERY + PATIENCE + timedelta(minutes=1)
    assert look(store, late, EVERY, NOON)
    with store.transaction():
        told = _matched(store)
        store.deliveries.save(replace(told, state=DeliveryState.SENT, sent_at=late, receipt="C1:1"))
        look(store, late + timedelta(minutes=1), EVERY, NOON)
    assert () == store.notices.open()
    assert {} == rows_left(store, *LEFT)


def test_a_copy_of_one_that_is_on_its_way_is_over(tmp_path: Path) -> None:
    """Nothing is wrong with it; what becomes of the other is what counts."""
    store = Store.writer(tmp_path / "news.db")
    with store.transaction():
        first = _matched(store)
        copy = _read(store, "full")
        store.stories.save_decisions(copy.id, [decision(canary.RULE)], NOON)
        store.stories.place(copy, placement(f"s{copy.id}"), [], NOON)
        alert = AlertId(f"a{copy.id}")
        story = StoryId(f"s{copy.id}")
        store.alerts.add(
            Alert(alert, canary.RULE, story, copy.id, "update", Severity.LOW, Fate.SUPPRESS, "copy", None, NOON)
        )
        look(store, NOON + timedelta(minutes=1), EVERY, NOON)
    assert [(None, None)] == [(one["told_at"], one["why"]) for one in store._db.query("select * from canaries")]
    assert [first.state] == [one["delivery"] for one in store.canaries.on_their_way(canary.FEED, canary.RULE)]


def test_eight_weeks_without_a_false_alarm(tmp_path: Path) -> None:
    """Canaries that take up to ten minutes, in a service that is restarted now and then."""
    store, chance = Store.writer(tmp_path / "news.db"), random.Random(8)
    up_since, said = NOON, []
    for number in range(1, 8 * 7 * 4):
        at = NOON + number * EVERY + timedelta(minutes=chance.uniform(0, 10))
        with store.transaction():
            said.append(look(store, at - timedelta(seconds=1), EVERY, up_since))
            told = _matched(store, at=at)
            store.deliveries.save(replace(told, state=DeliveryState.SENT, sent_at=at, receipt="C1:1"))
            said.append(look(store, at, EVERY, up_since))
        if chance.random() < 0.1:
            up_since = at
    assert {None} == set(said)


def test_it_is_for_its_own_rule_only() -> None:
    """Rules that match everything do not tell readers of it, and its rule tells operators of nothing else."""
    own, other = decision(canary.RULE), decision("all")
    assert (own,) == canary.apart([own, other], canary.FEED)
    assert (other,) == canary.apart([own, other], FeedId("f"))


def test_it_needs_a_channel_for_operators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers are not to be troubled with it."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    config = write_config(
        tmp_path / "config", [("A", "https://a.example/")], slack_url="http://127.0.0.1:1/api/", canary={}
    )
    with pytest.raises(ConfigError, match=r"monitor\.yaml:\d+: canary: there is no channel .* set slack\.ops_channel"):
        configuration.load(config)


def test_its_rule_holds_what_it_promises() -> None:
    """By the examples inside it; and its feed's own words do not match it."""
    directory = Path(canary.__file__).with_name("canary_rule")
    rules = schema.load(directory, directory / "concepts")
    assert [] == list(lint.run_examples(rules))
    page, feed = canary._page(7, EVERY), canary._feed(7, EVERY)
    assert [Outcome.MATCHED] == [one.outcome for one in decide(rules, "T", page)]
    assert [] == [one.outcome for one in decide(rules, "T", feed) if one.outcome is Outcome.MATCHED]


async def test_it_is_not_late_because_it_was_only_just_asked_for(tmp_path: Path, paper: Newsroom) -> None:
    """By a service that has been up for days, in which somebody sets it or has it come more often."""
    path, clock = tmp_path / "config", SetClock()
    config = configuration.load(write_config(path, [("A", paper.feed_url)]))
    async with running(Daemon(config, io.StringIO(), clock=clock, attendants=[CanaryWatch()])):
        await until(lambda: len(paper.requests) >= 1)
        clock.offset = timedelta(days=3)
        with (path / "monitor.yaml").open("a") as file:
            file.write("canary: {every: 6h}\n")
        reader = await first_look(config)
        await asyncio.sleep(1)  # the watch has looked by then
        assert () == reader.notices.words("canary")


async def test_one_that_nobody_waits_for_any_more_is_no_trouble(tmp_path: Path, paper: Newsroom) -> None:
    """Without the section the late one is forgotten."""
    config = configuration.load(write_config(tmp_path / "config", [("A", paper.feed_url)]))
    store = Store.writer(config.database)
    assert look(store, NOON + EVERY + 2 * PATIENCE, EVERY, NOON)
    store.close()
    async with running(Daemon(config, io.StringIO(), attendants=[CanaryWatch()])):
        reader = Store.reader(config.database)
        await until(lambda: reader.notices.words("canary") == ())
