"""Holds under SIGKILL: a process that releases and delivers, killed at every transaction boundary and started again."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.model import Accepted, Delivery, FindOutcome, Missing, SendOutcome
from tests.rhythm_desk import RhythmDesk, Teller

ROUTING = {"quiet": [{"hours": "13:00-15:00"}]}
RULES = {"kosovo": {}, "sourced": {"alert": {"min_sources": 2, "sources_within": "90m"}}}
FORK = multiprocessing.get_context("fork")  # spares the imports, a hundred times


class Board(Teller):
    """A sink whose messages outlive the process that sent them."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def ids(self) -> list[str]:
        return self.file.read_text("utf-8").split() if self.file.exists() else []

    async def send(self, delivery: Delivery) -> SendOutcome:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{delivery.id}\n")
        return Accepted(f"{delivery.target}:{len(self.ids())}")

    async def find(self, delivery: Delivery) -> FindOutcome:
        return Accepted(f"{delivery.target}:1") if delivery.id in self.ids() else Missing()


def desk_in(directory: Path) -> RhythmDesk:
    desk = RhythmDesk(directory, ROUTING, **RULES)
    desk.sink = Board(directory / "board")
    return desk


async def _hold_much(directory: Path) -> None:
    desk = desk_in(directory)
    await desk.open()
    await desk.mute("rule", "kosovo", timedelta(hours=3))
    await desk.match("Muted", "kosovo", story="m")
    await desk.match("Alone", "sourced", story="o")
    await desk.pass_time(hours=1)
    for number in range(25):
        await desk.match(f"Story {number}", "armour", "kosovo", story=f"s{number}")
    await desk.close()


async def _live(directory: Path, kill_at: int) -> None:
    desk, passed = desk_in(directory), 0

    def trace(sql: str) -> None:
        nonlocal passed
        if sql.lower().startswith(("begin", "commit")):
            passed += 1
            if passed == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    desk.now += timedelta(hours=3, minutes=30)
    desk.trace = trace
    await desk.open()
    await desk.restart()
    await desk.close()
    (directory / "passed").write_text(str(passed))


def live(directory: Path, kill_at: int = 0) -> int | None:
    process = FORK.Process(target=lambda: asyncio.run(_live(directory, kill_at)))
    process.start()
    process.join(60)
    return process.exitcode


async def _check(directory: Path, what: str) -> None:
    desk = desk_in(directory)
    desk.now += timedelta(hours=3, minutes=30)
    await desk.open()
    balance = await desk.balance()
    assert balance.balanced, (what, balance)
    assert (52, 52, 0) == (balance.matches, balance.posted, balance.held), what
    carried = Counter(
        {
            row["carrier"]: row["n"]
            for row in await desk.rows(
                "select coalesce(folded_into, id) as carrier, count(*) as n from deliveries "
                "where alert_id is not null group by 1"
            )
        }
    )
    sent = Counter(desk.sink.ids()) if isinstance(desk.sink, Board) else Counter()
    assert set(sent) == set(carried), what
    assert {1} == set(sent.values()), what
    assert 52 == carried.total(), what
    await desk.close()


@pytest.mark.timeout(600)
def test_a_kill_at_any_boundary_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Receipts, digests of several pages and what found no second source: each match is told in one message."""
    asyncio.run(_hold_much(tmp_path))
    baseline = tmp_path / "baseline"
    shutil.copy(tmp_path / "news.db", baseline)

    def restore() -> None:
        for leftover in (*tmp_path.glob("news.db*"), tmp_path / "board"):
            leftover.unlink(missing_ok=True)
        shutil.copy(baseline, tmp_path / "news.db")

    restore()
    assert 0 == live(tmp_path)
    boundaries = int((tmp_path / "passed").read_text())
    asyncio.run(_check(tmp_path, "undisturbed"))
    assert boundaries > 20
    for boundary in range(1, boundaries + 1):
        restore()
        assert -signal.SIGKILL == live(tmp_path, boundary)
        assert 0 == live(tmp_path)
        asyncio.run(_check(tmp_path, f"killed at boundary {boundary} of {boundaries}"))
