"""When news no longer comes through, how soon do operators know? `python -m benchmarks.silence [--quick]`.

Eight weeks of news by hour and weekday, with calm days and a fortnight of holidays, go through the monitor on a clock
that is moved by hand (small_world.py). Whatever operators are told in that time is a false alarm. Then one fault after
another befalls it, each at several hours of the day, always as it was after the eight weeks: pages from which nothing
is taken, rules that match nothing, a Slack that refuses everything, one feed that brings nothing, one rule whose word
is no longer used. The time is taken until it is known, and from what: the operators' channel, the log, or /readyz and
with it the heartbeat. About four minutes; with --quick one week and one hour of the day.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from benchmarks.goals import Goal, all_reached
from benchmarks.small_world import BEGAN, CANARY_EVERY, POLL_EVERY, World
from monitor.app import reader
from monitor.app.canary_watch import PATIENCE
from tests.slack_standin import TOKEN, Token

WEEKS, HOLIDAYS = 8, range(35, 49)  # days
MOST_FALSE = 2  # in eight weeks: of a feed or a rule that rests. Of the whole being broken, none
STEP = timedelta(minutes=5)  # in which what goes wrong is looked for; a heartbeat comes as often
HOURS = (0.5, 2.5, 9.5, 16.0, 23.5)  # after the eight weeks: from just before a canary to just after one
ALSO = timedelta(minutes=30)  # one goes on for so long, to see by which other ways it is known

# A canary may have arrived just before; the next is missed when it is late.
BY_CANARY = CANARY_EVERY + PATIENCE + STEP


@dataclass(frozen=True, slots=True)
class Fault:
    """`within`: the goal. `weeks`: how much must have been seen before, for this to be noticed at all."""

    name: str
    within: timedelta
    look_every: timedelta = STEP
    weeks: int = 0
    why: str = "a canary's interval, and its patience"


FAULTS = (
    Fault("reading pages", BY_CANARY),
    Fault("matching", BY_CANARY),
    Fault("Slack", BY_CANARY),
    Fault("the feed Daily", timedelta(hours=48), POLL_EVERY, 1, "a day, and the night or weekend around it"),
    Fault("the feed Gazette", timedelta(days=12), POLL_EVERY, WEEKS, "15 articles, in the rhythm of its holidays"),
    Fault("the rule kosovo", timedelta(days=10), timedelta(hours=1), WEEKS, "3 times its longest silence, and a day"),
    Fault("the rule elbonia", timedelta(days=16), timedelta(hours=1), WEEKS, "the same, for one that matches rarely"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """After what time each way told of it, and in which words the first did."""

    ways: dict[str, timedelta]
    words: str

    @property
    def first(self) -> timedelta | None:
        return min(self.ways.values(), default=None)


@contextmanager
def dead(name: str, world: World) -> Iterator[None]:
    """Only this; everything else works."""
    kind, _, which = name.removeprefix("the ").partition(" ")
    if name == "matching":
        with patch.object(reader, "decide", lambda *_: ()):
            yield
        return
    if name == "reading pages":
        world.workers.is_blind = True
    elif name == "Slack":
        world.slack.set_token(TOKEN, Token(revoked=True))
    elif kind == "feed":
        world.silent.add(which)
    else:
        world.renamed.add(which)
    try:
        yield
    finally:
        world.workers.is_blind = False
        world.slack.set_token(TOKEN, Token())
        world.silent.clear()
        world.renamed.clear()


async def time_to_notice(world: World, fault: Fault) -> Known:
    began, log, reports = world.now, len(world.log), len(world.reports())
    ways: dict[str, timedelta] = {}
    words, end = "nothing", began + 2 * fault.within
    with dead(fault.name, world):
        while world.now < end:
            await world.pass_time(fault.look_every)
            found = {"channel": world.reports()[reports:], "log": world.log[log:], "readyz": await world.not_ready()}
            for way, said in found.items():
                if said and way not in ways:
                    if not ways:
                        words, end = said[-1], world.now + ALSO
                    ways[way] = world.now - began
    return Known(ways, words)


# ---- weeks without a fault ----


@dataclass(slots=True)
class Quiet:
    """What was said in weeks in which nothing was wrong."""

    reports: list[str]
    log: list[str]
    not_ready: list[str]

    @property
    def alarms(self) -> int:
        """What operators were told stands in the log once more, as `operations`."""
        return len(self.reports) + len(self.not_ready) + sum(not one.startswith("operations") for one in self.log)


async def live(world: World, weeks: int) -> Quiet:
    await world.pass_time(timedelta(0))
    not_ready: list[str] = []
    was_ready = True
    while world.now - BEGAN < timedelta(weeks=weeks):
        await world.pass_time(STEP)
        wrong = await world.not_ready()
        if wrong and was_ready:
            not_ready.append(f"{world.now:%a %d %b %H:%M} {wrong[0]}")
        was_ready = not wrong
    reports = [one for one in world.reports() if " again." not in one]
    return Quiet(reports, list(world.log), not_ready)


# ---- the trial ----


async def trial(
    place: Path, *, weeks: int = WEEKS, hours: Sequence[float] = HOURS, seed: int = 1
) -> AsyncIterator[Goal]:
    """Each goal in words, and whether it was reached."""
    async with World(place, holidays=HOLIDAYS, seed=seed) as world:
        quiet = await live(world, weeks)
        articles, matches, canaries = [await world.count(table) for table in ("articles", "alerts", "canaries")]
        print(f"{weeks} weeks: {articles} articles, {matches} matches, {canaries} canaries")
        for said in (*quiet.reports, *quiet.not_ready, *quiet.log):
            print(f"  false: {said[:160]}")
        yield f"{matches} matches (at least 1 a day)", matches >= 7 * weeks
        yield f"{canaries} canaries arrived (at least {weeks * 28 - 2})", canaries >= weeks * 28 - 2
        yield f"{len(quiet.not_ready)} false alarms that no news comes through (none)", not quiet.not_ready
        yield f"{quiet.alarms} false alarms in all (at most {MOST_FALSE})", quiet.alarms <= MOST_FALSE
        kept, now, shown = place / "kept.db", world.now, world.shown()
        await world.copy(kept)
        for fault in FAULTS:
            if fault.weeks <= weeks:
                yield await _tried(world, fault, kept, now, shown, hours)


async def _tried(
    world: World, fault: Fault, kept: Path, now: datetime, shown: dict[str, int], hours: Sequence[float]
) -> Goal:
    known: list[Known] = []
    for hour in hours if fault.look_every == STEP else hours[:2]:
        await world.again(kept, now, shown)
        while world.now < now + timedelta(hours=hour):
            await world.pass_time(STEP)
        known.append(await time_to_notice(world, fault))
    for way in ("channel", "log", "readyz"):
        spans = [one.ways[way] for one in known if way in one.ways]
        told = f"after {', '.join(map(_hours, spans))}" if spans else "never"
        print(f"  only {fault.name} dead: {way:8} {told}")
    print(f"    {known[-1].words[:160]}")
    firsts = sorted(one.first or timedelta.max for one in known)
    middle, longest = firsts[len(firsts) // 2], firsts[-1]
    taken = f"known after {_hours(middle)} in the middle, {_hours(longest)} at most"
    return f"{fault.name}: {taken} (at most {_hours(fault.within)}: {fault.why})", longest <= fault.within


def _hours(span: timedelta) -> str:
    return "never" if span == timedelta.max else f"{span / timedelta(hours=1):.1f} h"


async def report(weeks: int, hours: Sequence[float], seed: int) -> bool:
    with tempfile.TemporaryDirectory() as place:
        return await all_reached(trial(Path(place), weeks=weeks, hours=hours, seed=seed))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="one week, one hour of the day")
    parser.add_argument("--seed", type=int, default=1, help="of the news")
    given = parser.parse_args()
    weeks, hours = (1, HOURS[:1]) if given.quick else (WEEKS, HOURS)
    return 0 if asyncio.run(report(weeks, hours, given.seed)) else 1


if __name__ == "__main__":
    sys.exit(main())
