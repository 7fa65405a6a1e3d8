"""Whether a rule is silent in a way that is not like it. Pure arithmetic on when it matched.

News comes in bursts, so the measure is not how many matches there should have been but how long the rule has been
silent before: it is odd when it is silent for three times its longest silence in eight weeks, weekends and nights
included, and when these would have been days of the week on which it usually matches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

WINDOW = timedelta(weeks=8)
LEAST_KNOWN = timedelta(weeks=4)  # from its first match in the window to its last
FEWEST_MATCHES = 20
TIMES = 3  # its longest silence
LEAST_SILENCE = timedelta(days=1)
LEAST_EXPECTED = 1.0  # days with a match

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Silence:
    """`usual`: the longest one before. `expected`: on how many of its days the rule usually would have matched."""

    since: datetime
    usual: timedelta
    expected: float


def odd_silence(matches: Sequence[datetime], now: datetime) -> Silence | None:
    """`matches`: of the last eight weeks before `now`, in order. None: all as ever, or too little is known."""
    if len(matches) < FEWEST_MATCHES or matches[-1] - matches[0] < LEAST_KNOWN:
        return None
    since, usual = matches[-1], max(later - earlier for earlier, later in pairwise(matches))
    if now - since < max(TIMES * usual, LEAST_SILENCE):
        return None
    expected = _expected(matches, since, now)
    return Silence(since, usual, expected) if expected >= LEAST_EXPECTED else None


def _expected(matches: Sequence[datetime], since: datetime, now: datetime) -> float:
    """Days of the silence, each weighed by the share of its like on which there was a match."""
    known = [matches[0].date() + n * _DAY for n in range((matches[-1].date() - matches[0].date()).days + 1)]
    active = {match.date() for match in matches}
    shares = [
        sum(day in active for day in known if day.weekday() == weekday)
        / max(sum(day.weekday() == weekday for day in known), 1)
        for weekday in range(7)
    ]
    days = (now - since) // _DAY
    return sum(shares[(since + (n + 1) * _DAY).weekday()] for n in range(days))
