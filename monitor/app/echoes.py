"""What is told in the channels is told to the other sinks too: one message for an article, in the story's thread there.

An echo is a delivery like any other, with its own state, retries and receipt. Fates are decided for the channels alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from monitor import ids
from monitor.alerts import retry
from monitor.alerts.sink import CONSOLE, SLACK
from monitor.app import canary
from monitor.app.config_sinks import SinksSection
from monitor.model import Delivery, DeliveryId, Digest, Message, Report, Severity
from monitor.store.sqlite.store import Store

_CHANNELS = frozenset({SLACK, CONSOLE})  # the sinks that are no places: there it is told first


@dataclass(frozen=True, slots=True)
class Place:
    """Where else things are told."""

    sink: str
    target: str
    least: Severity
    operations: bool  # what operators must know is told there too


def places_of(sinks: SinksSection) -> tuple[Place, ...]:
    """All that is configured."""
    return tuple(
        Place(sink, target.name, target.severity, target.operations)
        for sink, targets in sinks.targets.items()
        for target in targets
    )


class Echoes:
    """Puts what is told in the channels into the outbox for all other places that want it."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = tuple(places)

    def add(self, store: Store, told: Delivery) -> None:
        """Part of the transaction in which a channel's delivery is added. Corrections find their places themselves."""
        if canary.tells_of(told.message):
            return
        for place in self._places:
            if isinstance(told.message, Message):
                self._echo(store, told, told.message, place)
            elif isinstance(told.message, Digest) and any(
                item.severity.rank >= place.least.rank for item in told.message.items
            ):
                _put(store, told, place, thread_of=None)

    def has_left(self, sink: str, target: str) -> bool:
        """Whether it is a place that is not configured any more. Nothing new is owed there."""
        return sink not in _CHANNELS and all((place.sink, place.target) != (sink, target) for place in self._places)

    def report(self, store: Store, report: Report, first_notice: str, now: datetime) -> tuple[DeliveryId, ...]:
        """What operators must know, in all places that want it."""
        wanted = [place for place in self._places if place.operations]
        return tuple(add_report(store, report, first_notice, place.sink, place.target, now) for place in wanted)

    def _echo(self, store: Store, told: Delivery, message: Message, place: Place) -> None:
        thread = store.alerts.told(message.story_id, sink=place.sink, target=place.target)
        if not thread and message.severity.rank < place.least.rank:
            return
        waiting = store.deliveries.untried(message.article_id, sink=place.sink, target=place.target)
        if waiting is not None and isinstance(waiting.message, Message):
            # Another channel is told of the same article, because of other rules.
            joined = _with_reasons_of(waiting.message, message)
            store.deliveries.reword(waiting.id, joined, urgent=_is_urgent(joined))
            return
        _put(store, told, place, thread_of=thread[0].delivery_id if thread else None)


def add_report(store: Store, report: Report, first_notice: str, sink: str, target: str, now: datetime) -> DeliveryId:
    """Put a report into the outbox."""
    id_ = ids.report_id(first_notice, sink=sink, target=target)
    store.deliveries.add(retry.pending(id_, sink=sink, target=target, at=now, message=report))
    return id_


def _put(store: Store, told: Delivery, place: Place, *, thread_of: DeliveryId | None) -> None:
    echo = retry.pending(
        ids.delivery_id(told.id, sink=place.sink, target=place.target),
        sink=place.sink,
        target=place.target,
        at=told.created_at,
        message=told.message,
        alert_id=told.alert_id,
        thread_of=thread_of,
    )
    store.deliveries.add(echo, urgent=_is_urgent(told.message))


def _is_urgent(words: Message | Digest | Report | None) -> bool:
    return isinstance(words, Message) and words.severity is Severity.CRITICAL


def _with_reasons_of(waiting: Message, other: Message) -> Message:
    known = {reason.rule for reason in waiting.reasons}
    severity = Severity.loudest((waiting.severity, other.severity))
    others = tuple(reason for reason in other.reasons if reason.rule not in known)
    return replace(waiting, reasons=waiting.reasons + others, severity=severity)
