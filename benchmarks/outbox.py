"""Is every match told once? `python -m benchmarks.outbox [--quick]`. About twenty minutes, with --quick two.

Four trials, each against a sink that is as strict as Slack: a third of all answers faulty with the daemon killed every
few seconds; a burst that is far more than Slack takes; six hours without Slack; the same with mutes, quiet hours,
digests and storms. Prints PASS or FAIL with figures, and ends with 1 if anything failed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks import deliveries_burst, deliveries_killed, deliveries_outage
from benchmarks.goals import Goal, all_reached

DRAINED_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Size:
    channels: int
    each: int  # alerts of a channel
    stories: int
    copies: int
    seconds: float  # in which they are published
    matches: int  # during the outage


QUICK = Size(channels=30, each=4, stories=10, copies=5, seconds=10, matches=200)
# 74 articles in 240 s are what a busy desk saw; here they come four times as fast.
FULL = Size(channels=500, each=20, stories=50, copies=24, seconds=60, matches=2_000)


async def killed(directory: Path, *, channels: int, each: int) -> AsyncIterator[Goal]:
    found = await deliveries_killed.run(directory, channels=channels, each=each)
    share = found.faults / max(found.posts, 1)
    print(
        f"killed: {found.alerts} alerts for {channels} channels, {found.posts} posts ({share:.0%} faulty), "
        f"{found.kills} kills, {found.seconds:.0f} s"
    )
    yield f"killed: {found.waiting} still waiting", not found.waiting
    yield f"killed: {found.lost} lost, {found.doubled} doubled", not (found.lost or found.doubled)
    yield f"killed: {found.out_of_order} channels out of order", not found.out_of_order
    yield f"killed: {found.too_fast} posts while Slack had asked for patience", not found.too_fast
    yield f"killed: {found.kills} kills (at least 1)", found.kills > 0
    whole = found.balance.balanced and found.balance.matches == found.alerts and not found.balance.dead
    yield f"killed: the audit balances, {found.balance.deliveries['sent']} sent", whole


async def burst(directory: Path, *, stories: int, copies: int, seconds: float) -> AsyncIterator[Goal]:
    found = await deliveries_burst.run(directory, stories=stories, copies=copies, seconds=seconds)
    print(
        f"burst: {found.articles} articles of {found.stories} stories in {seconds:.0f} s, {found.messages} messages, "
        f"the last one {found.seconds_behind:.0f} s after the last article"
    )
    yield f"burst: {found.lost} stories lost", not found.lost
    yield f"burst: {found.doubled} second messages for copies", not found.doubled
    yield f"burst: {found.refused} posts refused as too fast", not found.refused
    balance = found.balance
    whole = balance.balanced and (balance.matches, balance.posted) == (found.articles, found.stories)
    yield f"burst: the audit balances, {balance.matches} matches, {balance.suppressed} copies suppressed", whole


async def outage(directory: Path, *, matches: int, chaos: bool) -> AsyncIterator[Goal]:
    found = await deliveries_outage.run(directory, matches=matches, chaos=chaos)
    name = "chaos" if chaos else "outage"
    print(
        f"{name}: {found.matches} matches in {deliveries_outage.OUTAGE}, then {found.messages} messages: "
        f"{found.alerts} matches as alerts, {found.replies} as replies, {found.in_digests} in digests, "
        f"{found.suppressed} suppressed"
    )
    yield f"{name}: {found.lost} lost, {found.doubled} told twice", not (found.lost or found.doubled)
    told = found.alerts + found.replies + found.in_digests + found.suppressed
    yield f"{name}: {told} of {found.matches} accounted for", told == found.matches == matches
    yield (
        f"{name}: drained after {found.drained_after} (at most {DRAINED_WITHIN})",
        found.drained_after <= DRAINED_WITHIN,
    )
    yield f"{name}: {found.late_critical} critical ones behind others", not found.late_critical
    yield f"{name}: {found.too_fast} messages too fast", not found.too_fast
    whole = found.was_balanced and found.balance.balanced and not found.balance.held
    yield f"{name}: the audit balances, {found.balance.held} still held", whole


async def trials(directory: Path, *, quick: bool) -> AsyncIterator[Goal]:
    size = QUICK if quick else FULL
    places = [directory / name for name in ("killed", "burst", "outage", "chaos")]
    for place in places:
        place.mkdir()
    for goals in (
        killed(places[0], channels=size.channels, each=size.each),
        burst(places[1], stories=size.stories, copies=size.copies, seconds=size.seconds),
        outage(places[2], matches=size.matches, chaos=False),
        outage(places[3], matches=size.matches, chaos=True),
    ):
        async for goal in goals:
            yield goal


async def report(*, quick: bool) -> bool:
    """Whether all is good. Prints each goal as it is known."""
    with tempfile.TemporaryDirectory() as place:
        return await all_reached(trials(Path(place), quick=quick))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer alerts")
    quick: bool = parser.parse_args().quick
    logging.disable(logging.CRITICAL)  # thousands of refusals are on purpose
    return 0 if asyncio.run(report(quick=quick)) else 1


if __name__ == "__main__":
    sys.exit(main())
