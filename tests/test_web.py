"""Health and metrics over HTTP, of a daemon that works and of one that does not."""

from __future__ import annotations

import asyncio
import io
import socket
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from monitor.app import config as configuration
from monitor.app.daemon import LATE_BEAT, STOP_LIMIT, Daemon
from monitor.app.vitals import LATE, STUCK_AFTER, Pulse, troubles
from monitor.app.workers import Workers
from monitor.errors import ConfigError
from monitor.model import Entry, EntryId, Feed, FeedId
from monitor.store.sqlite.store import Store
from monitor.web.server import WebServer
from tests.builders import NOON, delivery
from tests.newsroom import FOOTBALL, TANKS, Newsroom, write_config
from tests.test_daemon import running, until


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Site:
    """A daemon with its web server."""

    daemon: Daemon
    port: int
    output: io.StringIO

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as response:
            return response.status, await response.text()

    async def numbers(self) -> dict[str, float]:
        """Samples by name and labels."""
        status, text = await self.get("/metrics")
        assert 200 == status
        samples = (sample for family in families(text) for sample in family.samples)
        return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}


@asynccontextmanager
async def served(tmp_path: Path, *feeds: tuple[str, str], **sections: Any) -> AsyncIterator[Site]:
    port, output = free_port(), io.StringIO()
    web = {"listen": f"127.0.0.1:{port}"}
    config = write_config(tmp_path / "config", list(feeds), web=web, schedule={"every": "1s"}, **sections)
    daemon = Daemon(configuration.load(config), output, attendants=[WebServer()])
    async with running(daemon):
        async with asyncio.timeout(30):
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        yield Site(daemon, port, output)


async def test_the_numbers_are_those_of_the_store(tmp_path: Path, paper: Newsroom) -> None:
    """Every part of the way is counted, and timed, once."""
    paper.publish("Cup final", FOOTBALL)
    async with served(tmp_path, ("A", paper.feed_url)) as site:
        async with asyncio.timeout(30):
            while not (before := await site.numbers())["news_monitor_feeds ok"]:
                await asyncio.sleep(0.1)
        paper.publish("Serbia moves tanks", TANKS)
        await until(lambda: "Serbia moves tanks" in site.output.getvalue())
        await asyncio.sleep(0.3)
        for _ in range(2):  # asking again counts nothing twice
            seen = await site.numbers()
            assert 1 == seen["news_monitor_entries_total"] - before["news_monitor_entries_total"]
            assert 1 == seen["news_monitor_articles_total"]
            assert 2 == seen["news_monitor_alerts_total post"]
            assert 0 == seen["news_monitor_alerts_total suppress"]
            assert seen["news_monitor_polls_total new"] >= 1
            for stage, count in {
                "published_to_seen": 1,
                "seen_to_read": 1,
                "read_to_matched": 2,
                "matched_to_posted": 1,
            }.items():
                assert count == seen[f"news_monitor_delay_seconds_count {stage}"], stage
        assert 1 == seen["news_monitor_feeds ok"]
        assert 1 == seen["news_monitor_deliveries sent"]
        assert seen["news_monitor_judged_articles_total"] >= 1
        assert seen["news_monitor_database_bytes database"] > 0


async def test_one_that_works_is_healthy_and_ready(tmp_path: Path, paper: Newsroom) -> None:
    """In words, for a person who looks."""
    async with served(tmp_path, ("A", paper.feed_url)) as site:
        assert [(200, "ok\n")] * 2 == [await site.get("/healthz"), await site.get("/readyz")]
        assert 404 == (await site.get("/"))[0]


async def test_a_port_that_is_taken_ends_nothing(tmp_path: Path, paper: Newsroom) -> None:
    """Operators are told, and the feeds are polled."""
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        web = {"listen": f"127.0.0.1:{other.getsockname()[1]}"}
        config = configuration.load(write_config(tmp_path / "config", [("A", paper.feed_url)], web=web))
        async with running(Daemon(config, io.StringIO(), attendants=[WebServer()])):
            await until(lambda: len(paper.requests) >= 1)
        notices = Store.reader(config.database).notices.open()
    assert ["`web` does not work"] == [notice["text"].partition(":")[0] for notice in notices]


async def test_a_store_that_is_stuck_is_unhealthy(tmp_path: Path, paper: Newsroom) -> None:
    """The web server answers all the same, from what it knows; and systemd hears nothing more."""
    go = threading.Event()
    async with served(tmp_path, ("A", paper.feed_url)) as site:
        stuck = asyncio.create_task(site.daemon._store.ask(lambda _: go.wait(20)))
        try:
            await asyncio.sleep(2)  # the daemon asks the store each second
            site.daemon._pulse._steady = lambda: time.monotonic() + STUCK_AFTER.total_seconds()
            for path in ("/healthz", "/readyz"):
                status, text = await site.get(path)
                assert (503, True) == (status, "made no progress for" in text), path
        finally:
            go.set()
            await stuck


def test_a_pulse_names_what_is_stuck() -> None:
    """Each part by itself; an error of the store is an answer."""
    now, worker = 1_000.0, SimpleNamespace(stuck_for=timedelta(0))
    pulse = Pulse(cast("Workers", worker), lambda: now)
    now += STUCK_AFTER.total_seconds()
    assert () == pulse.stuck()
    now += 1
    assert ["the daemon's own round", "the database's writer"] == [w.split(" made")[0] for w in pulse.stuck()]
    pulse.came_round()
    pulse.store_answered("the disk is full")
    assert ((), "the disk is full") == (pulse.stuck(), pulse.store_error)
    worker.stuck_for = timedelta(minutes=1)
    assert ["a worker process made no progress for 60 s"] == list(pulse.stuck())


def test_a_reload_is_not_stuck_while_it_waits_for_what_is_under_way() -> None:
    """Which may take as long as a stop; a restart would only cut that short."""
    assert STUCK_AFTER > STOP_LIMIT + 2 * LATE_BEAT


async def test_a_worker_is_not_stuck_within_its_limit() -> None:
    """The clock of a task begins when a process is free for it."""
    workers = Workers(limit=timedelta(seconds=10))
    task = asyncio.create_task(workers.run(_sleep, 0.2))
    await asyncio.sleep(0.05)
    assert timedelta(0) == workers.stuck_for
    await task
    await workers.close()
    assert (timedelta(0), 0) == (workers.stuck_for, workers.lost)


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _feeds(store: Store, count: int) -> list[Feed]:
    feeds = [Feed(FeedId(f"f{n}"), f"F{n}", f"https://f{n}.example/") for n in range(count)]
    store.feeds.sync(feeds, NOON)
    return feeds


def _all_fail(store: Store) -> None:
    _feeds(store, 5)
    store._db.execute("update feeds set failures = 1, next_poll_at = '2027'")


def _nothing_polled(store: Store) -> None:
    _feeds(store, 5)


def _not_read(store: Store) -> None:
    feed = _feeds(store, 1)[0]
    store._db.execute("update feeds set next_poll_at = '2027'")
    entry = Entry(EntryId("e"), feed.id, "g", "https://a.example/", "T", "", "", None, None, None)
    store.feeds.add_entries([entry], baseline=frozenset(), now=NOON)


def _not_told(store: Store) -> None:
    store.deliveries.add(delivery(), folded_into=None)


def _report_not_told(store: Store) -> None:
    store.deliveries.add(delivery(alert_id=None), folded_into=None)


def test_what_was_late_before_the_start_is_no_trouble_yet(tmp_path: Path) -> None:
    """Feeds get their time; an alert that waits is late whoever was at work."""
    store = Store.writer(tmp_path / "news.db")
    with store.transaction():
        _nothing_polled(store)
    later = NOON + timedelta(days=1)
    assert () == troubles(store, later, up_since=later - LATE)
    assert troubles(store, later, up_since=later - LATE - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (_all_fail, "5 of 5 feeds fail"),
        (_nothing_polled, "5 of 5 feeds were due"),
        (_not_read, "1 entries wait to be read"),
        (_not_told, "1 alerts wait to be told"),
        (_report_not_told, None),
    ],
)
def test_trouble_is_named(tmp_path: Path, prepare: Any, words: str | None) -> None:
    """Once it is late; not while it may still be on its way."""
    store = Store.writer(tmp_path / "news.db")
    store._db.execute("pragma foreign_keys = off")
    with store.transaction():
        prepare(store)
    found = troubles(store, NOON + LATE + timedelta(seconds=1))
    assert ([words] if words else []) == [line[: len(words or "")] for line in found]
    if words and "fail" not in words:
        assert () == troubles(store, NOON + LATE - timedelta(seconds=1))


@pytest.mark.parametrize("listen", ["0.0.0.0:8091", "192.0.2.1:8091", "[::]:8091"])
def test_it_listens_on_loopback_only(tmp_path: Path, listen: str) -> None:
    """Because it asks nobody who he is."""
    config = write_config(tmp_path / "config", [("A", "http://127.0.0.1:9/feed")], web={"listen": listen})
    with pytest.raises(ConfigError, match=r"monitor\.yaml:\d+: web\.listen: .* can be reached from other machines"):
        configuration.load(config)


def test_what_is_asked_all_the_time_is_answered_from_an_index(tmp_path: Path) -> None:
    """No look at all messages, entries or articles that ever were."""
    store = Store.writer(tmp_path / "news.db")
    scans: list[str] = []
    large = {f"SCAN {table}" for table in ("entries", "deliveries", "articles", "polls")}

    def note(statement: str) -> None:
        if statement.lstrip().startswith("select"):
            plan = reader.execute(f"explain query plan {statement}").fetchall()
            scans.extend(row[3] for row in plan if row[3] in large)

    reader = sqlite3.connect(tmp_path / "news.db")
    store._db.conn.set_trace_callback(note)
    troubles(store, NOON)
    store.flow.since(store.flow.mark())
    store.load.deliveries()
    assert [] == scans
    store._db.conn.set_trace_callback(None)
