"""When: a heartbeat, and cron lines, by APScheduler; the only file that knows it.

There is one job, not one per feed: what is due is asked of the store, so the schedule survives a restart for free.
APScheduler trusts the wall clock; after a step back it would sleep until the old time comes again, so whoever waits for
the beat on the monotonic clock calls `rearm` when it fails to come.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

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


def next_fire(cron: str, zone: ZoneInfo) -> Callable[[datetime], datetime]:
    """When a line of five cron fields, read on the clocks of a zone, is next due after a time. Raises ValueError.

    Days of the week are names: cron counts them from Sunday, APScheduler from Monday. A time that the clocks show twice
    is due the first time, unless the line is for every hour.
    """
    days = cron.split()[-1:]
    if any(character.isdigit() for day in days for character in day):
        raise ValueError("its days of the week are numbers, which mean different days to different programs")
    trigger = CronTrigger.from_crontab(cron, timezone=zone)

    hourly = cron.split()[1].startswith("*")

    def after(now: datetime) -> datetime:
        fire: datetime | None = trigger.get_next_fire_time(None, now + timedelta(seconds=1))
        while fire is not None and fire.astimezone(zone).fold and not hourly:
            fire = trigger.get_next_fire_time(None, fire.astimezone(UTC) + timedelta(seconds=1))
        if fire is None:
            raise ValueError("it is never due")
        return fire.astimezone(UTC)

    after(datetime.now(UTC))
    return after
