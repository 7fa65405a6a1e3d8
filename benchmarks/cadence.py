"""How soon news is seen for so many requests: `python -m benchmarks.cadence FOLDER`.

Replays publication times (text files, one Unix time a line) against the real scheduling functions, a fixed interval and
Miniflux's entry_frequency, each at the same requests a feed and day. A feed shows its latest 25 entries; what rolled
off before anybody looked is missed. The last 60 days of each trace count, the ten before them warm up. Without a
folder, feeds are made up: with day and night, weekends, bursts, hourly timers, and a change of pace.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from monitor.feeds import plan, rhythm

DAY = 86_400.0
COUNTED, WARM_UP = 60 * DAY, 10 * DAY
WINDOW = 25
TARGETS = (12, 24, 36, 48, 96)
LEAST, MOST = timedelta(minutes=5), timedelta(hours=2)

Trace = Sequence[float]
Policy = Callable[["Feed", float], float]  # (feed, now) -> seconds to wait


class Feed:
    """What a policy may know of a feed: what was seen of it."""

    def __init__(self, history: Trace, now: float) -> None:
        self.seen = list(history)
        self.rhythm = rhythm.first_look([_time(at) for at in history], _time(now))

    def look(self, since: float, now: float, new: Trace) -> None:
        self.seen = [at for at in (*self.seen, *new) if at > now - 7 * DAY]
        self.rhythm = rhythm.learn(self.rhythm, _time(since), _time(now), [_time(at) for at in new])


@dataclass(frozen=True, slots=True)
class Outcome:
    """Delays in minutes."""

    requests: float  # a feed and day
    delays: tuple[float, ...]  # sorted
    missed: float  # per cent

    @property
    def mean(self) -> float:
        return sum(self.delays) / len(self.delays)

    def quantile(self, share: float) -> float:
        return self.delays[min(int(share * len(self.delays)), len(self.delays) - 1)]


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def fixed(requests: float) -> Policy:
    return lambda _feed, _now: DAY / requests


def entry_frequency(factor: float) -> Policy:
    """Miniflux's: a week divided by the entries of the last one, between 5 minutes and a day."""

    def wait(feed: Feed, now: float) -> float:
        weekly = sum(at > now - 7 * DAY for at in feed.seen)
        return min(max(7 * DAY / max(weekly * factor, 1e-9), 300.0), DAY)

    return wait


def planned(price: float, budget: float) -> Policy:
    def wait(feed: Feed, now: float) -> float:
        chosen = plan.next_wait(
            feed.rhythm, _time(now), price=price, budget=budget, least=LEAST, most=MOST, window=WINDOW
        )
        return chosen.total_seconds()

    return wait


def simulate(trace: Trace, policy: Policy) -> tuple[int, list[float], int, float]:
    """(requests, delays in minutes, missed entries, days) of one feed."""
    end = trace[-1]
    start = max(trace[0], end - COUNTED)
    now = max(trace[0], start - WARM_UP)
    known = bisect_right(trace, now)
    feed = Feed(trace[max(0, known - WINDOW) : known], now)
    requests, delays, missed = 0, list[float](), 0
    while now < end:
        then = now + policy(feed, now)
        upto = bisect_right(trace, then)
        lost = max(0, upto - known - WINDOW)
        if then > start:
            requests += 1
            missed += sum(at > start for at in trace[known : known + lost])
            delays += [(then - at) / 60 for at in trace[known + lost : upto] if at > start]
        feed.look(now, then, trace[known + lost : upto])
        now, known = then, upto
    return requests, delays, missed, (end - start) / DAY


def run(traces: Sequence[Trace], policy: Policy) -> Outcome:
    parts = [simulate(trace, policy) for trace in traces]
    delays = sorted(delay for _, found, _, _ in parts for delay in found)
    missed = sum(lost for _, _, lost, _ in parts)
    requests = sum(count for count, _, _, _ in parts) / sum(days for _, _, _, days in parts)
    return Outcome(requests, tuple(delays), 100 * missed / (len(delays) + missed))


def at_requests(traces: Sequence[Trace], target: float, of: Callable[[float], Policy], start: float) -> Outcome:
    """The policy with its one parameter set so that it spends the target; more of the parameter, fewer requests."""
    value, found = start, run(traces, of(start))
    for _ in range(6):
        if abs(found.requests / target - 1) <= 0.01:
            break
        value *= (found.requests / target) ** 1.8
        found = run(traces, of(value))
    return found


def made_up(seed: int = 7, feeds: int = 16, days: int = 75) -> list[Trace]:
    """Feeds of every kind, by chance."""
    chance = random.Random(seed)
    return [_made_up(chance, days, kind=number % 4) for number in range(feeds)]


def _made_up(chance: random.Random, days: int, *, kind: int) -> Trace:
    rate = min(max(chance.lognormvariate(math.log(12), 1.0), 1.5), 120)  # a day
    if kind == 0:  # a timer, on the hour with a few minutes' delay
        hours = [h for h in range(24) if chance.random() < min(rate / 24, 1)] or [8]
        return sorted(d * DAY + h * 3_600 + chance.uniform(0, 180) for d in range(days) for h in hours)
    peak, lull = chance.uniform(7, 17), chance.uniform(0.2, 1.0)
    trace: list[float] = []
    for hour in range(days * 24):
        day, clock = hour // 24, hour % 24
        level = rate / 24 * (1 + math.cos((clock - peak) / 24 * 2 * math.pi))
        if (day + 3) % 7 >= 5:
            level *= lull
        if kind == 2 and day > days * 2 // 3:
            level *= 3  # another pace from here on
        if kind == 3 and chance.random() < 0.02:
            level += chance.uniform(5, 15)  # a burst
        for _ in range(_poisson(chance, level)):
            at = chance.choice((0.0, 1_800.0)) if chance.random() < 0.3 else chance.uniform(0, 3_600)
            trace.append(hour * 3_600 + min(at + chance.uniform(0, 60), 3_599))
    return sorted(trace)


def _poisson(chance: random.Random, mean: float) -> int:
    count, left = 0, math.exp(-mean)
    product = chance.random()
    while product > left:
        count += 1
        product *= chance.random()
    return count


def report(traces: Sequence[Trace]) -> Iterator[tuple[str, bool]]:
    """Prints the table as it goes; yields the goals."""
    print(f"{len(traces)} feeds, delays in minutes")
    print(f"{'':24}{'requests':>9}{'mean':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'missed %':>10}")
    for target in TARGETS:
        even = run(traces, fixed(target))
        miniflux = at_requests(traces, target, lambda value: entry_frequency(1 / value), 0.3)
        ours = at_requests(traces, target, partial(planned, budget=target), plan.start_price(target))
        for name, found in (("fixed", even), ("miniflux", miniflux), ("news-monitor", ours)):
            quantiles = "".join(f"{found.quantile(share):8.1f}" for share in (0.5, 0.95, 0.99))
            label = f"{name} at {target}"
            print(f"{label:24}{found.requests:9.1f}{found.mean:8.1f}{quantiles}{found.missed:10.2f}", flush=True)
        mean, median = ours.mean / even.mean, ours.quantile(0.5) / even.quantile(0.5)
        tail = ours.quantile(0.99) / even.quantile(0.99)
        if target == 24:
            yield f"mean at 24: {mean:.2f} × fixed (at most 0.58)", mean <= 0.58
            yield f"median at 24: {median:.2f} × fixed (at most 0.40)", median <= 0.40
        if target == 48:
            yield f"mean at 48: {mean:.2f} × fixed (at most 0.60)", mean <= 0.60
        if target == 36:
            yield f"missed at 36: {ours.missed:.2f} % (at most 0.1)", ours.missed <= 0.1
        yield f"p99 at {target}: {tail:.2f} × fixed (at most 1.2)", tail <= 1.2


def decision_ms(traces: Sequence[Trace]) -> float:
    """CPU of one decision with what it learns, at the busiest feed."""
    trace = max(traces, key=len)
    feed, policy = Feed(trace[:500], trace[500]), planned(4, 36)
    started = time.process_time()
    for at in trace[500:1_000]:
        policy(feed, at)
        feed.look(at - 600, at, [at])
    return (time.process_time() - started) * 1000 / len(trace[500:1_000])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="?")
    folder: Path | None = parser.parse_args().folder
    traces: list[Trace] = made_up()
    if folder is not None:
        files = sorted(folder.glob("*.txt"))
        traces = [sorted(map(float, file.read_text().split())) for file in files]
    goals = list(report(traces))
    cost = decision_ms(traces)
    goals.append((f"a decision: {cost:.2f} ms of CPU (at most 1)", cost <= 1))
    for sentence, good in goals:
        print(f"{'PASS' if good else 'FAIL'}  {sentence}")
    return 0 if all(good for _, good in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
