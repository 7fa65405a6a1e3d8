"""Whatever comes in whatever order: the sum is right at every step, and each match is told once or suppressed."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitor.app.dead_letters import DeadLetters
from monitor.errors import Refused
from monitor.model import Addition, AdditionKind
from tests.rhythm_desk import Killed, RhythmDesk

ROUTING: dict[str, Any] = {
    "time_zone": "Europe/Belgrade",
    "quiet": [{"hours": "22:00-07:00"}, {"hours": "14:00-14:30", "days": "mon-fri"}],
    "digest": {"below": "normal", "cron": "0 8,17 * * *"},
    "storm": {"messages": 4, "within": "10m"},
    "channels": [{"channel": "#together", "group": "5m", "breakthrough": "high"}],
}
RULES: dict[str, dict[str, Any]] = {
    "loud": {"severity": "critical"},
    "high": {"severity": "high", "channel": "#together"},
    "low": {"severity": "low", "alert": {"updates": "channel"}},
    "sourced": {"alert": {"min_sources": 3, "sources_within": "6h"}},
    "strict": {"alert": {"min_sources": 2, "sources_within": "2h", "on_timeout": "suppress"}},
    "rising": {"alert": {"rise": {"2": "high", "3": "critical"}, "cooldown": "30m", "updates": "silent"}},
    "cool": {"channel": "#together", "alert": {"cooldown": "1h"}},
}
NEW = (Addition(AdditionKind.FIGURE, "12 tanks", "Twelve tanks.", None),)

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]  # a shorter example costs minutes

matches = st.tuples(
    st.just("match"),
    st.sets(st.sampled_from(["armour", *RULES]), min_size=1, max_size=3),
    st.integers(0, 4),  # the story
    st.integers(0, 5),  # the feed
    st.booleans(),  # whether it adds anything
    st.booleans(),  # whether it is a copy
)
mutes = st.tuples(
    st.just("mute"),
    st.sampled_from([("rule", "armour"), ("rule", "loud"), ("feed", "B"), ("site", "c.example"), ("rule", "cool")]),
    st.integers(1, 3_000),  # minutes
)
steps = st.lists(
    st.one_of(
        matches,
        matches,
        st.tuples(st.just("pass"), st.sampled_from([0, 1, 4, 30, 121, 600])),
        mutes,
        st.tuples(st.just("unmute"), st.integers(0, 3)),
        st.tuples(st.just("sink"), st.sampled_from(["up", "down", "refuses", "kills"])),
        st.tuples(st.just("drop"), st.sampled_from(["#news", "#together"])),
        st.tuples(st.just("restart")),
        st.tuples(st.just("back"), st.sampled_from([3, 3_600])),  # the clock, by so many seconds
    ),
    max_size=30,
)


@settings(max_examples=20, phases=PHASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
def test_nothing_is_lost_and_nothing_is_told_twice(steps: list[tuple[Any, ...]]) -> None:
    """Mutes, quiet hours, storms, outages, refusals, kills, clock steps: the audit balances to the unit."""
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(_live(Path(directory), steps))


async def _live(directory: Path, steps: list[tuple[Any, ...]]) -> None:
    desk = RhythmDesk(directory, ROUTING, **RULES)
    await desk.open()
    for step in steps:
        try:
            await _do(desk, step)
        except Killed:
            await desk.restart()
        await _check(desk)
    await _drain(desk)
    await _check(desk)
    told = await desk.told()
    for row in await desk.rows("select id, fate, reason from alerts"):
        expected = {"post": 1, "thread": 1, "suppress": 0}[row["fate"]]
        assert expected == len(told.get(row["id"], ())), row
        assert row["reason"]
    ids = [delivery.id for delivery in desk.sink.sent]
    assert len(ids) == len(set(ids))
    await desk.close()


async def _do(desk: RhythmDesk, step: tuple[Any, ...]) -> None:
    match step:
        case ("match", rules, story, feed, adds, copy):
            await desk.match(
                "Headline",
                *sorted(rules),
                story=f"story {story}",
                feed=feed,
                copy=copy,
                additions=NEW if adds else (),
            )
            await desk.work()
        case ("pass", minutes):
            await desk.pass_time(minutes=minutes)
        case ("mute", (kind, subject), minutes):
            await desk.mute_for(kind, subject, minutes)
        case ("unmute", number):
            active = await desk.thread.ask(lambda store: store.mutes.active(desk.now))
            if number < len(active):
                await desk.unmute(active[number].id)
                await desk.work()
        case ("sink", how):
            desk.sink.down, desk.sink.refuses, desk.sink.kills = how == "down", how == "refuses", how == "kills"
            await desk.work()
        case ("drop", target):
            letters = DeadLetters(lambda: desk.now, sinks={"slack"})
            with suppress(Refused):  # nothing waits there
                await desk.thread.change(lambda store: letters.drop(store, ["--place", "slack", target], "ana"))
        case ("restart",):
            await desk.restart()
        case ("back", seconds):
            await desk.set_back(seconds)


async def _check(desk: RhythmDesk) -> None:
    balance = await desk.balance()
    assert balance.balanced, balance


async def _drain(desk: RhythmDesk) -> None:
    """Days in which all works."""
    desk.sink.down = desk.sink.refuses = desk.sink.kills = False
    letters = DeadLetters(lambda: desk.now, sinks={"slack"})
    await desk.thread.change(lambda store: letters.release(store, ["--all"]))
    dropped = await desk.thread.ask(lambda store: store.deliveries.dead(dropped=True))
    await desk.thread.change(lambda store: letters.release(store, dropped))
    for _ in range(14):  # mutes last 50 hours at the most
        await desk.pass_time(hours=5)
    assert [] == await desk.rows("select * from alerts where fate = 'hold'")
    assert [] == await desk.rows("select * from deliveries where state not in ('sent', 'folded')")
    assert [] == await desk.rows("select * from mutes where closed_at is null")
