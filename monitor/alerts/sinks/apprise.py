"""Alerts to the many services that Apprise knows (Signal, Matrix, Telegram, ntfy ...); the only file that knows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from monitor.alerts.plain_text import text, title
from monitor.errors import Refused as MissingExtra
from monitor.model import Accepted, Delivery, FindOutcome, NotSent, SendOutcome, TargetBroken, Unreadable

EXTRA = "Apprise is not installed; install it with `pip install 'news-monitor[apprise]'`"


class AppriseSink:
    """Targets are the names in the configuration, each with the address of a service."""

    name = "apprise"
    pace = timedelta(seconds=1)
    settle_after = timedelta(minutes=1)

    def __init__(self, services: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._services = {target: _service(url) for target, url in services.items()}
        self._clock = clock

    async def send(self, delivery: Delivery) -> SendOutcome:
        service = self._services.get(delivery.target)
        if service is None:
            return TargetBroken(f"no service is called {delivery.target!r} in monitor.yaml any more")
        heading, body = _words(delivery, self._clock())
        # It speaks over blocking sockets. Of a failure it only says that there was one.
        done = await asyncio.to_thread(service.notify, body=body, title=heading)
        return Accepted(receipt=f"apprise:{delivery.id}") if done else NotSent("the service did not take it")

    async def edit(self, delivery: Delivery) -> SendOutcome:
        """What was sent stays as it is."""
        return Accepted(receipt=delivery.receipt or f"apprise:{delivery.id}")

    async def find(self, delivery: Delivery) -> FindOutcome:  # noqa: ARG002 - the contract of Sink
        return Unreadable("what the service was given cannot be looked up", lasting=True)

    async def close(self) -> None:
        """Every message has a connection of its own."""


def usable(url: str) -> bool:
    """Whether Apprise knows such an address. Raises Refused when the extra is not installed."""
    return bool(_apprise().Apprise().add(url))


def _service(url: str) -> Any:
    service = _apprise().Apprise()
    service.add(url)
    return service


def _apprise() -> Any:
    try:
        import apprise  # an extra, and slow to load
    except ImportError as e:
        raise MissingExtra(EXTRA) from e
    return apprise


def _words(delivery: Delivery, now: datetime) -> tuple[str, str]:
    assert delivery.message is not None  # noqa: S101 - folded deliveries are never sent
    return title(delivery.message), text(delivery.message, now, thread=bool(delivery.thread_of)).strip()
