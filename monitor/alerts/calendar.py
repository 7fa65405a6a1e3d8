"""Quiet hours by weekday and time zone, over every change of the clocks. Pure functions of now, in UTC.

An hour that the clocks skip or repeat makes quiet longer, never shorter: a time that comes twice begins quiet the first
time and ends it the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = frozenset(range(7))  # Monday is 0
LONGEST = timedelta(days=7)  # hours that follow one another for ever end all the same


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `start` on each of `days` until the next `end`, on the clocks of `zone`."""

    start: time
    end: time
    zone: ZoneInfo
    days: frozenset[int] = EVERY_DAY  # on which it begins

    def until(self, now: datetime) -> datetime | None:
        """When the quiet that reigns now is over; None when there is none."""
        today = now.astimezone(self.zone).date()
        ends = (
            self._utc(day if self.start < self.end else day + timedelta(days=1), self.end, max)
            for day in (today - timedelta(days=1), today)
            if day.weekday() in self.days and self._utc(day, self.start, min) <= now
        )
        return max((end for end in ends if end > now), default=None)

    def _utc(self, day: date, clock: time, choose: Callable[[datetime, datetime], datetime]) -> datetime:
        local = datetime.combine(day, clock, self.zone)
        return choose(local.astimezone(UTC), local.replace(fold=1).astimezone(UTC))


def quiet_until(hours: Iterable[Quiet], now: datetime) -> datetime | None:
    """When it is quiet no more, hours that follow one another taken together; None when it is not quiet now."""
    hours, end = tuple(hours), now
    while later := max((until for quiet in hours if (until := quiet.until(end)) is not None), default=None):
        end = later
        if end - now >= LONGEST:
            break
    return end if end > now else None
