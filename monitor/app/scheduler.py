"""When: a heartbeat by APScheduler; the only file that knows it.

There is one job, not one per feed: what is due is asked of the store, so the schedule survives a restart for free.
APScheduler trusts the wall clock; after a step back it would sleep until the old time comes again, so whoever waits for
the beat on the monotonic clock calls `rearm` when it fails to come.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

BEAT_SECONDS = 1


class Heartbeat:
    """Calls `beat` in the event loop, once a second."""

    def __init__(self, beat: Callable[[], None]) -> None:
        async def tick() -> None:
            beat()

        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._job = self._scheduler.add_job(
            tick, "interval", seconds=BEAT_SECONDS, coalesce=True, misfire_grace_time=None, max_instances=1
        )

    def start(self) -> None:
        self._scheduler.start()

    def rearm(self) -> None:
        """Beat now, whatever the clock said before."""
        self._job.modify(next_run_time=datetime.now(UTC))

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
