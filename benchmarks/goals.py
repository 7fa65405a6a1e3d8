"""Goals of a trial: each in words, and whether it was reached."""

from __future__ import annotations

from collections.abc import AsyncIterator

Goal = tuple[str, bool]


async def all_reached(goals: AsyncIterator[Goal]) -> bool:
    """Prints each as it is known."""
    good = True
    async for sentence, passed in goals:
        print(f"{'PASS' if passed else 'FAIL'}  {sentence}", flush=True)
        good &= passed
    return good
