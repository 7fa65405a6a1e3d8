"""A feed's own rhythm: how many entries it brings, at which hours, days and minutes, and whether it is lively now.

Newsrooms publish on the hour, sleep at night and come in bursts. All that is kept are sums that fade, so a feed costs
the same however long it is known, and a restart changes nothing. Inside, times are minutes since the epoch, in UTC.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

DAY = 1440.0  # minutes
HALF_LIFE = 14 * DAY  # of what is remembered
LIVELY = 120.0  # minutes that a burst is felt
LONGEST_SPAN = 60 * DAY  # a longer silence tells no more than this

# What is believed of a feed that was never seen, as if it had been seen for so long, and spread evenly.
PRIOR_ENTRIES, PRIOR_MINUTES = 1.0, DAY / 2
PRIOR_HOURS, PRIOR_WEEKEND, PRIOR_MARKS = 20.0, 5.0, 40.0  # entries' worth
WEEKEND_SHARE = 2 / 7
WEEKEND_BOUNDS = (0.15, 1.6)
STEPS, MOST_STEPS = 12, 24 * 14  # in which an expectation is summed up
BURSTS = 2.0  # entries do not come one by one: silences are longer than if they did


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Fading sums: `entries` came in `minutes` that were looked at. The others say when they came."""

    entries: float = 0.0
    minutes: float = 0.0
    hours: tuple[float, ...] = (0.0,) * 24  # entries by hour of the day
    marks: tuple[float, ...] = (0.0,) * 60  # entries by minute of the hour
    weekend: float = 0.0  # entries of Saturdays and Sundays
    came: float = 0.0  # entries of the last hours, and
    expected: float = 0.0  # how many the rest of the rhythm expected for them

    def to_json(self) -> str:
        found = ((name, getattr(self, name)) for name in self.__slots__)
        value = {
            name: [round(item, 4) for item in sums] if isinstance(sums, tuple) else round(sums, 6)
            for name, sums in found
        }
        return json.dumps(value, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> Rhythm:
        """A fresh one for nothing, and for what is not a rhythm."""
        try:
            value = json.loads(text or "{}")
            known: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in value.items()}
            read = cls(**known)
            sums = (read.entries, read.minutes, read.weekend, read.came, read.expected, *read.hours, *read.marks)
            is_whole = (len(read.hours), len(read.marks)) == (24, 60) and all(0 <= item < math.inf for item in sums)
        except (ValueError, TypeError, AttributeError):
            return cls()
        return read if is_whole else cls()


def learn(rhythm: Rhythm, since: datetime, until: datetime, published: Iterable[datetime | None]) -> Rhythm:
    """The rhythm after a look that covered the time from `since` to `until`.

    `published` are the dates of the entries that were new in it. A date that is missing, or that lies outside that
    time and so cannot be right, counts as `until` and says nothing about the minute.
    """
    end = minute_of(until)
    start = end - min(max(end - minute_of(since), 0.0), LONGEST_SPAN)
    believed = [None if date is None else minute_of(date) for date in published]
    return _learnt(rhythm, start, end, [at if at is not None and start < at <= end else None for at in believed])


def first_look(published: Iterable[datetime | None], now: datetime) -> Rhythm:
    """What the dates in a feed's first document tell of its past; the oldest is where the telling begins."""
    oldest = now - timedelta(minutes=LONGEST_SPAN)
    past = sorted(date for date in published if date is not None and oldest < date <= now)
    return learn(Rhythm(), past[0], now, past[1:]) if past else Rhythm()


def rate(rhythm: Rhythm, now: datetime) -> Callable[[float], float]:
    """The entries expected in the minute that begins at a time (minutes since the epoch), as things stand `now`."""
    steady = _steady(rhythm)
    marks = _shares(rhythm.marks, PRIOR_MARKS)
    liveliness = (1 + rhythm.came) / (1 + rhythm.expected) - 1  # above 0 in a burst, below it in a silence
    start = minute_of(now)

    def at(minute: float) -> float:
        fading = math.exp(-max(minute - start, 0.0) / LIVELY)
        return steady(minute) * marks[int(minute) % 60] * (1 + liveliness * fading)

    return at


def expected(rhythm: Rhythm, since: datetime, until: datetime) -> float:
    """The entries expected in a time, by the lasting part of the rhythm."""
    start, end = minute_of(since), minute_of(until)
    steps = min(max(int((end - start) / 60), STEPS), MOST_STEPS)  # an hour each, for that is what a rhythm knows
    return _sum(_steady(rhythm), start, end, steps=steps)


def silence_probability(rhythm: Rhythm, since: datetime, until: datetime) -> float:
    """How likely it is that a feed that is well brings nothing in a time that is over; `rhythm` is that at its end.

    The less of a feed is known, the less its rate can be relied on: a gamma distribution, as wide as its entries leave
    it, stands for that rate. With many of them this is the exponential of what was expected.
    """
    before = _before_silence(rhythm, since, until)
    known = before.entries + PRIOR_ENTRIES
    return math.pow(1 + expected(before, since, until) / known, -known / BURSTS)


def minute_of(time: datetime) -> float:
    return time.timestamp() / 60


def _learnt(rhythm: Rhythm, start: float, end: float, entries: list[float | None]) -> Rhythm:
    span = end - start
    fade, calm = 2 ** (-span / HALF_LIFE), math.exp(-span / LIVELY)
    foreseen = _sum(_steady(rhythm), start, end, steps=STEPS, weight=lambda at: math.exp((at - end) / LIVELY))
    hours, marks = [item * fade for item in rhythm.hours], [item * fade for item in rhythm.marks]
    weekend, came = rhythm.weekend * fade, rhythm.came * calm
    for entry in entries:
        at = end if entry is None else entry
        hours[_hour(at)] += 1
        weekend += _is_weekend(at)
        came += math.exp((at - end) / LIVELY)
        if entry is not None:
            marks[int(entry) % 60] += 1
    return replace(
        rhythm,
        entries=rhythm.entries * fade + len(entries),
        minutes=rhythm.minutes * fade + span,
        hours=tuple(hours),
        marks=tuple(marks),
        weekend=weekend,
        came=came,
        expected=rhythm.expected * calm + foreseen,
    )


def _before_silence(rhythm: Rhythm, since: datetime, until: datetime) -> Rhythm:
    """With as many entries in as much time as were known at the beginning.

    Judged by what it has learnt in the silence, a feed with less than two entries a day would never be odd.
    """
    fade = 2 ** (-min(max(minute_of(until) - minute_of(since), 0.0), LONGEST_SPAN) / HALF_LIFE)
    longest = HALF_LIFE / math.log(2)  # the minutes remembered of a feed that was looked at for ever
    minutes = min(max(rhythm.minutes - longest * (1 - fade), 0.0) / fade, longest)
    return replace(rhythm, entries=rhythm.entries / fade, minutes=minutes)


def _steady(rhythm: Rhythm) -> Callable[[float], float]:
    """Entries a minute by hour and kind of day. A few entries do not make a pattern: all is drawn to an even spread."""
    base = (rhythm.entries + PRIOR_ENTRIES) / (rhythm.minutes + PRIOR_MINUTES)
    around = rhythm.hours
    smooth = [around[hour - 1] / 4 + around[hour] / 2 + around[(hour + 1) % 24] / 4 for hour in range(24)]
    hours = _shares(smooth, PRIOR_HOURS)
    share = (rhythm.weekend + PRIOR_WEEKEND * WEEKEND_SHARE) / (sum(around) + PRIOR_WEEKEND)
    least, most = WEEKEND_BOUNDS
    weekend = min(max(share / WEEKEND_SHARE, least), most)
    weekday = (1 - share) / (1 - WEEKEND_SHARE)
    return lambda minute: base * hours[_hour(minute)] * (weekend if _is_weekend(minute) else weekday)


def _shares(counts: Iterable[float], prior: float) -> list[float]:
    """How much more than its even share falls to each, `prior` entries having been spread evenly before."""
    counts = list(counts)
    total, even = sum(counts) + prior, prior / len(counts)
    return [len(counts) * (count + even) / total for count in counts]


def _sum(
    of: Callable[[float], float],
    start: float,
    end: float,
    *,
    steps: int,
    weight: Callable[[float], float] = lambda _: 1.0,
) -> float:
    width = (end - start) / steps
    middles = (start + (step + 0.5) * width for step in range(steps))
    return sum(of(middle) * weight(middle) for middle in middles) * width


def _hour(minute: float) -> int:
    return int(minute // 60) % 24


def _is_weekend(minute: float) -> bool:
    return (int(minute // DAY) + 3) % 7 >= 5  # the epoch began on a Thursday
