"""A burst of news through the whole program: far more at once than Slack takes, a third of it copies.

Two outlets publish; what the second one brings is mostly the first one's text. Slack takes one message a second in the
channel and refuses every one that comes sooner. No storm is declared, so that each story is to have its own message.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from monitor.app.audit import Balance, audit
from monitor.store.sqlite.store import Store
from tests.newsroom import Newsroom, write_config
from tests.slack_standin import TOKEN, SlackStandIn

SLACK = {"timeout": "2s", "settle_after": "2s"}
_LETTERS = "abcdefghijklmnoprstuvz"


@dataclass(frozen=True, slots=True)
class Outcome:
    articles: int
    stories: int
    messages: int
    lost: int  # stories that nobody was told of
    doubled: int  # messages beyond the first of a story
    refused: int  # posts that came too soon
    seconds_behind: float  # from the last article to the last message
    balance: Balance


async def run(directory: Path, *, stories: int, copies: int, seconds: float, seed: int = 1) -> Outcome:
    """`seconds`: in which all of it is published."""
    chance = random.Random(seed)
    async with Newsroom("A") as first, Newsroom("B") as second, SlackStandIn() as slack:
        feeds = [("A", first.feed_url), ("B", second.feed_url)]
        schedule = {"every": "1s"}
        calm = {"storm": {"messages": 1_000}}
        config = write_config(
            directory / "config", feeds, slack_url=slack.url, schedule=schedule, slack=SLACK, routing=calm
        )
        for outlet in (first, second):
            outlet.publish("Old news", _text(chance))
        with (directory / "log").open("a") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "monitor", "--config", str(config), "run"),
                env={**os.environ, "SLACK_BOT_TOKEN": TOKEN},
                stdout=log,
                stderr=log,
            )
        try:
            await _until(lambda: bool(first.requests and second.requests), 60)
            await asyncio.sleep(2)  # that the old news is known
            told = await _publish(first, second, chance, stories=stories, copies=copies, seconds=seconds)
            published = time.monotonic()
            database = directory / "news.db"
            await _until(lambda: _is_done(database, stories + copies), 60 + 3 * stories)
            behind = time.monotonic() - published
        finally:
            process.send_signal(signal.SIGTERM)
            await process.wait()
        said = Counter(told[message.text.split("\n")[0][2:]] for message in slack.messages())
        requests = [request for request in slack.requests if request.method == "chat.postMessage"]
    store = Store.reader(directory / "news.db")
    balance = audit(store)
    store.close()
    return Outcome(
        articles=stories + copies,
        stories=stories,
        messages=said.total(),
        lost=stories - len(said),
        doubled=said.total() - len(said),
        refused=sum(request.error == "ratelimited" for request in requests),
        seconds_behind=behind,
        balance=balance,
    )


async def _publish(
    first: Newsroom, second: Newsroom, chance: random.Random, *, stories: int, copies: int, seconds: float
) -> dict[str, int]:
    """The story of each headline. A copy comes some while after what it copies."""
    order = [(story, False) for story in range(stories)]
    for story in chance.sample(range(stories), copies):
        order.insert(order.index((story, False)) + chance.randint(1, 5), (story, True))
    texts = [_text(chance) for _ in range(stories)]
    told: dict[str, int] = {}
    for story, is_copy in order:
        headline = f"Kosovo: {' '.join(_words(chance, 5))}"
        told[headline] = story
        if is_copy:
            second.publish(headline, (*texts[story], "Source: A."))
        else:
            first.publish(headline, texts[story])
        await asyncio.sleep(seconds / len(order))
    return told


def _text(chance: random.Random) -> list[str]:
    """Paragraphs that no other text resembles, but for the name that the rule looks for."""
    return [f"In Kosovo {' '.join(_words(chance, 35))}." for _ in range(5)]


def _words(chance: random.Random, count: int) -> list[str]:
    return ["".join(chance.choices(_LETTERS, k=chance.randint(3, 10))) for _ in range(count)]


def _is_done(database: Path, matches: int) -> bool:
    store = Store.reader(database)
    states = store.ledger.delivery_states()
    found = store.ledger.matches()
    store.close()
    return found >= matches and set(states) <= {"sent", "folded", "dead"}


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not await asyncio.to_thread(condition):
        if time.monotonic() > end:
            return
        await asyncio.sleep(0.2)
