"""Release: what was held -> one digest, receipt or alert when its time has come.

What is released goes where its rule's alerts go now. Each held match is told in exactly one delivery, or gets a named
suppression; both in the transaction that ends the hold.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from monitor import ids
from monitor.alerts import digest
from monitor.app.alerter import Alerter
from monitor.app.mutes import Mutes
from monitor.app.store_thread import StoreThread
from monitor.model import (
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    Fate,
    Held,
    HoldGroup,
    Mute,
    MuteId,
    Notice,
)
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)


class Releaser:
    """Ends holds under one configuration."""

    def __init__(self, *, alerter: Alerter, mutes: Mutes, store: StoreThread, clock: Callable[[], datetime]) -> None:
        self._alerter = alerter
        self._mutes = mutes
        self._store = store
        self._clock = clock

    async def release(self, group: HoldGroup) -> bool:
        told = await self._store.change(lambda store: self._release(store, group))
        log.info("held matches released", extra={"held_by": group.cause, "target": group.target, "matches": told})
        return bool(told)

    async def close(self, mute_id: MuteId) -> bool:
        """A mute that is over and holds nothing any more."""
        return await self._store.change(lambda store: self._close(store, mute_id))

    def _release(self, store: Store, group: HoldGroup) -> int:
        now = self._clock()
        held = store.holds.due(group, now)
        mute = None if group.mute_id is None else store.mutes.mute(group.mute_id)
        for target, there in self._by_target(held).items():
            if mute is not None:
                self._receipt(store, mute, there, target)
        return len(held)

    def _by_target(self, held: Sequence[Held]) -> dict[str, list[Held]]:
        """Where the alerts go now, which may be elsewhere than when they were held."""
        found: dict[str, list[Held]] = {}
        for one in held:
            found.setdefault(self._alerter.target(one.rule) or one.target, []).append(one)
        return found

    def _receipt(self, store: Store, mute: Mute, held: Sequence[Held], target: str) -> None:
        ended = f"ended by {mute.ended_by}" if mute.ended_by else "over now"
        why = f": {mute.reason}" if mute.reason else ""
        lines = (
            f"Held {digest.count([one.message for one in held])}, told here and nowhere else.",
            f"Muted by {mute.by} since {mute.created_at:%Y-%m-%d %H:%M} UTC, {ended}{why}",
        )
        title = f"While muted: {self._mutes.name(mute)}"
        self._tell(store, held, target, title, lines, show=f"news-monitor alerts --mute {mute.id[:12]}")

    def _tell(
        self, store: Store, held: Sequence[Held], target: str, title: str, lines: Sequence[str], *, show: str
    ) -> None:
        now, sink = self._clock(), self._alerter.sink
        items = digest.items((one.story_id, one.message) for one in held)
        pages = digest.pages(title, lines, items, now, show=show)
        carriers = self._carriers(store, held[0], pages, target)
        page_of = {item.story_id: carrier for page, carrier in zip(pages, carriers, strict=True) for item in page.items}
        for one in held:
            inside = Delivery(
                id=ids.delivery_id(one.alert_id, sink=sink, target=target),
                alert_id=one.alert_id,
                sink=sink,
                target=target,
                state=DeliveryState.FOLDED,
                attempts=0,
                next_attempt_at=now,
                created_at=now,
            )
            store.deliveries.add(inside, folded_into=page_of.get(one.story_id, carriers[-1]))
        store.holds.release(held, Fate.POST, f"told at {now:%Y-%m-%d %H:%M} UTC in “{title}”", now)
        for article in dict.fromkeys(one.article_id for one in held):
            self._alerter.watch(store, article)

    def _carriers(self, store: Store, first: Held, pages: Sequence[Digest], target: str) -> list[DeliveryId]:
        """A delivery for each page; what is not on the first goes to its thread."""
        now, sink = self._clock(), self._alerter.sink
        made = [ids.digest_id(first.alert_id, page=page.page, sink=sink, target=target) for page in pages]
        for id_, page in zip(made, pages, strict=True):
            store.deliveries.add(
                Delivery(
                    id=id_,
                    alert_id=None,
                    sink=sink,
                    target=target,
                    state=DeliveryState.PENDING,
                    attempts=0,
                    next_attempt_at=now,
                    created_at=now,
                    thread_of=made[0] if page.page > 1 else None,
                    message=page,
                )
            )
        return made

    def _close(self, store: Store, mute_id: MuteId) -> bool:
        """Silence is told too: of a mute that held nothing, operators hear that it is over."""
        mute, now = store.mutes.mute(mute_id), self._clock()
        if mute is None or mute.closed_at is not None:
            return False
        store.mutes.save(replace(mute, closed_at=now))
        if not store.mutes.has_held(mute.id):
            words = f"The mute of {self._mutes.name(mute)} by {mute.by} is over; nothing was held."
            store.notices.add(Notice(mute.id, "mute", words, is_event=True), now)
        return True
