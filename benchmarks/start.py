"""How soon the service is ready, and what it costs at rest: `python -m benchmarks.start`. About a minute.

The real program on an existing database of 1,000 feeds and 20,000 articles, with 1,000 rules made up here. It is ready
when it says so to the service manager. No feed is due, so what it does then is to wait.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median

from monitor.app import config as configuration
from monitor.app.build import remember_configuration
from monitor.ids import article_id
from monitor.model import Article, BodySource
from monitor.store.sqlite.store import Store

FEEDS, RULES, ARTICLES = 1_000, 1_000, 20_000
STARTS = 7
REST_SECONDS = 20
_TICKS = os.sysconf("SC_CLK_TCK")


def write_config(directory: Path) -> Path:
    chance = random.Random(1)
    letters = "abcdefghijklmnoprstuvz"
    words = ["".join(chance.choices(letters, k=chance.randint(4, 10))) for _ in range(3_000)]
    (directory / "rules").mkdir(parents=True)
    (directory / "monitor.yaml").write_text(f"database: {directory.parent / 'news.db'}\n", "utf-8")
    feeds = "".join(f"  - {{name: Feed {n}, url: https://feed{n}.invalid/rss}}\n" for n in range(FEEDS))
    (directory / "feeds.yaml").write_text(f"feeds:\n{feeds}", "utf-8")
    for start in range(0, RULES, 50):
        rules = "".join(_rule(n, chance.sample(words, 6)) for n in range(start, start + 50))
        (directory / "rules" / f"rules{start}.yaml").write_text(f"rules:\n{rules}", "utf-8")
    return directory


def _rule(number: int, words: Sequence[str]) -> str:
    a, b, c, d, e, f = words
    return (
        f"  - name: rule-{number}\n    title: Rule {number}\n    severity: normal\n"
        f"    match: '({a} OR \"{b} {c}\") AND NEAR/12({d}; {e}*) NOT title:{f}'\n"
        f"    examples: {{match: ['{a} and {d} {e}']}}\n"
    )


def fill(config: configuration.Config) -> None:
    """Feeds that were looked at just now, and an archive."""
    store, now = Store.writer(config.database), datetime.now(UTC)
    with store.transaction():
        remember_configuration(store, config, now)
        later = (now + timedelta(hours=2)).isoformat().replace("+00:00", "Z")
        store._db.execute("update feeds set next_poll_at = ?, known_since = ?", [later, later])
    text = "Some words of an article that nobody will read again. " * 40
    for start in range(0, ARTICLES, 500):
        with store.transaction():
            for number in range(start, start + 500):
                store.stories.save_article(article(number, f"{text} {number}", now))
    store.close()


def article(number: int, text: str, now: datetime) -> Article:
    url = f"https://feed{number % FEEDS}.invalid/{number}"
    return Article(
        id=article_id(url),
        url=url,
        title=f"Article {number}",
        text=text,
        author=None,
        published_at=now,
        published_from="feed",
        language="en",
        site=f"feed{number % FEEDS}.invalid",
        body_source=BodySource.PAGE,
        quality="full",
        text_sha256=sha256(text.encode()).hexdigest(),
        read_at=now,
    )


def started(config: Path, notify: socket.socket, address: str) -> tuple[subprocess.Popen[bytes], float]:
    """The process, and the seconds from its start until it was ready."""
    # Compiled as an installation is, whatever this shell says of that; in a place of our own.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    compiled = str(config.parent / "compiled")
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", "--config", str(config), "run"],
        env={**environment, "NOTIFY_SOCKET": address, "PYTHONPYCACHEPREFIX": compiled},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while b"READY=1" not in notify.recv(4_096):
        pass
    return process, time.monotonic() - began


def cpu_seconds(pid: int) -> float:
    """Of the process so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def main() -> None:
    with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        config = write_config(Path(place) / "config")
        fill(configuration.load(config))
        address = f"{place}/notify"
        notify.bind(address)
        notify.settimeout(120)
        times, costs = [], []
        for _ in range(STARTS):
            process, seconds = started(config, notify, address)
            times.append(seconds)
            costs.append(cpu_seconds(process.pid))
            stop(process)
        process, _ = started(config, notify, address)
        time.sleep(3)
        before = cpu_seconds(process.pid)
        time.sleep(REST_SECONDS)
        rest = (cpu_seconds(process.pid) - before) / REST_SECONDS
        memory = next(line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if "VmRSS" in line)
        stop(process)
    print(f"{FEEDS} feeds, {RULES} rules, {ARTICLES} articles; {STARTS} starts")
    print(f"ready after   median {median(times):.2f} s, worst {max(times):.2f} s; CPU median {median(costs):.2f} s")
    print(f"at rest       {rest:.2%} of a core, {int(memory.split()[1]) // 1_024} MB")


if __name__ == "__main__":
    main()
