"""The trial of `python -m benchmarks.silence`, small: a week without a fault, one hour of the day for each."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from benchmarks.silence import FAULTS, HOURS, Fault, time_to_notice, trial
from benchmarks.small_world import World


async def test_what_is_dead_is_known_in_time(tmp_path: Path) -> None:
    """Nothing is said while all is well; then each fault is told within its goal."""
    goals = [goal async for goal in trial(tmp_path, weeks=1, hours=HOURS[:1])]
    assert [] == [sentence for sentence, passed in goals if not passed]
    tried = [fault.name for fault in FAULTS if any(sentence.startswith(fault.name) for sentence, _ in goals)]
    assert ["reading pages", "matching", "Slack", "the feed Daily"] == tried


async def test_the_measure_needs_a_fault(tmp_path: Path) -> None:
    """When an outlet that is not there falls silent, nothing becomes known."""
    async with World(tmp_path, holidays=range(0)) as world:
        await world.pass_time(timedelta(0))
        assert {} == (await time_to_notice(world, Fault("the feed Nobody", timedelta(hours=10)))).ways
