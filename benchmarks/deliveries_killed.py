"""Delivery under SIGKILL: the real daemon against a Slack that answers a third of all calls wrongly.

The alerts stand in the database before the daemon starts; it is killed every few seconds and started again until
nothing waits. Its pace is its own, one message a second and channel; many channels make it end in minutes.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from monitor.app.audit import Balance, audit
from monitor.model import Addition, AdditionKind, DeliveryState
from monitor.store.sqlite.store import Store
from tests.rhythm_desk import RhythmDesk
from tests.slack_standin import TOKEN, Channel, Fault, Message, SlackStandIn

# A third of all answers, as measured on a prototype that slack-sdk's own retries made double 142 of 450 messages.
FAULTS = {
    Fault.DROP: 0.05,
    Fault.DROP_TAKEN: 0.06,
    Fault.STALL: 0.02,
    Fault.STALL_TAKEN: 0.03,
    Fault.LATE_COMMIT: 0.03,
    Fault.RATELIMITED: 0.04,
    Fault.HTTP_500: 0.02,
    Fault.HTTP_503: 0.01,
    Fault.HTTP_500_TAKEN: 0.02,
    Fault.TRUNCATED_TAKEN: 0.03,
    Fault.FATAL_ERROR: 0.01,
    Fault.FATAL_ERROR_TAKEN: 0.01,
    Fault.INVALID_BLOCKS: 0.01,
}
SECONDS = {Fault.LATE_COMMIT: 0.5, Fault.RATELIMITED: 1.0}
SLACK = {"timeout": "1s", "settle_after": "3s"}
LIFE_SECONDS = (4.0, 10.0)  # from when it is ready
READY = "Alerts go to"
READY_WITHIN = 60.0  # seconds
FINISHED = {DeliveryState.SENT.value, DeliveryState.FOLDED.value, DeliveryState.DEAD.value}
TOGETHER = 200  # alerts that are put in with one transaction
_NEWS = (Addition(AdditionKind.FIGURE, "12 tanks", "Twelve tanks were seen.", None),)


@dataclass(frozen=True, slots=True)
class Outcome:
    alerts: int
    waiting: int  # when time was up
    lost: int
    doubled: int
    out_of_order: int  # channels in which they did not arrive as they were told
    too_fast: int  # posts before the Retry-After of a 429 was over
    balance: Balance
    posts: int
    faults: int
    kills: int
    seconds: float


async def run(directory: Path, *, channels: int, each: int, seed: int = 1, most_seconds: float = 1_800.0) -> Outcome:
    """`each`: alerts of a channel, every fifth of them a reply in a thread."""
    await _fill(directory, channels, each)
    places = [Channel(f"C{n:08}", f"desk-{n}") for n in range(channels)]
    async with SlackStandIn(channels=places, faults=FAULTS, seconds=SECONDS, seed=seed) as slack:
        _write_config(directory, slack.url)
        began = time.monotonic()
        kills = await _live_and_die(directory, random.Random(seed), began + most_seconds)
        seconds = time.monotonic() - began
        await slack.settled()
        arrived = {place.name: [_key(message) for message in slack.messages(place.id)] for place in places}
        posts = [request for request in slack.requests if request.method == "chat.postMessage"]
        too_fast = slack.posts_while_limited
    store = Store.reader(directory / "news.db")
    told = {place.name: _told(store, f"#{place.name}") for place in places}
    balance = audit(store)
    store.close()
    counts = Counter(key for keys in arrived.values() for key in keys)
    return Outcome(
        alerts=channels * each,
        waiting=sum(count for state, count in balance.deliveries.items() if state not in FINISHED),
        lost=sum(key not in counts for keys in told.values() for key, state in keys.items() if state in FINISHED),
        doubled=sum(count - 1 for count in counts.values()),
        out_of_order=sum(
            _first(arrived[name]) != [key for key in keys if key in counts] for name, keys in told.items()
        ),
        too_fast=too_fast,
        balance=balance,
        posts=len(posts),
        faults=sum(post.fault is not None for post in posts),
        kills=kills,
        seconds=seconds,
    )


async def _fill(directory: Path, channels: int, each: int) -> None:
    desk = RhythmDesk(directory, **{f"rule{n}": {"channel": f"#desk-{n}"} for n in range(channels)})
    desk.now = datetime.now(UTC)
    await desk.open()
    matches = []
    for number in range(each):
        reply = number % 5 == 4
        for channel in range(channels):
            story, news = f"{channel} {number - reply}", _NEWS if reply else ()
            matches.append(desk.match(f"News {number} of {channel}", f"rule{channel}", story=story, additions=news))
    for start in range(0, len(matches), TOGETHER):
        await asyncio.gather(*matches[start : start + TOGETHER])
    await desk.close()


def _write_config(directory: Path, url: str) -> None:
    sections = {
        "database": str(directory / "news.db"),
        "slack": {"token": "${SLACK_BOT_TOKEN}", "api_url": url, **SLACK},
    }
    (directory / "monitor.yaml").write_text(yaml.safe_dump(sections), "utf-8")
    # Refused before anything is sent: what is measured is the way out.
    (directory / "feeds.yaml").write_text("feeds:\n  - {name: Nobody, url: 'http://127.0.0.1/feed'}\n", "utf-8")


async def _live_and_die(directory: Path, chance: random.Random, until: float) -> int:
    """Until all is told; how often it was killed."""
    kills = 0
    while True:
        process = await _started(directory)
        end = time.monotonic() + chance.uniform(*LIFE_SECONDS)
        done = False
        while not done and process.returncode is None and time.monotonic() < end:
            await asyncio.sleep(0.25)
            done = await asyncio.to_thread(_is_done, directory / "news.db")
        if done or time.monotonic() > until:
            process.send_signal(signal.SIGTERM)
            await process.wait()
            return kills
        process.kill()
        await process.wait()
        kills += 1


async def _started(directory: Path) -> asyncio.subprocess.Process:
    log = directory / "log"
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", "--config", str(directory), "run"),
            env={**os.environ, "SLACK_BOT_TOKEN": TOKEN},
            stdout=output,
            stderr=output,
        )
    end = time.monotonic() + READY_WITHIN
    while READY not in log.read_text():
        if process.returncode is not None or time.monotonic() > end:
            raise RuntimeError(f"the daemon does not start: {log.read_text()[-1_000:]}")
        await asyncio.sleep(0.05)
    return process


def _is_done(database: Path) -> bool:
    store = Store.reader(database)
    states = store.ledger.delivery_states()
    store.close()
    return not set(states) - FINISHED


def _told(store: Store, target: str) -> dict[str, str]:
    """What is to stand in a channel, in order, each with its state."""
    rows = store._db.query(
        "select id, state from deliveries where target = ? and message is not null order by seq", [target]
    )
    return {row["id"]: row["state"] for row in rows}


def _key(message: Message) -> str:
    """Which delivery it is."""
    payload = (message.metadata or {}).get("event_payload")
    return str(payload["key"]) if isinstance(payload, dict) else ""


def _first(keys: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(keys))
