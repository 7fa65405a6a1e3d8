"""What is still news when a sink is back after an outage. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.alerts.retry import UNSETTLED
from monitor.model import Delivery, Digest, Message, Severity
from monitor.spans import brief

TITLE = "What waited too long"


@dataclass(frozen=True, slots=True)
class Fresh:
    """For how long what waits is worth a message of its own."""

    usual: timedelta
    critical: timedelta

    def limit(self, severity: Severity) -> timedelta:
        return self.critical if severity is Severity.CRITICAL else self.usual


def stale(waiting: Sequence[Delivery], now: datetime, fresh: Fresh) -> tuple[Delivery, ...]:
    """The alerts among them that are too old. One that may stand twice is looked after by itself."""
    return tuple(
        delivery
        for delivery in waiting
        if isinstance(delivery.message, Message)
        and delivery.alert_id is not None
        and now - delivery.created_at > fresh.limit(delivery.message.severity)
        and not (delivery.error or "").startswith(UNSETTLED)
    )


def opened(waiting: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """The pages of the digest that waits already and can take more."""
    return tuple(
        delivery for delivery in waiting if isinstance(delivery.message, Digest) and delivery.message.title == TITLE
    )


def may_fold(head: Delivery, now: datetime, fresh: Fresh) -> bool:
    """Whether to look for what is too old, now that this is to be sent: one of that, or the digest that takes it."""
    return bool(stale([head], now, fresh) or opened([head]))


def lines(fresh: Fresh) -> tuple[str, ...]:
    usual, critical = brief(fresh.usual), brief(fresh.critical)
    return (
        f"These alerts could not be sent for more than {usual} (critical ones: {critical}); each is told here only.",
    )
