"""The daemon in this process, with a clock and an output of the test's own."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.clock import ClockWatch
from monitor.app.daemon import Daemon
from monitor.app.jobs import GATHER, is_to_be_told
from monitor.cli.main import COMMANDS
from monitor.model import DeliveryState
from monitor.store.sqlite.store import Store
from tests.newsroom import TANKS, Newsroom, write_config


class SetClock:
    """A wall clock that somebody sets."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


class Clumsy(io.StringIO):
    """An output that fails in a way that nobody foresaw, for as long as it is told to."""

    fails = True

    def write(self, text: str) -> int:
        if self.fails:
            raise RuntimeError("unforeseen")
        return super().write(text)


@asynccontextmanager
async def running(daemon: Daemon) -> AsyncIterator[None]:
    task = asyncio.create_task(daemon.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.05)


def test_a_clock_that_is_set_back_is_noticed() -> None:
    """A step back is told once; a step ahead and time that passes while we are held are none."""
    now, steady = datetime(2026, 11, 25, 12, tzinfo=UTC), 100.0
    watch = ClockWatch(lambda: now, lambda: steady)
    now, steady = now + timedelta(hours=8), steady + 8 * 3_600  # held
    assert watch.set_back_by() is None
    now += timedelta(hours=8)  # slept: the steady clock stood still
    assert watch.set_back_by() is None
    now -= timedelta(hours=1)
    assert timedelta(hours=1) == watch.set_back_by()
    assert watch.set_back_by() is None


def test_operators_are_told_in_time_whatever_the_clock_does() -> None:
    """What is noticed together is told together, and a step back holds no notice up."""
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    ages = {timedelta(0): False, GATHER: True, -timedelta(hours=1): True}
    assert ages == {age: is_to_be_told(now - age, now) for age in ages}


async def test_a_clock_that_is_set_back_delays_nothing(tmp_path: Path) -> None:
    """Feeds are polled at their pace, as if nothing had happened."""
    async with Newsroom() as paper:
        config = write_config(tmp_path / "config", [("A", paper.feed_url)], schedule={"every": "2s"})
        clock = SetClock()
        async with running(Daemon(configuration.load(config), io.StringIO(), clock=clock)):
            await until(lambda: len(paper.requests) >= 1)
            clock.offset = -timedelta(hours=1)
            seen = len(paper.requests)
            await until(lambda: len(paper.requests) >= seen + 2)


async def test_a_start_after_the_clock_was_set_back_delays_nothing(tmp_path: Path) -> None:
    """What an earlier run planned by a clock that was ahead is planned anew."""
    async with Newsroom() as paper:
        config = write_config(tmp_path / "config", [("A", paper.feed_url)], schedule={"every": "1s"})
        ahead = SetClock()
        ahead.offset = timedelta(hours=3)
        await Daemon(configuration.load(config), io.StringIO(), clock=ahead).run_once()
        assert 1 == len(paper.requests)
        async with running(Daemon(configuration.load(config), io.StringIO())):
            await until(lambda: len(paper.requests) >= 2)


async def _kill_the_first_child() -> None:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    before = set(children.read_text().split())
    while not (workers := set(children.read_text().split()) - before):
        await asyncio.sleep(0.01)
    for pid in workers:
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(int(pid), signal.SIGKILL)
            return
    await _kill_the_first_child()


async def test_a_worker_that_is_killed_is_no_fault_of_the_feed(tmp_path: Path) -> None:
    """Its document is read by the next worker, in the same poll."""
    async with Newsroom() as paper:
        config = write_config(tmp_path / "config", [("A", paper.feed_url)])
        paper.publish("Serbia moves tanks to the border", TANKS)
        killing = asyncio.create_task(_kill_the_first_child())
        await Daemon(configuration.load(config), io.StringIO(), announce=False).run_once()
        await killing
    store = Store.reader(tmp_path / "news.db")
    assert [(1, 0)] == [(feed["entries"], feed["failures"]) for feed in store.ledger.feeds()]


async def test_a_sink_that_crashes_is_put_off_and_told(tmp_path: Path) -> None:
    """The sweep ends, says so, and loses nothing; once the fault is mended the alert goes out."""
    async with Newsroom() as paper:
        config = write_config(tmp_path / "config", [("A", paper.feed_url)], baseline={"alert_last": "6h"})
        paper.publish("Serbia moves tanks to the border", TANKS)
        output, clock = Clumsy(), SetClock()
        swept = await Daemon(configuration.load(config), output, announce=False, clock=clock).run_once()
        assert ["deliver console console: RuntimeError: unforeseen"] == list(swept.faults)
        assert [DeliveryState.AMBIGUOUS] == [delivery.state for delivery in swept.left]
        output.fails, clock.offset = False, timedelta(minutes=5)
        swept = await Daemon(configuration.load(config), output, announce=False, clock=clock).run_once()
        assert ((), ()) == (swept.left, swept.faults)
        assert 1 == output.getvalue().count("■ HIGH")
        assert audit(Store.reader(configuration.load(config).database)).balanced


async def test_a_host_that_asks_for_patience_is_left_alone_as_a_whole(tmp_path: Path) -> None:
    """By its other feeds and by its pages, and over a restart."""
    async with Newsroom() as paper:
        paper.publish("Serbia moves tanks to the border", TANKS)
        slow = web.Response(status=429, headers={"Retry-After": "3600"})
        paper.pages["/busy.xml"] = slow
        base = f"http://127.0.0.1:{paper.port}"
        config = write_config(tmp_path / "config", [("A", paper.feed_url), ("B", f"{base}/busy.xml")])
        loaded = configuration.load(config)
        await Daemon(loaded, io.StringIO(), announce=False).run_once()
        seen = [path for path, _ in paper.requests]
        assert "/busy.xml" in seen
        for _ in range(2):
            await Daemon(loaded, io.StringIO(), announce=False).run_once(now=True)
        assert seen == [path for path, _ in paper.requests]
        later = SetClock()
        later.offset = timedelta(minutes=61)
        await Daemon(loaded, io.StringIO(), announce=False, clock=later).run_once()
        assert len(seen) + 2 <= len(paper.requests)


async def test_a_server_that_says_not_modified_for_ever_is_found_out(tmp_path: Path) -> None:
    """Its silence is not like the feed, so it is asked without validators; what it hid is read, and it is doubted."""
    start = datetime.now(UTC)
    items: list[tuple[str, datetime]] = [(f"Old {n}", start - timedelta(hours=n)) for n in range(1, 40)]
    conditional: list[bool] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path != "/feed":
            return web.Response(status=404)
        conditional.append("If-None-Match" in request.headers)
        if conditional[-1]:
            return web.Response(status=304, headers={"ETag": '"for ever"'})
        shown = "".join(
            f"<item><guid isPermaLink='false'>{title}</guid><title>{title}</title>"
            f"<pubDate>{format_datetime(at)}</pubDate></item>"
            for title, at in items
        )
        body = f"<rss version='2.0'><channel><title>L</title>{shown}</channel></rss>"
        return web.Response(text=body, headers={"ETag": '"for ever"', "Content-Type": "application/rss+xml"})

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    config = configuration.load(
        write_config(tmp_path / "config", [("L", f"http://127.0.0.1:{runner.addresses[0][1]}/feed")])
    )
    clock = SetClock()

    async def look(hours: float) -> None:
        clock.offset = timedelta(hours=hours)
        await Daemon(config, io.StringIO(), announce=False, clock=clock).run_once(now=True)

    try:
        await look(0)
        items[:0] = [(f"New {hour}", start + timedelta(hours=hour)) for hour in range(1, 6)]
        for hours in (12, 20, 30, 40, 41):
            await look(hours)
    finally:
        await runner.cleanup()
    # The first look; then it is believed; then asked outright, and from then on not believed any more.
    assert [False, True, True, False, False, False] == conditional
    assert 39 + 5 == sum(Store.reader(config.database).ledger.entry_states().values())


async def test_a_hundred_hosts_that_never_answer_hold_nobody_up(tmp_path: Path) -> None:
    """With several feeds each; meanwhile a good feed is polled again and again."""

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    writers: list[asyncio.StreamWriter] = []
    pits = await asyncio.start_server(silent, [f"127.2.0.{n}" for n in range(1, 101)], 0)
    feeds = [
        (f"{host} {n}", f"http://{host}:{port}/{n}")
        for host, port in (socket.getsockname() for socket in pits.sockets)
        for n in range(3)
    ]
    async with Newsroom() as paper, pits:
        config = configuration.load(
            write_config(tmp_path / "config", [*feeds, ("Good", paper.feed_url)], schedule={"every": "1s"})
        )
        async with running(Daemon(config, io.StringIO(), announce=False)):
            await until(lambda: len(writers) >= 100 and len(paper.requests) >= 4)
            outcomes = Store.reader(config.database).ledger.polls()
        for writer in writers:
            writer.close()
    assert "failed" not in outcomes  # none of the others was given up so far


async def test_restarts_cost_publishers_nothing(tmp_path: Path) -> None:
    """A feed that was asked is not asked again before its time, nor inside what its server promised."""
    async with Newsroom() as paper:
        body = '<rss version="2.0"><channel><title>C</title><item><title>A</title></item></channel></rss>'
        fresh = {"Cache-Control": "max-age=7200", "Content-Type": "application/rss+xml"}
        paper.pages["/cached.xml"] = web.Response(text=body, headers=fresh)
        feeds = [("A", paper.feed_url), ("C", f"http://127.0.0.1:{paper.port}/cached.xml")]
        config = configuration.load(write_config(tmp_path / "config", feeds))
        clock = SetClock()
        for restart in range(20):
            clock.offset = timedelta(seconds=10 * restart)
            await Daemon(config, io.StringIO(), announce=False, clock=clock).run_once()
        assert ["/cached.xml", "/feed.xml"] == sorted(path for path, _ in paper.requests)
        clock.offset = timedelta(minutes=119)
        await Daemon(config, io.StringIO(), announce=False, clock=clock).run_once()
        assert 1 == sum(path == "/cached.xml" for path, _ in paper.requests)
        clock.offset = timedelta(minutes=122)
        await Daemon(config, io.StringIO(), announce=False, clock=clock).run_once()
        assert 2 == sum(path == "/cached.xml" for path, _ in paper.requests)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (410, "Feed A is not covered (gone): the publisher took this feed down for good (410)"),
        (500, "Feed A is not covered (failing): the server answered 500 instead of the feed"),
        (403, "Feed A is not covered (walled): the server refuses us (403)"),
    ],
)
async def test_operators_hear_of_a_feed_that_is_not_covered(tmp_path: Path, status: int, told: str) -> None:
    """Not at the first failure; then once, and once more when it works again."""
    async with Newsroom() as paper:
        paper.pages["/a.xml"] = page = web.Response(
            text='<rss version="2.0"><channel><title>A</title><item><title>One</title></item></channel></rss>',
            headers={"Content-Type": "application/rss+xml"},
        )
        config = configuration.load(write_config(tmp_path / "config", [("A", f"http://127.0.0.1:{paper.port}/a.xml")]))
        clock = SetClock()

        async def notices(hours: float) -> list[str]:
            clock.offset = timedelta(hours=hours)
            await Daemon(config, io.StringIO(), announce=False, clock=clock).run_once(now=True)
            return [row["text"] for row in Store.reader(config.database).notices.open()]

        assert [] == await notices(0)
        paper.pages["/a.xml"] = web.Response(status=status)
        assert [] == await notices(0.5)
        for hours in (1, 26, 27):
            open_now = await notices(hours)
        assert [told] == [text.partition(";")[0] for text in open_now]
        paper.pages["/a.xml"] = page
        assert [] == await notices(28)


async def test_a_first_document_that_repeats_itself_is_history_all_the_same(tmp_path: Path) -> None:
    """An item that stands in it twice does not make the feed a known one."""
    async with Newsroom() as paper:
        twice = "<item><title>Kosovo talks resume in Brussels</title><description>On Monday, again</description></item>"
        paper.pages["/a.xml"] = web.Response(
            text=f'<rss version="2.0"><channel><title>A</title>{twice}{twice.replace("<item>", "<item><guid>2</guid>")}'
            "<item><title>Kosovo votes</title></item></channel></rss>",
            headers={"Content-Type": "application/rss+xml"},
        )
        feed = ("A", f"http://127.0.0.1:{paper.port}/a.xml")
        config = configuration.load(write_config(tmp_path / "config", [feed]))
        await Daemon(config, io.StringIO(), announce=False).run_once()
        assert {"baseline"} == set(Store.reader(config.database).ledger.entry_states())


def test_what_few_need_is_loaded_for_them_only() -> None:
    """Each of these costs time at every start, and memory of the main process."""
    heavy = {"aiohttp.web", "apprise", "feedparser", "jinja2", "lxml", "prometheus_client", "rich", "slack_sdk"}
    heavy |= {"snowballstemmer", "trafilatura"}
    assert [] == _loaded_of(heavy, "monitor.cli.run")


@pytest.mark.parametrize("module", sorted({"monitor.cli.main", *COMMANDS.values()}))
def test_a_command_loads_what_it_needs(module: str) -> None:
    """What reads pages and feeds is for the workers, and for the commands that do it here."""
    light = {"monitor.cli.main": {"asyncio", "pydantic", "sqlite3", "yaml"}}
    assert [] == _loaded_of({"feedparser", "trafilatura", "slack_sdk"} | light.get(module, set()), module)


def test_numpy_is_left_to_those_who_want_it(tmp_path: Path) -> None:
    """sqlite-utils would load it wherever it is installed; who imports it later has it all the same."""
    (tmp_path / "numpy.py").write_text("int8 = int16 = int32 = int64 = uint8 = uint16 = uint32 = uint64 = int\n")
    code = "import sys, monitor.store.sqlite.store; print('numpy' in sys.modules); import numpy; print(numpy.__file__)"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parent.parent)])}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert ["False", str(tmp_path / "numpy.py")] == said.stdout.split()


def _loaded_of(heavy: set[str], module: str) -> list[str]:
    code = f"import sys, {module}; print(*sorted({heavy} & set(sys.modules)))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
