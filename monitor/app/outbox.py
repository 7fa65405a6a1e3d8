"""What is to be told goes into the outbox: an alert that may carry several matches, or a digest of many.

One delivery carries the words. Every other match that it tells has a delivery of its own, folded into that one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor import ids
from monitor.alerts import digest, retry
from monitor.app.config_routing import Rhythms
from monitor.app.echoes import Echoes
from monitor.model import AlertId, Delivery, DeliveryId, DeliveryState, Digest, Held, Message, Severity
from monitor.store.sqlite.store import Store


@dataclass(frozen=True, slots=True)
class Outbox:
    """Of one sink."""

    sink: str
    rhythms: Rhythms
    echoes: Echoes
    clock: Callable[[], datetime]

    def alert(
        self,
        store: Store,
        words: Message,
        alerts: Sequence[AlertId],
        *,
        target: str,
        thread_of: DeliveryId | None,
        broadcast: bool,
    ) -> None:
        """The first alert's delivery carries the message. Whoever is to be called is, unless it is a mere reply."""
        if thread_of is None or broadcast:
            words = replace(words, mentions=self.rhythms.of(target).mentions.get(words.severity, ()))
        carrier = self._delivery(
            ids.delivery_id(alerts[0], sink=self.sink, target=target), alerts[0], target, thread_of, words
        )
        urgent = words.severity is Severity.CRITICAL
        store.deliveries.add(replace(carrier, broadcast=broadcast and thread_of is not None), urgent=urgent)
        self.echoes.add(store, carrier)
        for alert in alerts[1:]:
            self._fold(store, alert, target, carrier.id)

    def digest(
        self, store: Store, held: Sequence[Held], pages: Sequence[Digest], *, target: str, thread_of: DeliveryId | None
    ) -> None:
        """What is not on the first page goes to its thread."""
        carriers = self.pages(store, held[0].alert_id, pages, target=target, thread_of=thread_of)
        for carrier in carriers:
            self.echoes.add(store, carrier)
        by_page = [carrier.id for carrier in carriers]
        for one in held:
            self._fold(store, one.alert_id, target, digest.page_of(one.story_id, pages, by_page))

    def pages(
        self, store: Store, first: AlertId, pages: Sequence[Digest], *, target: str, thread_of: DeliveryId | None = None
    ) -> list[Delivery]:
        """A delivery for each page, without what is told in it. `first`: an alert that no other digest tells.

        Other places are not told: there each alert was told by itself.
        """
        made: list[Delivery] = []
        for page in pages:
            id_ = ids.digest_id(first, page=page.page, sink=self.sink, target=target)
            parent = thread_of or (made[0].id if made and page.page > 1 else None)
            made.append(self._delivery(id_, None, target, parent, page))
            store.deliveries.add(made[-1])
        return made

    def _fold(self, store: Store, alert: AlertId, target: str, carrier: DeliveryId) -> None:
        id_ = ids.delivery_id(alert, sink=self.sink, target=target)
        inside = replace(self._delivery(id_, alert, target, None, None), state=DeliveryState.FOLDED)
        store.deliveries.add(inside, folded_into=carrier)

    def _delivery(
        self,
        id_: DeliveryId,
        alert: AlertId | None,
        target: str,
        thread_of: DeliveryId | None,
        words: Message | Digest | None,
    ) -> Delivery:
        return retry.pending(
            id_, sink=self.sink, target=target, at=self.clock(), message=words, alert_id=alert, thread_of=thread_of
        )
