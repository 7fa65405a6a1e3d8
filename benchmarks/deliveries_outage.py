"""Slack is away for hours while news goes on: what is told when it is back, when, and in which order.

On a clock of its own, with the parts of the daemon that decide and deliver, a real database, and a sink that takes one
message a second and channel, as Slack does.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from monitor.app.audit import Balance
from monitor.model import Addition, AdditionKind, Delivery, Digest, Message, NotSent, SendOutcome, Severity
from tests.builders import NOON
from tests.rhythm_desk import RhythmDesk, Teller

OUTAGE = timedelta(hours=6)
LOOK = timedelta(minutes=3)  # how far the clock goes at a time
PACE = timedelta(seconds=1.05)
CHANNELS = ("#one", "#two", "#three")
# All at once: what waits for a time of day, for company, for a quieter hour, for the end of a storm.
ROUTING: Mapping[str, Any] = {
    "time_zone": "Europe/Belgrade",
    "quiet": [{"hours": "15:00-16:30"}],
    "digest": {"below": "normal", "cron": "0 * * * *"},
    "storm": {"messages": 20, "within": "10m"},
    "channels": [{"channel": "#two", "group": "5m", "breakthrough": "critical"}],
}
_NEWS = (Addition(AdditionKind.FIGURE, "12 tanks", "Twelve tanks were seen.", None),)


@dataclass(frozen=True, slots=True)
class Outcome:
    matches: int
    drained_after: timedelta  # from the end of the outage until nothing was due any more
    messages: int
    alerts: int  # matches that were told in a message of their own, or with others of their article
    replies: int
    in_digests: int
    suppressed: int
    lost: int
    doubled: int
    late_critical: int  # told after something that was less urgent and waited in the same channel
    too_fast: int
    was_balanced: bool  # at every look
    balance: Balance


class Slow(Teller):
    """Takes one message a second and channel."""

    def __init__(self) -> None:
        super().__init__()
        self.pace = PACE
        self.now = NOON
        self.taken: list[tuple[datetime, Delivery]] = []
        self.too_fast = 0
        self._last: dict[str, datetime] = {}

    async def send(self, delivery: Delivery) -> SendOutcome:
        last = self._last.get(delivery.target)
        if not self.down and last is not None and self.now - last < timedelta(seconds=1):
            self.too_fast += 1
            return NotSent("slow down", timedelta(seconds=1))
        outcome = await super().send(delivery)
        if not self.down:
            self._last[delivery.target] = self.now
            self.taken.append((self.now, delivery))
        return outcome


async def run(directory: Path, *, matches: int, chaos: bool, seed: int = 1) -> Outcome:
    """`chaos`: with quiet hours, digests, storms and mutes."""
    rules: dict[str, dict[str, Any]] = {
        f"{severity}{number}": {"severity": severity.value, "channel": channel}
        for severity in Severity
        for number, channel in enumerate(CHANNELS)
    }
    desk, sink = RhythmDesk(directory, dict(ROUTING) if chaos else {}, **rules), Slow()
    desk.sink = sink
    await desk.open()
    sink.down = True
    chance, balanced = random.Random(seed), True
    stories: dict[str, list[str]] = {rule: [] for rule in rules}
    began = desk.now
    looks = OUTAGE // LOOK
    for look in range(looks):
        count = matches * (look + 1) // looks - matches * look // looks
        await asyncio.gather(*(_match(desk, chance, stories) for _ in range(count)))
        if chaos and look % 15 == 3:
            await desk.mute_for("rule", chance.choice(list(rules)), chance.randint(10, 120))
        if chaos and look % 20 == 10:
            await desk.mute_for("feed", chance.choice("ABC"), chance.randint(10, 60))
        await _pass(desk, sink, began + (look + 1) * LOOK)
        if look % 20 == 19:
            balanced &= (await desk.balance()).balanced
    sink.down, recovery = False, desk.now
    waiting = await desk.thread.ask(lambda store: store.deliveries.unfinished())
    drained = await _drain(desk, sink) - recovery
    balanced &= (await desk.balance()).balanced
    for _ in range(24 if chaos else 1):  # until the last hold is over
        await _pass(desk, sink, desk.now + timedelta(hours=1))
        await _drain(desk, sink)
    outcome = await _outcome(desk, sink, waiting, drained, balanced)
    await desk.close()
    return outcome


async def _match(desk: RhythmDesk, chance: random.Random, rules: Mapping[str, list[str]]) -> None:
    """`rules`: with the stories that each has matched. A third of all articles tell one of those."""
    severity = chance.choices(list(Severity), [3, 8, 4, 1])[0]
    rule = f"{severity}{chance.randrange(len(CHANNELS))}"
    known, feed = rules[rule], chance.randrange(8)
    if known and chance.random() < 0.33:
        copy = chance.random() < 0.5
        await desk.match(
            "More", rule, story=chance.choice(known), feed=feed, copy=copy, additions=() if copy else _NEWS
        )
        return
    story = f"{rule} {len(known)}"
    known.append(story)
    await desk.match("News", rule, story=story, feed=feed)


async def _pass(desk: RhythmDesk, sink: Slow, until: datetime) -> None:
    desk.now = sink.now = until
    await desk.work()


async def _drain(desk: RhythmDesk, sink: Slow) -> datetime:
    """When the last of what was due had been told."""
    while heads := await desk.thread.ask(lambda store: store.deliveries.heads()):
        await _pass(desk, sink, max(desk.now, min(head.next_attempt_at for head in heads)))
    return desk.now


async def _outcome(
    desk: RhythmDesk, sink: Slow, waiting: tuple[Delivery, ...], drained: timedelta, balanced: bool
) -> Outcome:
    told, kinds = await desk.told(), Counter[str]()
    carriers = {str(delivery.id): delivery for _, delivery in sink.taken}
    lost = doubled = 0
    for row in await desk.rows("select id, fate from alerts"):
        where = told.get(row["id"], [])
        if row["fate"] == "suppress":
            kinds["suppressed"] += 1
            doubled += len(where)
            continue
        lost += not where
        doubled += max(len(where) - 1, 0)
        if where:
            kinds[_kind(carriers[where[0]])] += 1
    return Outcome(
        matches=desk.matches,
        drained_after=drained,
        messages=len(sink.taken),
        alerts=kinds["alert"],
        replies=kinds["reply"],
        in_digests=kinds["digest"],
        suppressed=kinds["suppressed"],
        lost=lost,
        doubled=doubled,
        late_critical=_late_critical(sink, waiting),
        too_fast=sink.too_fast,
        was_balanced=balanced,
        balance=await desk.balance(),
    )


def _kind(carrier: Delivery) -> str:
    if isinstance(carrier.message, Digest):
        return "digest"
    return "reply" if carrier.thread_of else "alert"


def _late_critical(sink: Slow, waiting: tuple[Delivery, ...]) -> int:
    """Of those that answer nothing: a reply cannot come before what it answers."""
    urgent = {delivery.id for delivery in waiting if _is_critical(delivery) and delivery.thread_of is None}
    late, others = 0, set[str]()
    for _, delivery in sink.taken:
        late += delivery.id in urgent and delivery.target in others
        if not _is_critical(delivery):  # a critical reply is not less urgent than what it stands before
            others.add(delivery.target)
    return late


def _is_critical(delivery: Delivery) -> bool:
    return isinstance(delivery.message, Message) and delivery.message.severity is Severity.CRITICAL
