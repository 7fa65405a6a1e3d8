"""Whose turn it is to be asked: few at once, spaced per host, and no word to a host that asked to be left alone.

A host is a host name; its two usual ports are one server, any other port is another one. So a wait that was asked for
over https also holds http, and two programs on one machine do not answer for each other.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from monitor.errors import FetchError
from monitor.http_hints import LONGEST
from monitor.urls import REMEMBERED

MOST_HOLDS: Final = 10_000
FORGET_EVERY_SECONDS: Final = 1.0  # hosts that nobody asks any more

_USUAL_PORTS = frozenset({None, 80, 443})


@lru_cache(REMEMBERED)
def host_of(url: str) -> str:
    """The key of the server that a request for the address would trouble."""
    parts = urlsplit(url)
    name = (parts.hostname or "").rstrip(".")
    if ":" in name:
        name = f"[{name}]"
    return name if parts.port in _USUAL_PORTS else f"{name}:{parts.port}"


class Holds:
    """The hosts that asked to be left alone, and until when."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._until: dict[str, datetime] = {}

    def add(self, host: str, until: datetime) -> bool:
        """Whether that makes a difference: a wait is never shortened, and never longer than a week."""
        now = self._clock()
        until = min(until, now + LONGEST)
        if until <= self._until.get(host, now):
            return False
        if len(self._until) >= MOST_HOLDS:
            self._until = dict(self.now())
        if len(self._until) >= MOST_HOLDS:
            del self._until[min(self._until, key=self._until.__getitem__)]
        self._until[host] = until
        return True

    def now(self) -> Mapping[str, datetime]:
        now = self._clock()
        return {host: until for host, until in self._until.items() if until > now}

    def of(self, host: str) -> datetime | None:
        """Until when a host is to be left alone; None when it may be asked."""
        until = self._until.get(host)
        return until if until is not None and until > self._clock() else None

    def check(self, host: str) -> None:
        """Raises FetchError while the host is to be left alone."""
        until = self._until.get(host)
        left = until - self._clock() if until else timedelta()
        if until and left > timedelta():
            at = f"{until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
            raise FetchError(f"{host} asked to be left alone until {at}", status=429, retry_after=left)


@dataclass(slots=True)
class _Host:
    places: asyncio.Semaphore
    door: asyncio.Lock = field(default_factory=asyncio.Lock)  # one starts at a time, in the order of arrival
    users: int = 0
    gap: float = 0.0  # the widest that was asked for, in seconds
    last_start: float = -math.inf  # on the loop's clock


class Gate:
    """At most so many requests at once, so many to one host, and a least time between two starts there."""

    def __init__(self, holds: Holds, *, per_host: int, at_once: int, pace: timedelta) -> None:
        self._holds = holds
        self._per_host = per_host
        self._all = asyncio.Semaphore(at_once)
        self._pace = pace
        self._hosts: dict[str, _Host] = {}
        self._forgetting = False

    @asynccontextmanager
    async def turn(self, name: str, pace: timedelta = timedelta()) -> AsyncIterator[None]:
        """Waits until the host may be asked, at its own `pace` if that is slower. Raises FetchError on hold."""
        loop = asyncio.get_running_loop()
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(asyncio.Semaphore(self._per_host))
        gap = max(self._pace, pace).total_seconds()
        host.gap = max(host.gap, gap)
        host.users += 1
        try:
            async with host.places:
                async with host.door:
                    self._holds.check(name)
                    wait = host.last_start + gap - loop.time()
                    if wait > 0:
                        await asyncio.sleep(wait)
                    # Last, so that those who wait for a slow host take nobody else's place.
                    await self._all.acquire()
                    host.last_start = loop.time()
                try:
                    self._holds.check(name)  # it may have asked while we waited
                    yield
                finally:
                    self._all.release()
        finally:
            host.users -= 1
            self._forget_later(loop)

    def _forget_later(self, loop: asyncio.AbstractEventLoop) -> None:
        """All of a second together: a timer for each request would cost more than its turn does."""
        if not self._forgetting:
            self._forgetting = True
            loop.call_later(FORGET_EVERY_SECONDS, self._forget, loop)

    def _forget(self, loop: asyncio.AbstractEventLoop) -> None:
        now, hosts = loop.time(), self._hosts
        for name in [name for name, host in hosts.items() if not host.users and host.last_start + host.gap <= now]:
            del hosts[name]
        self._forgetting = False
        if hosts:
            self._forget_later(loop)
