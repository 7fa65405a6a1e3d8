"""A machine that slept: the clock on the wall went on, the one that counts seconds did not."""

from __future__ import annotations

import asyncio
import io
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import config as configuration
from monitor.app.config import Config
from monitor.app.daemon import Daemon
from monitor.store.sqlite.store import Store
from tests.feed_server import FeedServer, answered
from tests.newsroom import write_config
from tests.test_daemon import SetClock, running, until

PACE = 0.05
HOSTS, FEEDS_OF_EACH, AT_ONCE = 12, 20, 5
SLOW = "/0"  # of each host, the feed that is under way while the machine sleeps

pytestmark = pytest.mark.timeout(120)


@asynccontextmanager
async def press(awake: asyncio.Event) -> AsyncIterator[tuple[FeedServer, list[tuple[str, str]]]]:
    """Hosts with feeds that take a moment, and the feeds' names and addresses."""

    async def brief(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.01)
        body = b'<rss version="2.0"><channel><title>N</title><item><title>One</title></item></channel></rss>'
        writer.write(answered(200, body))

    async def slow(writer: asyncio.StreamWriter) -> None:
        if len([asked for asked in site.asked if asked.path == SLOW]) > HOSTS:
            await awake.wait()
        await brief(writer)

    site = FeedServer()
    site.answers.update({f"/{number}": brief for number in range(FEEDS_OF_EACH)})
    site.answers[SLOW] = slow
    server = await asyncio.start_server(site.handle, [f"127.3.0.{number + 1}" for number in range(HOSTS)], 0)
    async with server:
        hosts = ["{}:{}".format(*socket.getsockname()) for socket in server.sockets]
        yield site, [(f"{host}{path}", f"http://{host}{path}") for host in hosts for path in site.answers]


def looks(config: Config, outcome: str) -> int:
    """Those that are over."""
    return Store.reader(config.database).ledger.polls().get(outcome, 0)


async def test_feeds_that_became_due_in_a_sleep_are_asked_by_turns(tmp_path: Path) -> None:
    """Each once, the longest overdue of a host first, at the pace of each host, and never more than a few at once."""
    awake, clock = asyncio.Event(), SetClock()
    async with press(awake) as (site, feeds):
        http = {"allow_networks": ["127.0.0.0/8"], "pace": f"{PACE}s", "per_host": 1, "at_once": AT_ONCE}
        config = configuration.load(
            write_config(tmp_path / "config", feeds, schedule={"every": "1h"}, http=http, database=str(tmp_path / "db"))
        )
        async with running(Daemon(config, io.StringIO(), announce=False, clock=clock)):
            await until(lambda: len(site.asked) == len(feeds), 60)
            await until(lambda: looks(config, "new") == len(feeds))
            planned = {state.feed_id: state.next_poll_at for state in Store.reader(config.database).feeds.states()}
            before, site.most_in_flight = len(site.asked), 0
            clock.offset = timedelta(hours=8)
            awake.set()
            await until(lambda: len(site.asked) >= 2 * len(feeds), 60)
            await asyncio.sleep(2.5)  # two more heartbeats
    again: dict[bytes, list[tuple[str, float]]] = defaultdict(list)
    for asked in site.asked[before:]:
        again[asked.headers["host"]].append((asked.path, asked.at))
    assert len(feeds) == sum(map(len, again.values()))
    assert site.most_in_flight <= AT_ONCE
    late = {feed.name: planned[feed.id] for feed in config.feeds}
    for host, asks in again.items():
        assert FEEDS_OF_EACH == len({path for path, _ in asks})
        assert asks[-1][1] - asks[0][1] >= PACE * (len(asks) - 1) * 0.9  # all together: a busy loop sees some late
        by_lateness = [late[f"{host.decode()}{path}"] for path, _ in asks]
        assert sorted(by_lateness) == by_lateness


async def test_a_look_that_the_sleep_interrupted_is_not_made_twice(tmp_path: Path) -> None:
    """It goes on where it was, and counts for the hours that were slept through."""
    awake, clock = asyncio.Event(), SetClock()
    async with press(awake) as (site, feeds):
        some = [(name, url) for name, url in feeds if url.endswith((SLOW, "/1"))]
        config = configuration.load(
            write_config(tmp_path / "config", some, schedule={"every": "1h"}, database=str(tmp_path / "db"))
        )
        async with running(Daemon(config, io.StringIO(), announce=False, clock=clock)):
            await until(lambda: len(site.asked) == len(some))
            await until(lambda: looks(config, "new") == len(some))
            clock.offset = timedelta(hours=2)
            await until(lambda: len(site.asked) == 2 * len(some) and looks(config, "unchanged") == HOSTS)
            clock.offset = timedelta(hours=10)
            await until(lambda: len(site.asked) == 3 * len(some) - HOSTS)  # those that are answered are due again
            awake.set()
            await asyncio.sleep(2.5)
    paths = [asked.path for asked in site.asked]
    assert {SLOW: 2 * HOSTS, "/1": 3 * HOSTS} == {path: paths.count(path) for path in (SLOW, "/1")}
