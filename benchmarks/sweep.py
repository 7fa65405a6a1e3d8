"""What a look at a feed costs: `python -m benchmarks.sweep [--feeds 300,1000,5000] [--rounds 3] [--peers DIR]`.

The real daemon polls a farm of feeds on loopback; CPU is that of its whole process tree, divided by the polls that the
farm counted. Beside it, in the same rounds: aiohttp alone (the limit), a plain script, lemon24/reader and urlwatch,
each in an environment of its own under DIR (made when it is not there; without a package index they are left out).
How the cost grows with the number of feeds is judged by a farm that closes its connections, as in a benchmark few feeds
are asked so often that theirs stay open. Last, how long a sweep takes when every answer does, and how many requests a
host has to bear at once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import yaml

from benchmarks.farm import addresses
from monitor.app.starter import starter_directory

HERE = Path(__file__).parent
PEERS = {"naive": ["requests", "feedparser"], "reader": ["reader", "sgmllib3k"], "urlwatch": ["urlwatch"]}
SCRIPTS = {"bare": "bare.py", "naive": "naive.py", "reader": "reader_sweep.py", "urlwatch": "urlwatch_sweep.py"}
MODES = ("same", "restamped", "new")
SLOWEST_PEERS_UP_TO = 1_000  # feeds; beyond, only the quick ones run
SLOW_FEEDS, LATENCY_SECONDS = 300, 0.06
CLOSING = "and closing"  # connections, as servers do that are asked every few minutes: 300 feeds are asked more often
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians over the rounds."""

    cpu_ms: float  # for a feed
    taken: float  # share of the possible 304s


class Farm:
    """The farm's process, and its control."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.farm"], stdout=subprocess.PIPE, text=True, cwd=HERE.parent
        )
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        ports = json.loads(self._process.stdout.readline())
        self.port, self.pit = int(ports["port"]), int(ports["pit"])

    def control(self, **settings: object) -> dict[str, float]:
        query = "&".join(f"{name}={value}" for name, value in settings.items())
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_control?{query}") as answer:
            said: dict[str, float] = json.load(answer)
            return said

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def tree_cpu(root: int) -> float:
    """Seconds of user and system time of a process and all below it, dead children included."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            used[int(entry.name)] = sum(map(int, fields[11:15])) / TICKS
    below = {root}
    while grown := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= grown
    return sum(used.get(pid, 0.0) for pid in below)


def memory_mb(pid: int) -> float:
    """The most that a process ever held."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def write_config(place: Path, urls: list[str], every: int) -> Path:
    config = place / "config"
    shutil.rmtree(config, ignore_errors=True)
    for part in ("rules", "concepts"):
        shutil.copytree(starter_directory() / part, config / part)
    feeds = [{"name": f"Farm {n}", "url": url, "every": f"{every}s"} for n, url in enumerate(urls)]
    monitor = {
        "database": str(place / "news.db"),
        "http": {"allow_networks": ["127.0.0.0/8"], "contact": "benchmark"},
    }
    (config / "feeds.yaml").write_text(json.dumps({"feeds": feeds}))
    (config / "monitor.yaml").write_text(yaml.safe_dump(monitor))
    return config


@contextmanager
def daemon(config: Path, place: Path) -> Iterator[int]:
    with (place / "daemon.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "--config", str(config), "run"], stdout=log, stderr=log, cwd=HERE.parent
        )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def wait_for(farm: Farm, answers: int, *, fresh: bool) -> dict[str, float]:
    """Until the farm has given so many answers (`fresh`: with a body) since its last reset."""
    limit = time.monotonic() + 600
    while time.monotonic() < limit:
        said = farm.control()
        if said["requests"] - (said["not_modified"] if fresh else 0) >= answers:
            return said
        time.sleep(0.2)
    raise SystemExit(f"the daemon did not get through its feeds in 600 s: {farm.control()}")


def digest(database: Path) -> None:
    """Until nothing that was seen waits to be read."""
    limit = time.monotonic() + 600
    with closing(sqlite3.connect(database)) as db:
        while db.execute("select count(*) from entries where next_read_at is not null").fetchone()[0]:
            if time.monotonic() > limit:
                raise SystemExit("the daemon did not get through what it saw in 600 s")
            time.sleep(0.2)


def ours(farm: Farm, place: Path, urls: list[str], mode: str) -> tuple[Figures, float]:
    """One round of a new daemon in one mode, after it has seen all feeds; and its main process' memory."""
    count, place = len(urls), Path(tempfile.mkdtemp(dir=place))
    config = write_config(place, urls, max(4, count // 120))
    farm.control(mode=mode, reset=1)
    with daemon(config, place) as pid:
        wait_for(farm, 2 * count, fresh=False)  # once for the first sight, once more for all to be known
        digest(place / "news.db")
        farm.control(reset=1)
        before = tree_cpu(pid)
        said = wait_for(farm, count, fresh=mode == "new")
        time.sleep(1)  # what was fetched last is still being read
        cpu = tree_cpu(pid) - before
        polls = count if mode == "new" else farm.control()["requests"]
        return Figures(cpu * 1000 / polls, said["not_modified"] / max(said["possible"], 1)), memory_mb(pid)


class Peer:
    """A peer's process; each line it is given is a sweep."""

    def __init__(self, name: str, python: Path, urls: Path, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        script = HERE / "peers" / SCRIPTS[name]
        self._process = subprocess.Popen(
            [python, script, urls, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, stderr=sys.stderr
        )

    def sweep(self) -> dict[str, float]:
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        said: dict[str, float] = json.loads(self._process.stdout.readline())
        return said

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def environments(directory: Path) -> dict[str, Path]:
    """The Python of each peer that can be had."""
    found = {"bare": Path(sys.executable)}
    for name, packages in PEERS.items():
        python = directory / name / "bin" / "python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", directory / name], check=True)
            done = subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=False)
            if done.returncode:
                shutil.rmtree(directory / name)
                print(f"{name}: cannot be installed here, left out", flush=True)
                continue
        found[name] = python
    return found


def measure(
    farm: Farm, place: Path, count: int, rounds: int, pythons: dict[str, Path]
) -> dict[str, dict[str, Figures]]:
    """name → mode → figures."""
    urls = addresses(count, farm.port)
    listed = place / "urls.txt"
    listed.write_text("\n".join(urls))
    wanted = [name for name in pythons if count <= SLOWEST_PEERS_UP_TO or name == "bare"]
    farm.control(mode="same", reset=1)
    peers = {name: Peer(name, pythons[name], listed, place / name) for name in wanted}
    for peer in peers.values():
        peer.sweep()
    rows: dict[str, dict[str, list[Figures]]] = {}
    memory = 0.0
    try:
        for number in range(rounds):
            for mode in MODES:
                figures, held = ours(farm, place, urls, mode)
                memory = max(memory, held)
                rows.setdefault("news-monitor", {}).setdefault(mode, []).append(figures)
                for name, peer in peers.items():
                    farm.control(mode=mode)
                    peer.sweep()  # what came since its last look is not to count
                    farm.control(reset=1)
                    cpu = peer.sweep()["cpu"]
                    said = farm.control()
                    taken = said["not_modified"] / max(said["possible"], 1)
                    rows.setdefault(name, {}).setdefault(mode, []).append(Figures(cpu * 1000 / count, taken))
            print(f"  round {number + 1} of {rounds} done", flush=True)
        farm.control(closing=1)
        for mode in MODES:
            figures, _ = ours(farm, place, urls, mode)
            rows.setdefault(CLOSING, {})[mode] = [figures]
    finally:
        farm.control(closing=0)
        for peer in peers.values():
            peer.close()
    print(f"  main process: {memory:.0f} MB at most")
    return {
        name: {
            mode: Figures(median(f.cpu_ms for f in figures), min(f.taken for f in figures))
            for mode, figures in modes.items()
        }
        for name, modes in rows.items()
    } | {"memory": {"same": Figures(memory, 1.0)}}


def slow_sweep(farm: Farm, place: Path, pythons: dict[str, Path]) -> Iterator[tuple[str, bool]]:
    """One sweep over feeds whose answers take their time: from the first request to the last answer."""
    urls = addresses(SLOW_FEEDS, farm.port)
    listed = place / "urls.txt"
    listed.write_text("\n".join(urls))
    config = write_config(place, urls, 3_600)
    farm.control(mode="same", latency=LATENCY_SECONDS, reset=1)
    for now in ([], ["--now"]):  # the first sight does not count
        farm.control(reset=1)
        command = [sys.executable, "-m", "monitor", "--config", str(config), "run", "--once", *now]
        subprocess.run(command, check=True, capture_output=True, cwd=HERE.parent)
    mine = farm.control()
    words = f"{SLOW_FEEDS} feeds, answers after {LATENCY_SECONDS * 1000:.0f} ms: {mine['seconds']:.1f} s"
    most = mine["most_per_host"]
    yield f"{words}, {most:.0f} requests to one host at once (at most 2)", most <= 2
    if "urlwatch" in pythons:
        peer = Peer("urlwatch", pythons["urlwatch"], listed, place / "urlwatch")
        try:
            peer.sweep()
            farm.control(reset=1)
            peer.sweep()
        finally:
            peer.close()
        ratio = mine["seconds"] / farm.control()["seconds"]
        yield f"{words}, {ratio:.2f} × urlwatch (at most 0.5)", ratio <= 0.5
    farm.control(latency=0)


def verdicts(results: dict[int, dict[str, dict[str, Figures]]]) -> Iterator[tuple[str, bool]]:
    for count, found in results.items():
        mine = found["news-monitor"]
        for peer, mode, limit in (
            ("urlwatch", "same", 0.25),
            ("reader", "same", 0.2),
            ("naive", "new", 0.3),
        ):
            if peer in found:
                ratio = mine[mode].cpu_ms / found[peer][mode].cpu_ms
                yield f"{count} feeds, {mode}: {ratio:.2f} × {peer} (at most {limit})", ratio <= limit
        yield f"{count} feeds: {mine['same'].taken:.0%} of the possible 304s taken", mine["same"].taken == 1.0
        limit = 90 if count <= 1_000 else 120
        held = found["memory"]["same"].cpu_ms
        yield f"{count} feeds: {held:.0f} MB in the main process (at most {limit})", held <= limit
    least, most = min(results), max(results)
    if least != most:
        for mode in MODES:
            growth = results[most][CLOSING][mode].cpu_ms / results[least][CLOSING][mode].cpu_ms
            yield f"{mode}, {CLOSING}: {growth:.2f} × from {least} to {most} feeds (at most 1.1)", growth <= 1.1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--feeds", default="300,1000,5000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="where the peers' environments are; default: only aiohttp alone")
    given = parser.parse_args()
    pythons = environments(given.peers) if given.peers else {"bare": Path(sys.executable)}
    results: dict[int, dict[str, dict[str, Figures]]] = {}
    farm = Farm()
    try:
        for count in map(int, given.feeds.split(",")):
            print(f"{count} feeds", flush=True)
            with tempfile.TemporaryDirectory(prefix="sweep-") as place:
                results[count] = measure(farm, Path(place), count, given.rounds, pythons)
            print(f"  {'ms of CPU for a feed':22}" + "".join(f"{mode:>12}" for mode in MODES))
            for name, modes in results[count].items():
                if name != "memory":
                    print(f"  {name:22}" + "".join(f"{modes[mode].cpu_ms:12.2f}" for mode in MODES))
        with tempfile.TemporaryDirectory(prefix="sweep-") as place:
            slow = list(slow_sweep(farm, Path(place), pythons))
    finally:
        farm.close()
    failed = 0
    for sentence, good in (*verdicts(results), *slow):
        failed += not good
        print(f"{'PASS' if good else 'FAIL'}  {sentence}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
