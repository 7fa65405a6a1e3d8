"""The laws under SIGKILL: a real process, killed at every transaction boundary and at every send, then restarted."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.app.audit import audit
from monitor.store.sqlite.store import Store
from tests.newsroom import FOOTBALL, TALKS, TANKS, Newsroom, write_config
from tests.slack_standin import TOKEN, SlackStandIn

PARTS = 4  # the boundaries are divided among tests, so that several cores can work
TANKS_TITLE = "Serbia moves tanks to the border"
COPY_TITLE = "Armour near the frontier"
TALKS_TITLE = "Kosovo talks end without result"


@dataclass(slots=True)
class Scene:
    """A news world after its baseline, with three matching articles (one a copy) and one silent one in the feeds."""

    slack: SlackStandIn
    config: Path
    database: Path
    baseline: Path
    posts: list[str]
    kill_at: tuple[str, int] | None = None
    victim: int | None = None

    def restore(self) -> None:
        for leftover in self.database.parent.glob("news.db*"):
            leftover.unlink()
        shutil.copy(self.baseline, self.database)
        for message in self.slack.messages():
            self.slack.delete(message)
        self.kill_at = None

    async def run(self, kill_at: int = 0, number: signal.Signals = signal.SIGKILL) -> tuple[int, int]:
        """Exit code, and the boundaries passed (0 when killed)."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash_child",
            str(self.config),
            str(kill_at),
            str(int(number)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "SLACK_BOT_TOKEN": TOKEN},
        )
        self.victim = process.pid
        out, err = await asyncio.wait_for(process.communicate(), 60)
        self.victim = None
        code = process.returncode or 0
        assert code in (0, -signal.SIGKILL), err.decode()
        return code, int(out.split()[-1]) if out.split() else 0

    def on_post(self, stage: str, number: int) -> None:
        self.posts.append(stage)
        if self.kill_at == (stage, self.posts.count(stage)) and self.victim is not None:
            os.kill(self.victim, signal.SIGKILL)

    def check(self, what: str) -> None:
        headlines = (message.text.split("\n")[0][2:] for message in self.slack.messages())
        # The tanks stand in both papers; whichever is read first tells, the other is its copy.
        stories = Counter(TANKS_TITLE if headline == COPY_TITLE else headline for headline in headlines)
        assert {TANKS_TITLE: 1, TALKS_TITLE: 1} == dict(stories), what
        store = Store.reader(self.database)
        balance = audit(store)
        assert balance.balanced, (what, balance)
        # armour and kosovo for the tanks, both again for the copy, kosovo for the talks
        assert (5, 3, 2) == (balance.matches, balance.posted, balance.suppressed), what
        assert {"sent": 2, "folded": 1} == {k: v for k, v in balance.deliveries.items() if v}, what


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    posts: list[str] = []
    scene: Scene | None = None

    def on_post(stage: str, number: int) -> None:
        if scene is not None:
            scene.on_post(stage, number)

    async with Newsroom("A") as first, Newsroom("B") as second, SlackStandIn(on_post=on_post) as slack:
        config = write_config(tmp_path / "config", [("A", first.feed_url), ("B", second.feed_url)], slack_url=slack.url)
        database = tmp_path / "news.db"
        first.publish("Old news from Kosovo", TALKS)
        scene = Scene(slack, config, database, tmp_path / "baseline.db", posts)
        assert (await scene.run())[0] == 0
        _copy_closed(database, scene.baseline)
        first.publish("Cup final", FOOTBALL)
        first.publish(TANKS_TITLE, TANKS)
        second.publish(TALKS_TITLE, (*TALKS[:2], "Nobody would say when Pristina will send envoys again."))
        second.publish(COPY_TITLE, (*TANKS[:3], "Source: A."))
        yield scene


def _copy_closed(database: Path, target: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("vacuum into ?", [str(target)])
    connection.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
async def test_a_kill_at_any_transaction_boundary_loses_and_doubles_nothing(scene: Scene, part: int) -> None:
    """Every alert is in the channel exactly once and the audit balances, wherever the process died."""
    scene.restore()
    _, boundaries = await scene.run()
    scene.check("undisturbed")
    assert boundaries > 20
    for boundary in range(1 + part, boundaries + 1, PARTS):
        scene.restore()
        await scene.run(kill_at=boundary)
        await scene.run()
        scene.check(f"killed at boundary {boundary} of {boundaries}")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("stage", ["received", "taken"])
async def test_a_kill_at_any_send_loses_and_doubles_nothing(scene: Scene, stage: str, number: int) -> None:
    """Killed before Slack took the message, or after it took it and before it said so."""
    scene.restore()
    scene.posts.clear()
    scene.kill_at = (stage, number)
    code, _ = await scene.run()
    assert code == -signal.SIGKILL
    scene.kill_at = None
    await scene.run()
    scene.check(f"killed at {stage} {number}")


@pytest.mark.timeout(600)
async def test_a_stop_at_any_moment_leaves_nothing_half_done(scene: Scene) -> None:
    """SIGTERM ends each sweep in order, wherever it was: no failure, no message in doubt, and the next one goes on."""
    scene.restore()
    _, boundaries = await scene.run()
    for boundary in range(2, boundaries + 1, 5):
        scene.restore()
        assert 0 == (await scene.run(boundary, signal.SIGTERM))[0]
        store = Store.reader(scene.database)
        states = store.ledger.delivery_states()
        store.close()
        assert not {"sending", "ambiguous"} & set(states), (boundary, states)
        await scene.run()
        scene.check(f"stopped at boundary {boundary} of {boundaries}")


@pytest.mark.timeout(300)
async def test_killed_again_and_again_it_still_gets_there(scene: Scene) -> None:
    """Each life is cut short a few boundaries further on; the last one finds everything done once."""
    scene.restore()
    for life in range(3, 30, 4):
        await scene.run(kill_at=life)
    code, _ = await scene.run()
    assert code == 0
    scene.check("many lives")
