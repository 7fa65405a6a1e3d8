"""A day of the daemon in minutes: `python -m benchmarks.soak [--quick]`. Five minutes, with --quick one.

The real daemon, on a clock that runs many times as fast as ours, polls a farm of 1,000 feeds on loopback once an hour;
each has something new every hour, and some of that matches. What it holds (memory, files, connections, threads,
entries that wait to be read) must be as much in the last hours as it was in the first, and the audit must balance.

Entries always wait: 1,000 feeds in an hour of 12.5 s show 80 new ones a second, and each waits some seconds of ours for
its page, so that a few hundred are under way at any moment, also at the end. Only more and more of them are a backlog.
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
from contextlib import suppress
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
MORE_FILES = 4
# Each is kept for 15 s of ours, longer than an hour of that day lasts, so they come and go; still it would be seen if
# one poll in a hundred left one open.
MORE_CONNECTIONS = 1.5
MOST_WAITING_SECONDS = 10  # of ours; what they bring may wait to be read
LEAST_POLLS = 10  # of a feed: a loop that comes round once a second sees the clock jump
DAY_SECONDS = 300.0
QUICK_DAY_SECONDS, QUICK_FEEDS = 48.0, 100
FEEDS = 1_000


@dataclass(frozen=True, slots=True)
class Held:
    """What the daemon's main process holds."""

    megabytes: float
    files: int
    connections: int
    threads: int
    waiting: int  # entries, for their page


def held(pid: int, database: Path) -> Held:
    status = Path(f"/proc/{pid}/status").read_text()
    facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    opened = list(_opened(pid))
    connections = sum(name.startswith("socket:") for name in opened)
    store = Store.reader(database)
    waiting = store.ledger.entry_states().get("waiting", 0)
    store.close()
    memory = int(facts["VmRSS"].split()[0]) / 1024
    return Held(memory, len(opened) - connections, connections, int(facts["Threads"]), waiting)


def _opened(pid: int) -> Iterator[str]:
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed just now
            yield str(descriptor.readlink())


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
            yield held(process.pid, config.parent / "news.db")
        time.sleep(5)  # what was found last is still being read
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def goals(hours: Sequence[Held], most_waiting: float) -> Iterator[tuple[str, bool]]:
    warm, last = hours[WARM_UP : 2 * WARM_UP], hours[-WARM_UP:]
    before, after = max(one.megabytes for one in warm), max(one.megabytes for one in last)
    yield f"memory {before:.0f} → {after:.0f} MB (at most {MORE_MEMORY} times as much)", after <= MORE_MEMORY * before
    files, files_now = max(one.files for one in warm), max(one.files for one in last)
    yield f"files {files} → {files_now} (at most {MORE_FILES} more)", files_now <= files + MORE_FILES
    open_, open_now = max(one.connections for one in warm), max(one.connections for one in last)
    flat = open_now <= MORE_CONNECTIONS * open_
    yield f"connections {open_} → {open_now} (at most {MORE_CONNECTIONS} times as many)", flat
    ran, run = max(one.threads for one in warm), max(one.threads for one in last)
    yield f"threads {ran} → {run} (no more)", run <= ran
    waited, waiting = max(one.waiting for one in warm), max(one.waiting for one in last)
    yield f"entries waiting {waited} → {waiting} (at most {most_waiting:.0f})", waiting <= most_waiting


def report(feeds: int, seconds: float) -> Iterator[tuple[str, bool]]:
    farm = Farm()
    try:
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            farm.control(mode="new", reset=1)
            config = write_config(place, addresses(feeds, farm.port))
            most_waiting = MOST_WAITING_SECONDS * feeds * HOURS / seconds
            yield from goals(list(live(farm, config, place / "log", seconds)), most_waiting)
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
