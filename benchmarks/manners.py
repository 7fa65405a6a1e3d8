"""How the daemon treats hosts, and what they can do to it: `python -m benchmarks.manners`. About a minute.

The real daemon and real sockets on loopback. A hundred hosts that take connections and say nothing, beside good feeds:
how late are those? Then hosts that ask for an hour's rest, and a daemon that is started again and again: does any of
them, or any other feed, hear from us too early?
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

from benchmarks.farm import addresses, pit_addresses
from benchmarks.sweep import Farm, daemon, wait_for, write_config

GOOD = 100
PITS, FEEDS_OF_A_PIT = 100, 3
EVERY, LOOKS_SECONDS = 6, 20
RESTARTS, LIFE_SECONDS = 20, 0.5
AN_HOUR = 3_600
STARTED = " started  feeds="  # in the log of a daemon

Verdict = tuple[str, bool]


def looks(farm: Farm) -> dict[str, list[float]]:
    """When each feed was asked, in seconds."""
    with urllib.request.urlopen(f"http://127.0.0.1:{farm.port}/_control?looks=1") as answer:
        found: dict[str, list[float]] = json.load(answer)["looks"]
        return found


def tar_pits(farm: Farm, place: Path) -> Iterator[Verdict]:
    urls = addresses(GOOD, farm.port)
    config = write_config(place, [*pit_addresses(PITS, FEEDS_OF_A_PIT, farm.pit), *urls], EVERY)
    farm.control(mode="same", reset=1)
    with daemon(config, place):
        wait_for(farm, GOOD, fresh=False)
        time.sleep(LOOKS_SECONDS)
        asked, pits = looks(farm), farm.control()["pits"]
    waits = [later - earlier for times in asked.values() for earlier, later in pairwise(times)]
    worst = max(waits)
    yield f"{pits:.0f} connections to {PITS} hosts that say nothing", pits >= PITS
    yield f"{len(asked)} of {GOOD} good feeds were asked again", all(len(times) > 1 for times in asked.values())
    words = f"good feeds, due every {EVERY} s, were asked again after {median(waits):.1f} s, {worst:.1f} s at most"
    yield f"{words} (less than {2 * EVERY})", worst < 2 * EVERY


def restarted(config: Path, place: Path, *, times: int = RESTARTS) -> None:
    """The daemon started again so often, each time for long enough to ask for what it takes to be due."""
    for _ in range(times):
        log = place / "daemon.log"
        starts = log.read_text().count(STARTED) if log.exists() else 0
        with daemon(config, place):
            while not log.exists() or log.read_text().count(STARTED) == starts:
                time.sleep(0.1)
            time.sleep(LIFE_SECONDS)


def restarts(farm: Farm, place: Path) -> Iterator[Verdict]:
    urls = addresses(GOOD, farm.port)
    config = write_config(place, urls, AN_HOUR)
    farm.control(mode="same", reset=1)
    with daemon(config, place):
        wait_for(farm, GOOD, fresh=False)
        time.sleep(1)  # what was fetched last is still being read
    restarted(config, place)
    said = farm.control()
    yield f"{said['requests']:.0f} requests for {GOOD} hourly feeds, {RESTARTS} restarts", said["requests"] == GOOD


def rests(farm: Farm, place: Path) -> Iterator[Verdict]:
    config = write_config(place, addresses(GOOD, farm.port), AN_HOUR)
    farm.control(mode="same", patience=AN_HOUR, reset=1)
    restarted(config, place, times=RESTARTS // 4)
    said = farm.control(patience=0)
    yield (
        f"{said['held']:.0f} hosts asked for an hour's rest, {said['early']:.0f} requests within it",
        not said["early"],
    )


def main() -> int:
    farm, failed = Farm(), 0
    try:
        for part in (tar_pits, restarts, rests):
            with tempfile.TemporaryDirectory(prefix="manners-") as place:
                for sentence, good in part(farm, Path(place)):
                    failed += not good
                    print(f"{'PASS' if good else 'FAIL'}  {sentence}", flush=True)
    finally:
        farm.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
