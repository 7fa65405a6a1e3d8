"""Deliver: a pending delivery -> the receipt, the next attempt, or a dead letter."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.alerts import outage, retry
from monitor.alerts.outage import Fresh
from monitor.alerts.sink import Sink
from monitor.app.outage import fold_stale
from monitor.app.outbox import Outbox
from monitor.app.store_thread import StoreThread
from monitor.model import (
    Accepted,
    Crashed,
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    Edit,
    FindOutcome,
    Message,
    Notice,
    Refused,
    Report,
    SendOutcome,
    Unreadable,
)
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

WAITS = frozenset({"blocked", "late"})  # the kinds of notices of a target that takes nothing now
TELL_AFTER = timedelta(hours=1)  # that a target takes nothing, although it may pass


class Deliverer:
    """Sends what is in the outbox, visibly once."""

    def __init__(
        self,
        *,
        store: StoreThread,
        sinks: Mapping[str, Sink],
        outbox: Outbox,
        fresh: Fresh,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._fresh = fresh
        self._sinks = sinks
        self._clock = clock
        self._sent_at: dict[tuple[str, str], datetime] = {}  # the latest message to each target

    async def deliver(self, delivery_id: DeliveryId) -> bool:
        delivery = await self._store.change(lambda store: self._begin(store, delivery_id))
        if delivery is None:
            return False
        sink = self._sinks[delivery.sink]
        if delivery.state is DeliveryState.AMBIGUOUS:
            await self._after_find(delivery, await sink.find(delivery))
        else:
            await self._after_send(delivery, await sink.send(delivery))
        return True

    def _begin(self, store: Store, delivery_id: DeliveryId) -> Delivery | None:
        """The delivery, marked as being sent unless it is to be looked up; None: it is not due, or told in a digest.

        What came too late for an alert is found out here, where it would be sent: nothing is folded while it waits.
        """
        delivery, now = store.deliveries.open(delivery_id), self._clock()
        if delivery is None or delivery.next_attempt_at > now:
            return None
        if delivery.state in (DeliveryState.AMBIGUOUS, DeliveryState.SENDING):
            return replace(delivery, state=DeliveryState.AMBIGUOUS)
        if self._is_too_soon(delivery, now):  # it came after the others were spaced
            next_at = self._sent_at[delivery.sink, delivery.target] + self._sinks[delivery.sink].pace
            store.deliveries.save(replace(delivery, next_attempt_at=next_at))
            return None
        outbox = replace(self._outbox, sink=delivery.sink)
        if outage.may_fold(delivery, now, self._fresh) and fold_stale(store, outbox, delivery.target, self._fresh, now):
            delivery = store.deliveries.open(delivery_id)
            if delivery is None:
                return None
        attempt = retry.begin(delivery, now, retry.Timing(self._sinks[delivery.sink].settle_after))
        store.deliveries.save(attempt)
        return attempt

    def _is_too_soon(self, delivery: Delivery, now: datetime) -> bool:
        """A message that was sent later than now was so before the clock was set back."""
        sent_at = self._sent_at.get((delivery.sink, delivery.target))
        return sent_at is not None and sent_at <= now < sent_at + self._sinks[delivery.sink].pace

    async def put_off(self, delivery_id: DeliveryId, why: str) -> None:
        """Put off a delivery that our own program failed over; in the end the others behind it get their turn."""
        delivery = await self._store.ask(lambda store: store.deliveries.open(delivery_id))
        if delivery is None:
            return
        await self._after_send(delivery, Crashed(why))

    async def _after_find(self, delivery: Delivery, found: FindOutcome) -> None:
        after = retry.after_find(delivery, found, self._clock())

        def record(store: Store) -> None:
            self._notice_history(store, after, found)
            self._record_delivery(store, after, before=delivery)

        await self._store.change(record)
        _log_delivery(after)

    async def _after_send(self, delivery: Delivery, outcome: SendOutcome) -> None:
        timing = retry.Timing(self._sinks[delivery.sink].settle_after)
        after = retry.after_send(delivery, outcome, self._clock(), timing)
        await self._store.change(lambda store: self._record_delivery(store, after, before=delivery))
        _log_delivery(after)

    # ---- edit: a message that was sent -> what it shall say ----

    async def edit(self, delivery_id: DeliveryId) -> bool:
        edit = await self._store.ask(lambda store: store.deliveries.edit(delivery_id))
        if edit is not None:
            await self._after_edit(edit, await self._sinks[edit.delivery.sink].edit(edit.delivery))
        return edit is not None

    async def edit_failed(self, delivery_id: DeliveryId, why: str) -> None:
        """Put off an edit that our own program failed over."""
        edit = await self._store.ask(lambda store: store.deliveries.edit(delivery_id))
        if edit is not None:
            await self._after_edit(edit, Crashed(why))

    async def _after_edit(self, edit: Edit, outcome: SendOutcome) -> None:
        again = retry.after_edit(edit, outcome, self._clock())
        await self._store.change(lambda store: self._record_edit(store, edit, again, outcome))
        facts = _facts(edit.delivery)
        if isinstance(outcome, Accepted):
            log.info("message edited", extra=facts)
        else:
            log.warning("message not edited", extra={**facts, "why": outcome.error, "next": again and again.due_at})

    def _record_edit(self, store: Store, edit: Edit, again: Edit | None, outcome: SendOutcome) -> None:
        if again is not None and again.delivery.plain and not edit.delivery.plain:
            self._notice_plain(store, again.delivery, outcome.error if isinstance(outcome, Refused) else None)
        if again is None:
            store.deliveries.finish_edit(edit, done=isinstance(outcome, Accepted))
        else:
            store.deliveries.save_edit(again)
        pace = self._sinks[edit.delivery.sink].pace
        if pace:
            store.deliveries.space_edits(sink=edit.delivery.sink, not_before=self._clock() + pace)

    def _record_delivery(self, store: Store, after: Delivery, *, before: Delivery) -> None:
        store.deliveries.save(after)
        self._notice_target(store, after)
        if after.plain and after.state is DeliveryState.SENT:
            self._notice_plain(store, after, before.error)
        pace = self._sinks[after.sink].pace
        if after.state is DeliveryState.SENT and pace:
            self._sent_at[after.sink, after.target] = now = self._clock()
            store.deliveries.space(sink=after.sink, target=after.target, not_before=now + pace)

    # ---- what operators must know of a target; that reports to themselves wait they see by their silence ----

    def _notice_target(self, store: Store, after: Delivery) -> None:
        if isinstance(after.message, Report):
            return
        about = _place(after)
        if after.state is DeliveryState.BLOCKED:
            words = f"Alerts for {about} wait until somebody mends this: {after.error}."
            store.notices.add(Notice(about, "blocked", words), self._clock())
        elif after.state is DeliveryState.SENT:
            store.notices.end(about, WAITS, f"Alerts for {about} go out again.", self._clock())
            if not after.plain:
                store.notices.end(about, {"plain"}, f"Alerts for {about} are taken in their full form.", self._clock())
        elif after.state is DeliveryState.DEAD:
            words = f"An alert for {about} was given up, nobody was told: {_headline(after)} ({after.error})."
            words += f" `news-monitor alerts release {after.id[:12]}` tries it again."
            store.notices.add(Notice(after.id, "dead", words, is_event=True), self._clock())
        elif after.error is not None and self._clock() - after.created_at >= TELL_AFTER:
            since = f"{after.created_at:%Y-%m-%d %H:%M} UTC"
            words = f"Alerts for {about} wait since {since} and are tried again and again: {after.error}."
            store.notices.add(Notice(about, "late", words), self._clock())

    def _notice_plain(self, store: Store, refused: Delivery, error: str | None) -> None:
        if isinstance(refused.message, Report):
            return
        about = _place(refused)
        words = f"{about} did not take an alert in its full form, so it was told as plain text: {_headline(refused)}"
        store.notices.add(Notice(about, "plain", f"{words} ({error})."), self._clock())

    def _notice_history(self, store: Store, after: Delivery, found: FindOutcome) -> None:
        about = _place(after)
        if not isinstance(found, Unreadable):
            store.notices.end(about, {"unreadable"}, f"The history of {about} can be read again.", self._clock())
        elif after.state is DeliveryState.PENDING:
            words = f"The history of {about} cannot be read, so doubtful messages may stand there twice: {found.error}."
            store.notices.add(Notice(about, "unreadable", words), self._clock())


def _place(delivery: Delivery) -> str:
    return f"{delivery.sink} {delivery.target}"


def _facts(delivery: Delivery) -> dict[str, str]:
    return {"target": _place(delivery), "delivery": delivery.id[:12]}


def _headline(delivery: Delivery) -> str:
    match delivery.message:
        case Message():
            return delivery.message.headline
        case Digest():
            return delivery.message.title
    return "a report"


def _log_delivery(delivery: Delivery) -> None:
    facts = _facts(delivery)
    if delivery.state is DeliveryState.SENT:
        log.info("alert sent", extra={**facts, "attempts": delivery.attempts, "note": delivery.error or "-"})
    elif delivery.state is DeliveryState.DEAD:
        log.error("alert cannot be sent", extra={**facts, "why": delivery.error})
    else:
        waits = {"state": delivery.state, "why": delivery.error or "-", "next": delivery.next_attempt_at}
        log.warning("alert waits", extra={**facts, **waits})
