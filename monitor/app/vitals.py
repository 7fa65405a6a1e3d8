"""Whether the service really works: what the watchdog, /healthz, /readyz and the heartbeat all go by.

Two questions. Is a part of this process stuck, so that a restart would help (`Pulse.stuck`)? And is news coming
through (`troubles`)? A dead network or a blocked channel is trouble, but no restart mends it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.app.workers import Workers
from monitor.spans import spoken
from monitor.store.sqlite.store import Store

# The daemon comes round each second, and the store is written to each ten; but a reload waits up to 30 s for what is
# under way. With all that it is told within a minute.
STUCK_AFTER = timedelta(seconds=45)
WRITE_EVERY = timedelta(seconds=10)
FEEL_EVERY_SECONDS = 0.5

LATE = timedelta(minutes=10)  # for an entry to be read, an alert to be told, a feed to be looked at
LATE_SHARE = 0.05  # of all feeds
FAILING_SHARE = 0.8  # so many do not fail each by itself
FEW_FEEDS = 3


class Pulse:
    """When each part of the process last made progress, on the monotonic clock."""

    def __init__(self, workers: Workers, steady: Callable[[], float] = time.monotonic) -> None:
        self._workers = workers
        self._steady = steady
        self._round_at = self._store_at = steady()
        self._longest_lag = 0.0
        self.store_error: str | None = None

    def came_round(self) -> None:
        """The daemon asked for what is due, and it was begun."""
        self._round_at = self._steady()

    def store_answered(self, error: str | None = None) -> None:
        """The writer did a transaction, or said why it cannot: then it is not stuck, and a restart would not help."""
        self._store_at = self._steady()
        self.store_error = error

    @property
    def wants_a_write(self) -> bool:
        return self._steady() - self._store_at >= WRITE_EVERY.total_seconds()

    def was_late(self, seconds: float) -> None:
        """The event loop did something so much later than it should have."""
        self._longest_lag = max(self._longest_lag, seconds)

    async def feel_the_loop(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await asyncio.sleep(FEEL_EVERY_SECONDS)
            self.was_late(loop.time() - began - FEEL_EVERY_SECONDS)

    def take_lag(self) -> float:
        """The most seconds that the event loop was late since somebody last asked."""
        lag, self._longest_lag = self._longest_lag, 0.0
        return lag

    def stuck(self) -> tuple[str, ...]:
        """The parts that make no progress, in words; none when all is well."""
        now, limit = self._steady(), STUCK_AFTER.total_seconds()
        parts = (
            ("the daemon's own round", now - self._round_at),
            ("the database's writer", now - self._store_at),
            ("a worker process", self._workers.stuck_for.total_seconds()),
        )
        return tuple(f"{part} made no progress for {seconds:.0f} s" for part, seconds in parts if seconds > limit)


def troubles(store: Store, now: datetime, *, up_since: datetime | None = None) -> tuple[str, ...]:
    """Why news may not come through, in words; none when it does.

    Feeds and pages that became due while nobody was at work are not held against one who is only just up.
    """
    unread, untold, unpolled = store.load.unread(now), store.load.untold(), store.load.unpolled(now - LATE)
    is_fresh = up_since is not None and now - up_since <= LATE
    feeds, failing = store.load.feeds()
    found = [*store.notices.words("canary")]
    if feeds >= FEW_FEEDS and failing > feeds * FAILING_SHARE:
        found.append(f"{failing} of {feeds} feeds fail; is the network down?")
    if unpolled.count > feeds * LATE_SHARE and not is_fresh:
        found.append(f"{unpolled.count} of {feeds} feeds were due more than {spoken(LATE)} ago and not looked at")
    if unread.since is not None and now - unread.since > LATE and not is_fresh:
        found.append(f"{unread.count} entries wait to be read, the oldest for {spoken(now - unread.since)}")
    if untold.since is not None and now - untold.since > LATE:
        found.append(f"{untold.count} alerts wait to be told, the oldest for {spoken(now - untold.since)}")
    return tuple(found)
