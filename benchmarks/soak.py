"""A day of the daemon in minutes: `python -m benchmarks.soak [--quick]`. Five minutes, with --quick one.

The real daemon, on a clock that runs many times as fast as ours, polls a farm of 1,000 feeds on loopback once an hour;
each has something new every hour, and some of that matches. What it holds (memory, file descriptors, threads) must be
as much in the last hours as it was in the first, and the audit must balance at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from benchmarks.farm import addresses
from benchmarks.sweep import Farm
from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.daemon import Daemon
from monitor.store.sqlite.store import Store

HOURS = 24
WARM_UP = 6  # hours in which caches fill and the allocator finds its size
MORE_MEMORY = 1.15
MORE_DESCRIPTORS = 16  # connections that are kept open for a while come and go
LEAST_POLLS = 10  # of a feed: a loop that comes round once a second sees the clock jump
DAY_SECONDS = 300.0
QUICK_DAY_SECONDS, QUICK_FEEDS = 48.0, 100
FEEDS = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """What the daemon's main process holds."""

    megabytes: float
    descriptors: int
    threads: int


def held(pid: int) -> Held:
    status = Path(f"/proc/{pid}/status").read_text()
    facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Held(int(facts["VmRSS"].split()[0]) / 1024, descriptors, int(facts["Threads"]))


def fast_clock(speed: float) -> datetime:
    """From the same moment on for whoever asks, so that a file of then tells when that was."""
    began = float(os.environ["SOAK_BEGAN"])
    return datetime.fromtimestamp(began, UTC) + timedelta(seconds=(time.time() - began) * speed)


def serve(config: Path, speed: float) -> None:
    """The daemon, in this process."""
    daemon = Daemon(configuration.load(config), sys.stdout, clock=lambda: fast_clock(speed))
    asyncio.run(daemon.run())


def write_config(place: Path, urls: Sequence[str]) -> Path:
    config = place / "config"
    (config / "rules").mkdir(parents=True)
    feeds = [{"name": f"Farm {number}", "url": url, "every": "1h"} for number, url in enumerate(urls)]
    rules = [{"name": "storms", "match": "title:storm AND title:museum AND title:bridge"}]
    http = {"allow_networks": ["127.0.0.0/8"], "contact": "benchmark", "pace": "0s"}
    monitor = {"database": str(place / "news.db"), "http": http}
    for name, said in {"feeds": {"feeds": feeds}, "monitor": monitor, "rules/rules": {"rules": rules}}.items():
        (config / f"{name}.yaml").write_text(yaml.safe_dump(said), "utf-8")
    return config


def live(farm: Farm, config: Path, log: Path, seconds: float) -> Iterator[Held]:
    """What it holds at the end of each hour of its day."""
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.soak", "--serve", str(config), "--speed", str(HOURS * 3_600 / seconds)],
            env={**os.environ, "SOAK_BEGAN": str(time.time())},
            stdout=output,
            stderr=output,
        )
    try:
        for _ in range(HOURS):
            time.sleep(seconds / HOURS)
            farm.control(reset=1)  # something new in each feed
            if process.poll() is not None:
                raise SystemExit(f"the daemon ended by itself ({process.returncode}): {log.read_text()[-1_000:]}")
            yield held(process.pid)
        time.sleep(5)  # what was found last is still being read
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def goals(hours: Sequence[Held]) -> Iterator[tuple[str, bool]]:
    warm, last = hours[WARM_UP : 2 * WARM_UP], hours[-WARM_UP:]
    before, after = max(one.megabytes for one in warm), max(one.megabytes for one in last)
    yield f"memory {before:.0f} → {after:.0f} MB (at most {MORE_MEMORY} times as much)", after <= MORE_MEMORY * before
    opened, open_now = max(one.descriptors for one in warm), max(one.descriptors for one in last)
    yield f"descriptors {opened} → {open_now} (at most {MORE_DESCRIPTORS} more)", open_now <= opened + MORE_DESCRIPTORS
    ran, run = max(one.threads for one in warm), max(one.threads for one in last)
    yield f"threads {ran} → {run} (no more)", run <= ran


def report(feeds: int, seconds: float) -> Iterator[tuple[str, bool]]:
    farm = Farm()
    try:
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            farm.control(mode="new", reset=1)
            config = write_config(place, addresses(feeds, farm.port))
            yield from goals(list(live(farm, config, place / "log", seconds)))
            yield from _end(place, feeds, seconds)
    finally:
        farm.close()


def _end(place: Path, feeds: int, seconds: float) -> Iterator[tuple[str, bool]]:
    store = Store.reader(place / "news.db")
    # By its own clock, the end of the day.
    balance = audit(store, datetime.now(UTC) + timedelta(hours=HOURS))
    articles = next(iter(store._db.query("select count(*) as n from articles")))["n"]
    polls, entries = sum(store.ledger.polls().values()), store.ledger.entry_states()
    store.close()
    size = (place / "news.db").stat().st_size / 1_000_000
    print(f"{feeds} feeds, {HOURS} hours in {seconds:.0f} s: {polls} polls, {articles} articles; entries {entries}")
    shown = sum(entries.values())
    print(f"database {size:.0f} MB: per 100,000 articles {_each(size, articles)} MB, entries {_each(size, shown)} MB")
    yield f"the audit balances, {balance.matches} matches (at least 1)", balance.balanced and balance.matches > 0
    yield f"{polls / feeds:.1f} polls of each feed (at least {LEAST_POLLS})", polls / feeds >= LEAST_POLLS


def _each(size: float, count: int) -> int:
    return round(size * 100_000 / max(count, 1))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_FEEDS} feeds in {QUICK_DAY_SECONDS:.0f} s")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--speed", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve is not None:
        serve(given.serve, given.speed)
        return 0
    good = True
    size = (QUICK_FEEDS, QUICK_DAY_SECONDS) if given.quick else (FEEDS, DAY_SECONDS)
    for sentence, passed in report(*size):
        print(f"{'PASS' if passed else 'FAIL'}  {sentence}", flush=True)
        good &= passed
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
