"""Release: what was held -> one digest, receipt or alert when its time has come.

What is released goes where its rule's alerts go now. Each held match is told in exactly one delivery, gets a named
suppression, or is held on for another reason; always in one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from monitor.alerts import digest, message, routing
from monitor.alerts.pace import sources
from monitor.app.alerter import Alerter
from monitor.app.gate import Gate
from monitor.app.mutes import Mutes
from monitor.app.outbox import Outbox
from monitor.app.store_thread import StoreThread
from monitor.model import Fate, Held, HoldCause, HoldGroup, Mute, MuteId, Notice, OnTimeout, Severity, Verdict
from monitor.spans import brief
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

K = TypeVar("K")

_TITLES = {
    HoldCause.QUIET: "What came in the quiet hours",
    HoldCause.DIGEST: "Digest",
    HoldCause.GROUP: "Told together",
    HoldCause.STORM: "Storm: told together",
    HoldCause.SOURCES: "From too few sources",
    HoldCause.COOLDOWN: "More of this story",
}


class Releaser:
    """Ends holds under one configuration."""

    def __init__(
        self,
        *,
        alerter: Alerter,
        gate: Gate,
        mutes: Mutes,
        outbox: Outbox,
        store: StoreThread,
        clock: Callable[[], datetime],
    ) -> None:
        self._alerter = alerter
        self._gate = gate
        self._mutes = mutes
        self._outbox = outbox
        self._store = store
        self._clock = clock

    async def take_up(self) -> None:
        """Under a new configuration what is held may be told sooner; what is to wait longer is found when it is due."""
        await self._store.change(self._take_up)

    def _take_up(self, store: Store) -> None:
        for one in store.holds.for_the_channel():
            route = self._gate.route(self._alerter.target(one.rule) or one.target)
            until = routing.waits_until(route, one.cause, one.severity, self._clock())
            if until is not None and until < one.release_at:
                store.holds.put_off([one], until)

    async def release(self, group: HoldGroup) -> bool:
        released = await self._store.change(lambda store: self._release(store, group))
        log.info("held matches released", extra={"held_by": group.cause, "target": group.target, "matches": released})
        return bool(released)

    async def close(self, mute_id: MuteId) -> bool:
        """A mute that is over and holds nothing any more."""
        return await self._store.change(lambda store: self._close(store, mute_id))

    def _close(self, store: Store, mute_id: MuteId) -> bool:
        """Silence is told too: of a mute that held nothing, operators hear that it is over."""
        mute, now = store.mutes.mute(mute_id), self._clock()
        if mute is None or mute.closed_at is not None:
            return False
        store.mutes.save(replace(mute, closed_at=now))
        if not store.mutes.has_held(mute.id):
            words = f"The mute of {self._mutes.name(mute)} by {mute.by} is over and leaves nothing to tell."
            store.notices.add(Notice(mute.id, "mute", words, is_event=True), now)
        return True

    def _release(self, store: Store, group: HoldGroup) -> int:
        due = store.holds.due(group, self._clock())
        mute = None if group.mute_id is None else store.mutes.mute(group.mute_id)
        held = [one for one in due if not self._mute_on(store, one)]
        for target, there in _by(held, lambda one: self._alerter.target(one.rule) or one.target).items():
            if mute is not None and mute.ended_at is not None:  # whoever ends it wants to hear it now
                self._receipt(store, mute, there, target)
            elif audible := self._audible(store, there, target):
                self._tell(store, group.cause, mute, audible, target)
        return len(due)

    # ---- what is held on ----

    def _mute_on(self, store: Store, held: Held) -> bool:
        """Whether somebody wants quiet from it now."""
        article, shown = store.stories.article(held.article_id), store.feeds.shown(held.article_id)
        if article is None or shown is None:
            return False
        mute = self._gate.muting(store, held.rule, article, held.story_id, shown.entry.feed_id)
        if mute is None:
            return False
        why = self._gate.why_muted(mute)
        store.holds.hold_on([held], Verdict(Fate.HOLD, why, mute.until, HoldCause.MUTE, mute.id))
        return True

    def _audible(self, store: Store, held: Sequence[Held], target: str) -> list[Held]:
        """What may be told in this channel now; the rest waits for the end of its quiet hours."""
        route, now = self._gate.route(target), self._clock()
        until = {one.alert_id: routing.silent_until(route, one.severity, now) for one in held}
        for end, waiting in _by(held, lambda one: until[one.alert_id]).items():
            if end is not None:
                store.holds.put_off(waiting, end)
        return [one for one in held if until[one.alert_id] is None]

    # ---- what is told ----

    def _tell(self, store: Store, cause: HoldCause, mute: Mute | None, held: Sequence[Held], target: str) -> None:
        if mute is not None:
            self._receipt(store, mute, held, target)
        elif cause is HoldCause.SOURCES:
            self._sourced(store, held, target)
        elif cause is HoldCause.COOLDOWN:
            for of_story in _by(held, lambda one: one.story_id).values():
                self._alert(store, of_story, target)
        elif cause is not HoldCause.DIGEST and len({one.story_id for one in held}) == 1:
            self._alert(store, held, target)
        else:
            lines = [f"{digest.count([one.message for one in held])}, told here and nowhere else."]
            storm = self._gate.route(target).storm
            if cause is HoldCause.STORM and storm is not None:
                lines.append(f"More than {storm.messages} messages within {brief(storm.within)} were due here.")
            self._digest(store, held, target, _TITLES[cause], lines)
        if cause is HoldCause.STORM:
            words = f"The storm in {self._outbox.sink} {target} is over; {len(held)} matches were told together."
            store.notices.end(f"{self._outbox.sink} {target}", {"storm"}, words, self._clock())

    def _receipt(self, store: Store, mute: Mute, held: Sequence[Held], target: str) -> None:
        ended = f"ended by {mute.ended_by}" if mute.ended_by else "over now"
        why = f": {mute.reason}" if mute.reason else ""
        lines = (
            f"Held {digest.count([one.message for one in held])}, told here and nowhere else.",
            f"Muted by {mute.by} since {mute.created_at:%Y-%m-%d %H:%M} UTC, {ended}{why}",
        )
        show = f"news-monitor alerts --mute {mute.id[:12]}"
        self._digest(store, held, target, f"While muted: {self._mutes.name(mute)}", (*lines, f"Show: {show}"), show)

    def _sourced(self, store: Store, held: Sequence[Held], target: str) -> None:
        """Each story that has found its sources is an alert; the others have run out of time."""
        late: list[Held] = []
        for story, of_story in _by(held, lambda one: one.story_id).items():
            voices = store.stories.standing(story).independent
            sourced = [one for one in of_story if self._gate.has_sources(one, voices)]
            late += [one for one in of_story if one not in sourced]
            if sourced:
                self._alert_in_rhythm(store, sourced, target)
        silent = [one for one in late if self._gate.rhythm(one.rule).on_timeout is OnTimeout.SUPPRESS]
        told = [one for one in late if one not in silent]
        store.holds.release(silent, Fate.SUPPRESS, "its time is over, and the rule says to suppress it", self._clock())
        if told:
            lines = ["Not so many independent sources as its rule asks for tell this."]
            self._digest(store, told, target, _TITLES[HoldCause.SOURCES], lines)

    def _alert_in_rhythm(self, store: Store, held: Sequence[Held], target: str) -> None:
        """As if it had come now: it may have to wait for its channel."""
        loudest = Severity.loudest(one.severity for one in held)
        given = self._gate.routed(store, loudest, Verdict(Fate.POST, "enough sources"), target)
        if given.fate is Fate.HOLD:
            store.holds.hold_on(held, given)
        else:
            self._alert(store, held, target)

    def _alert(self, store: Store, held: Sequence[Held], target: str) -> None:
        """What is held of one story, in one message; a reply where the story was told already."""
        story = held[0].story_id
        told = store.alerts.told(story, sink=self._outbox.sink, target=target)
        words = message.together([one.message for one in held], store.stories.standing(story))
        carried = sorted(held, key=lambda one: one.message.article_id != words.article_id)
        self._outbox.alert(
            store,
            words,
            [one.alert_id for one in carried],
            target=target,
            thread_of=told[0].delivery_id if told else None,
            broadcast=bool(told) and held[0].cause is not HoldCause.COOLDOWN,
        )
        self._told(store, held, Fate.THREAD if told else Fate.POST, "in one message")

    def _digest(
        self, store: Store, held: Sequence[Held], target: str, title: str, lines: Sequence[str], show: str | None = None
    ) -> None:
        notes = {one.story_id: self._note(store, one) for one in held if one.cause is HoldCause.SOURCES}
        items = digest.items(((one.story_id, one.message) for one in held), notes)
        pages = digest.pages(title, lines, items, self._clock(), show=show or "news-monitor alerts --limit 1000")
        self._outbox.digest(store, held, pages, target=target, thread_of=None)
        self._told(store, held, Fate.POST, f"in “{title}”")

    def _note(self, store: Store, held: Held) -> str:
        return sources(store.stories.standing(held.story_id).independent, self._gate.rhythm(held.rule))

    def _told(self, store: Store, held: Sequence[Held], fate: Fate, where: str) -> None:
        now = self._clock()
        store.holds.release(held, fate, f"told at {now:%Y-%m-%d %H:%M} UTC {where}", now)
        for article in dict.fromkeys(one.article_id for one in held):
            self._alerter.watch(store, article)


def _by(held: Sequence[Held], key: Callable[[Held], K]) -> dict[K, list[Held]]:
    found: dict[K, list[Held]] = {}
    for one in held:
        found.setdefault(key(one), []).append(one)
    return found
