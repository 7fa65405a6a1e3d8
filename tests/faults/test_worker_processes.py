"""The processes that read pages stop or die, as by a page that hangs and by the kernel when memory is short."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.faults.world import LATER, TITLE, World


def _workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_workers_that_answer_no_more(world: World, number: signal.Signals) -> None:
    """Others take their place, and the next article is told once."""
    world.configure()
    async with world.running():
        world.publish()
        await world.told(TITLE)
        assert world.process is not None
        workers = _workers_of(world.process.pid)
        assert workers
        for worker in workers:
            os.kill(worker, number)
        world.publish(LATER)
        await world.told(TITLE, LATER)
    assert world.balanced()
