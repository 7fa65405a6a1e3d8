"""After an outage: what has waited for too long becomes one digest for its channel, behind what is still fresh."""

from __future__ import annotations

from datetime import datetime

from monitor.alerts import digest, outage
from monitor.alerts.outage import Fresh
from monitor.app import canary
from monitor.app.outbox import Outbox
from monitor.model import Delivery, Digest, Message, StoryId
from monitor.store.sqlite.store import Store


def fold_stale(store: Store, outbox: Outbox, target: str, fresh: Fresh, now: datetime) -> bool:
    """Whether anything was folded. A single one that is late is an alert that says so."""
    there = store.deliveries.waiting(sink=outbox.sink, target=target)
    waiting = [delivery for delivery in there if not canary.tells_of(delivery.message)]
    late, opened = outage.stale(waiting, now, fresh), outage.opened(waiting)
    if not late or len(late) + len(opened) < 2:
        return False
    told = [(_story(delivery), delivery.message) for delivery in late if isinstance(delivery.message, Message)]
    before = [delivery.message for delivery in opened if isinstance(delivery.message, Digest)]
    items = digest.merged((item for page in before for item in page.items), digest.items(told, {}))
    pages = digest.pages(
        outage.TITLE,
        outage.lines(fresh),
        items,
        now,
        show="news-monitor alerts --limit 1000",
        left_out=sum(page.left_out for page in before),
    )
    carriers = [delivery.id for delivery in opened]
    for carrier, page in zip(carriers, pages, strict=False):
        store.deliveries.reword(carrier, page)
    first = late[0].alert_id
    assert first is not None  # noqa: S101 - corrections and reports are never stale
    parent = carriers[0] if carriers else None
    added = outbox.pages(store, first, pages[len(carriers) :], target=target, thread_of=parent)
    carriers += [page.id for page in added]
    for delivery in late:
        store.deliveries.fold(delivery.id, digest.page_of(_story(delivery), pages, carriers))
    for page, carrier in zip(pages, carriers, strict=True):
        for item in page.items:
            store.deliveries.move_inside(item.story_id, among=carriers, into=carrier)
    return True


def _story(delivery: Delivery) -> StoryId:
    assert isinstance(delivery.message, Message)  # noqa: S101
    return delivery.message.story_id
