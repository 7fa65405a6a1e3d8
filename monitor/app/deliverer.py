"""Deliver: a pending delivery -> the receipt, the next attempt, or a dead letter."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from monitor.alerts import retry
from monitor.alerts.sink import Sink
from monitor.app.store_thread import StoreThread
from monitor.model import Crashed, Delivery, DeliveryId, DeliveryState
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)


class Deliverer:
    """Sends what is in the outbox, visibly once."""

    def __init__(self, *, store: StoreThread, sinks: Mapping[str, Sink], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._sinks = sinks
        self._clock = clock

    async def deliver(self, delivery_id: DeliveryId) -> bool:
        delivery = await self._store.ask(lambda store: store.deliveries.open(delivery_id))
        if delivery is None or delivery.next_attempt_at > self._clock():
            return False
        sink = self._sinks[delivery.sink]
        timing = retry.Timing(sink.settle_after)
        if delivery.state in (DeliveryState.AMBIGUOUS, DeliveryState.SENDING):
            found = await sink.find(delivery)
            after = retry.after_find(delivery, found, self._clock())
        else:
            attempt = retry.begin(delivery, self._clock(), timing)
            await self._store.change(lambda store: store.deliveries.save(attempt))
            outcome = await sink.send(attempt)
            after = retry.after_send(attempt, outcome, self._clock(), timing)
        await self._store.change(lambda store: self._record_delivery(store, after, sink))
        _log_delivery(after)
        return True

    async def put_off(self, delivery_id: DeliveryId, why: str) -> None:
        """Put off a delivery that our own program failed over; in the end the others behind it get their turn."""
        delivery = await self._store.ask(lambda store: store.deliveries.open(delivery_id))
        if delivery is None:
            return
        sink = self._sinks[delivery.sink]
        after = retry.after_send(delivery, Crashed(why), self._clock(), retry.Timing(sink.settle_after))
        await self._store.change(lambda store: self._record_delivery(store, after, sink))
        _log_delivery(after)

    def _record_delivery(self, store: Store, after: Delivery, sink: Sink) -> None:
        store.deliveries.save(after)
        if after.state is DeliveryState.SENT and sink.pace:
            store.deliveries.space(sink=after.sink, target=after.target, not_before=self._clock() + sink.pace)


def _log_delivery(delivery: Delivery) -> None:
    facts = {"target": f"{delivery.sink} {delivery.target}", "delivery": delivery.id[:12]}
    if delivery.state is DeliveryState.SENT:
        log.info("alert sent", extra={**facts, "attempts": delivery.attempts, "note": delivery.error or "-"})
    elif delivery.state is DeliveryState.DEAD:
        log.error("alert cannot be sent", extra={**facts, "why": delivery.error})
    else:
        log.warning(
            "alert waits",
            extra={
                **facts,
                "state": delivery.state,
                "why": delivery.error or "-",
                "next": delivery.next_attempt_at,
            },
        )
