"""The clock is wrong, is set, or plays its tricks twice a year."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.daemon import Daemon
from monitor.model import Digest
from monitor.store.sqlite.store import Store
from tests.newsroom import TANKS, Newsroom, write_config
from tests.rhythm_desk import RhythmDesk
from tests.test_daemon import SetClock, running, until


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=2), timedelta(days=-2)])
async def test_the_clock_is_set_while_it_runs(tmp_path: Path, step: timedelta) -> None:
    """News of after the step is told without delay and once, and nothing old is told with it."""
    clock, output = SetClock(), io.StringIO()
    async with Newsroom() as paper:
        config = write_config(tmp_path / "config", [("A", paper.feed_url)], schedule={"every": "1s"})
        paper.publish("Kosovo: old news", TANKS[::-1])
        async with running(Daemon(configuration.load(config), output, clock=clock)):
            await until(lambda: len(paper.requests) >= 2)
            clock.offset = step
            paper.publish("Serbia moves tanks to the border", TANKS)
            await until(lambda: "Serbia moves tanks" in output.getvalue())
            seen = len(paper.requests)
            await until(lambda: len(paper.requests) >= seen + 2)
    assert 1 == output.getvalue().count("Serbia moves tanks to the border\n")
    assert "old news" not in output.getvalue()
    balance = audit(Store.reader(tmp_path / "news.db"), clock())
    assert balance.balanced, balance


@pytest.mark.parametrize(
    ("day", "cron"),
    [
        (datetime(2026, 10, 25, tzinfo=UTC), "30 2 * * *"),  # half past two comes twice
        (datetime(2026, 3, 29, tzinfo=UTC), "30 2 * * *"),  # and never
        (datetime(2026, 10, 25, tzinfo=UTC), "0 3 * * *"),
    ],
)
async def test_a_digest_comes_once_on_the_day_of_the_change(tmp_path: Path, day: datetime, cron: str) -> None:
    """Whatever the local clock does that night, each day has one digest, with all of the day before."""
    routing = {"time_zone": "Europe/Belgrade", "digest": {"below": "critical", "cron": cron}}
    desk = RhythmDesk(tmp_path, routing)
    desk.now = day - timedelta(days=2, hours=-9)
    await desk.open()
    for number in range(4 * 48):
        if number % 24 == 0:
            await desk.match(f"News {number}")
        await desk.pass_time(minutes=30)
    digests = [sent.created_at for sent in desk.sink.sent if isinstance(sent.message, Digest)]
    zone = ZoneInfo("Europe/Belgrade")
    days = [at.astimezone(zone).date() for at in digests]
    assert 4 == len(days) == len(set(days))
    assert (await desk.balance()).balanced
    await desk.close()


async def test_quiet_hours_end_on_the_night_of_the_change(tmp_path: Path) -> None:
    """When the hour in which they end is left out, they end all the same."""
    desk = RhythmDesk(tmp_path, {"time_zone": "Europe/Belgrade", "quiet": [{"hours": "22:00-02:30"}]})
    desk.now = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    await desk.open()
    for number in range(3):
        await desk.match(f"News {number}")
    await desk.pass_time(hours=4)
    assert ["What came in the quiet hours"] == desk.sink.said()
    assert (await desk.balance()).balanced
    await desk.close()
