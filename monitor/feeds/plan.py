"""When the next look at a feed is worth its request.

A look costs a price, and so does every minute that an entry waits to be seen; the cheapest series of looks over the
next hours is found, and its first one is made. One price for all feeds spends a budget where it does most good: the
looks go to the feeds, hours and minutes that bring entries. This is the retrieval delay of Sia and Cho ("Efficient
Monitoring Algorithm for Fast News Alerts", TKDE 2007), minimised by dynamic programming.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import accumulate

from monitor.feeds import rhythm as rhythms
from monitor.feeds.rhythm import DAY, Rhythm, minute_of

SLOT = 5  # minutes: looks are planned for one past each mark, when what was due at the mark is there
HORIZON = 2.5  # times the wait at an even rate
LEAST_HORIZON, MOST_HORIZON = 60, 720  # minutes

# A wait that is longer than most of what the budget would allow for every feed alike costs more by the minute. It
# keeps the slowest alerts from paying for the others.
LONG_WAIT = 0.9  # times the even interval
LONG_WAIT_WEIGHT = 4.0

FULL = 1 / 3  # of what the document shows may be new at the next look, or entries may have come and gone
START_PRICE = 4.0  # entry-minutes a request: about START_BUDGET requests a feed and day
START_BUDGET = 36.0
PRICES = (0.01, 10_000.0)


def next_wait(
    rhythm: Rhythm,
    now: datetime,
    *,
    price: float,
    budget: float,
    least: timedelta,
    most: timedelta,
    window: int | None = None,
) -> timedelta:
    """How long to wait, between `least` and `most`.

    `price` in entry-minutes a request, `budget` in requests a feed and day, `window`: the entries that the feed's
    document shows. About 0.2 ms.
    """
    shortest = max(least / timedelta(minutes=1), 1.0)
    longest = max(most / timedelta(minutes=1), shortest)
    start = math.floor(minute_of(now))
    horizon = _horizon(rhythm, price, longest)
    at = rhythms.rate(rhythm, now)
    rates = [at(start + step) for step in range(horizon + 1)]
    entries = [0.0, *accumulate(rates)]  # expected before each minute
    moments = [0.0, *accumulate(rate * (step + 0.5) for step, rate in enumerate(rates))]
    nodes = [0, *_candidates(start, horizon, shortest)]
    step = _first_step(nodes, entries, moments, price=price, long_wait=int(LONG_WAIT * DAY / budget), least=shortest)
    if window:
        step = min(step, _until(entries, max(window * FULL, 1.0)))
    minutes = start + step - minute_of(now)
    return timedelta(minutes=min(max(minutes, shortest), longest))


def start_price(budget: float) -> float:
    """A price to begin with. Requests grow as the root of the price falls, as they do at an even rate."""
    return START_PRICE * (START_BUDGET / budget) ** 2


def adjusted(price: float, *, spent: float, budget: float) -> float:
    """The price that leads nearer to the budget; both in requests a feed and day."""
    least, most = PRICES
    off = min(max(spent / budget, 0.25), 4.0)
    return min(max(price * math.sqrt(off), least), most)


def _horizon(rhythm: Rhythm, price: float, longest: float) -> int:
    base = (rhythm.entries + rhythms.PRIOR_ENTRIES) / (rhythm.minutes + rhythms.PRIOR_MINUTES)
    flat = math.sqrt(2 * price / base)
    return int(min(max(flat * HORIZON, LEAST_HORIZON), MOST_HORIZON, max(2 * longest, LEAST_HORIZON)))


def _candidates(start: int, horizon: int, least: float) -> list[int]:
    """The minutes after `start` at which a look may be planned; the horizon is one, so that there is a path to it."""
    found = [step for step in range(-start % SLOT + 1, horizon, SLOT) if step >= least]
    return [*found, horizon]


def _first_step(
    nodes: list[int], entries: list[float], moments: list[float], *, price: float, long_wait: int, least: float
) -> int:
    """The first step of the cheapest path from the first node to the last."""
    cheapest = [0.0] + [math.inf] * (len(nodes) - 1)
    first = [0] * len(nodes)
    for there in range(1, len(nodes)):
        end = nodes[there]
        came, moment = entries[end], moments[end]
        for here in range(there - 1, -1, -1):
            begin = nodes[here]
            if end - begin < least and here:
                continue
            # The waits of what comes between the two looks, summed: (end - s) over every entry at s.
            cost = cheapest[here] + price + end * (came - entries[begin]) - (moment - moments[begin])
            late = end - long_wait
            if late > begin:
                long = late * (entries[late] - entries[begin]) - (moments[late] - moments[begin])
                cost += LONG_WAIT_WEIGHT * long
            if cost < cheapest[there]:
                cheapest[there], first[there] = cost, first[here] or end
    return first[-1]


def _until(entries: list[float], most: float) -> int:
    """The minute before which at most so many entries are expected."""
    return next((step for step, came in enumerate(entries) if came > most), len(entries))
