"""The trials of `python -m benchmarks.outbox`, small."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from benchmarks.goals import Goal
from benchmarks.outbox import burst, killed, outage

TRIALS: dict[str, Callable[[Path], AsyncIterator[Goal]]] = {
    "killed every few seconds, a third of all answers faulty": lambda place: killed(place, channels=15, each=2),
    "a burst with copies": lambda place: burst(place, stories=6, copies=3, seconds=4),
    "six hours without Slack": lambda place: outage(place, matches=80, chaos=False),
    "the same with mutes, quiet hours, digests and storms": lambda place: outage(place, matches=80, chaos=True),
}


@pytest.mark.parametrize("trial", TRIALS.values(), ids=TRIALS.keys())
async def test_every_match_is_told_once(trial: Callable[[Path], AsyncIterator[Goal]], tmp_path: Path) -> None:
    """Nothing is lost, nothing stands twice, the order is kept, what is critical comes first, the audit balances."""
    assert [] == [sentence async for sentence, passed in trial(tmp_path) if not passed]
