"""A few outlets, a Slack, and the monitor between them, on a clock that is moved by hand: weeks pass in minutes.

Outlets and Slack are real servers on loopback. Of the monitor it is the daemon's own parts, put together by its own
`assemble`; only what goes by the wall clock is stood in for: its loop, and its processes.
"""

from __future__ import annotations

import asyncio
import io
import logging
import random
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from unittest.mock import patch

import yaml

from monitor.app import canary, canary_watch, rule_watch, store_thread
from monitor.app import config as configuration
from monitor.app.build import assemble, remember_configuration, settle_after
from monitor.app.jobs import Jobs
from monitor.app.store_thread import StoreThread
from monitor.app.story_desk import Memory
from monitor.app.vitals import troubles
from monitor.app.workers import Workers
from monitor.articles.tasks import read_page
from monitor.errors import StoreError
from monitor.model import Extract
from monitor.store.sqlite.backup import back_up
from monitor.store.sqlite.store import Store
from tests.newsroom import Newsroom, write_config
from tests.slack_standin import TOKEN, SlackStandIn
from tests.slack_workspace import Message

T = TypeVar("T")

BEGAN = datetime(2026, 8, 31, tzinfo=UTC)  # a Monday
CANARY_EVERY, POLL_EVERY = timedelta(hours=6), timedelta(minutes=30)
LOOK_AT_RULES = rule_watch.CHECK_EVERY
SOON = timedelta(seconds=30)  # messages that wait for the pace of a channel, notices that are gathered

NIGHT, WEEKEND, HOLIDAY, CALM = 0.15, 0.4, 0.2, 0.5  # of what a feed brings by day
CALM_DAYS = 0.1  # of all days, for no reason
TOPICS = {"kosovo": 0.35, "elbonia": 0.12}  # rule: share of the news that it matches
_LETTERS = "abcdefghijklmnoprstuvz"


@dataclass(slots=True)
class Outlet:
    """`a_day`: articles on a usual working day."""

    name: str
    a_day: float
    paper: Newsroom = field(default_factory=Newsroom)


class InProcess(Workers):
    """Does in this process what workers do. `is_blind`: it takes nothing out of any page, without an error."""

    is_blind = False

    async def run(self, function: Callable[..., T], *args: Any, **named: Any) -> T:
        found = function(*args, **named)
        if self.is_blind and function is read_page and isinstance(found, Extract):
            return replace(found, title="", text="")
        return found

    async def run_quick(self, function: Callable[..., T], *args: Any, **named: Any) -> T:
        return await self.run(function, *args, **named)


class _Heard(logging.Handler):
    """What of the log an operator would have to look at."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.getMessage() == "operations":
            facts = (getattr(record, name, "") for name in ("why", "notice"))
            self.said.append(f"{record.getMessage()}: {' '.join(filter(None, facts))}")


class World:
    """`silent`: outlets that publish nothing. `renamed`: topics that the news calls by another name."""

    def __init__(self, place: Path, *, holidays: range, seed: int = 1) -> None:
        self.place = place
        self.now = BEGAN
        self.outlets = (Outlet("Daily", 16), Outlet("Courier", 8), Outlet("Gazette", 3))
        self.slack = SlackStandIn(messages_per_second=1_000, burst=1_000)
        self.silent: set[str] = set()
        self.renamed: set[str] = set()
        self.workers = InProcess()
        self._holidays = holidays  # days
        self._chance = random.Random(seed)
        self._heard = _Heard()
        self._open = AsyncExitStack()
        self._up_since = self._ruled_at = BEGAN

    async def __aenter__(self) -> Self:
        for outlet in self.outlets:
            outlet.paper.window = 30
            await self._open.enter_async_context(outlet.paper)
            for _ in range(5):
                self._write(outlet, BEGAN - timedelta(hours=5))
        await self._open.enter_async_context(self.slack)
        self._open.enter_context(patch.dict("os.environ", SLACK_BOT_TOKEN=TOKEN))
        for name in ("GATHER_SECONDS", "PATIENT_SECONDS", "QUESTION_SECONDS"):
            self._open.enter_context(patch.object(store_thread, name, 0.0))  # nobody else is there to be waited for
        config = write_config(
            self.place / "config",
            [(outlet.name, outlet.paper.feed_url) for outlet in self.outlets],
            slack_url=self.slack.url,
            slack={"ops_channel": "#news-ops"},
            canary={"every": f"{CANARY_EVERY // timedelta(hours=1)}h"},
            schedule={"every": f"{POLL_EVERY // timedelta(minutes=1)}m"},
        )
        rules = [{"name": topic, "match": topic.capitalize()} for topic in TOPICS]
        (config / "rules" / "rules.yaml").write_text(yaml.safe_dump({"rules": rules}), "utf-8")
        self.config = canary.added(configuration.load(config))
        logging.getLogger("monitor").addHandler(self._heard)
        await self._start(self.place / "news.db")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()
        logging.getLogger("monitor").removeHandler(self._heard)
        await self._open.aclose()

    async def _start(self, database: Path) -> None:
        self._store = StoreThread(lambda: Store.writer(database))
        await self._store.open()

        def take_up(store: Store) -> None:
            self.config = remember_configuration(store, self.config, self.now)
            store.deliveries.doubt_unfinished(settle_after(self.config))

        await self._store.change(take_up)
        self._parts = assemble(self.config, self._store, self.workers, io.StringIO(), self._clock, Memory())
        await self._parts.pipeline.holds.take_up()
        await self._parts.pipeline.releaser.take_up()
        parts, wake = self._parts, asyncio.Event()
        self._jobs = Jobs(parts.pipeline, parts.healing, None, self._store, parts.sinks, self._clock, wake=wake)

    async def _stop(self) -> None:
        await self._parts.close()
        await self._store.close()

    def _clock(self) -> datetime:
        return self.now

    async def again(self, database: Path, now: datetime, shown: dict[str, int]) -> None:
        """As things were when a copy of the database was made: at that time, with so many articles in each outlet."""
        await self._stop()
        for outlet in self.outlets:
            del outlet.paper.items[: -shown[outlet.name]]
        copy = self.place / "again.db"
        for stale in self.place.glob("again.db*"):
            stale.unlink()
        back_up(database, copy)
        self.now = self._ruled_at = now
        await self._start(copy)

    def shown(self) -> dict[str, int]:
        return {outlet.name: len(outlet.paper.items) for outlet in self.outlets}

    # ---- time ----

    async def pass_time(self, span: timedelta) -> None:
        """What is published in it, and all that the monitor then does of itself."""
        self.now += span
        for outlet in self.outlets:
            self._publish(outlet, span)
        await self._work()
        while (soon := await self._store.ask(self._next)) is not None:
            self.now = max(soon, self.now)
            await self._work()
        await self._watch()

    async def _work(self) -> None:
        """All that is due. A job that fails unexpectedly is put off, as the daemon does."""
        while True:
            due = list(await self._store.ask(lambda store: list(self._jobs._found(store, self.now))))
            for job in due:
                try:
                    await job.work()
                except StoreError:
                    raise
                except Exception as e:
                    logging.getLogger("monitor").exception("job failed unexpectedly", extra={"why": str(e)})
                    await job.put_off(str(e))
            if not due:
                return

    def _next(self, store: Store) -> datetime | None:
        """When something comes that waits for seconds only."""
        moments = [head.next_attempt_at for head in store.deliveries.heads()]
        untold = store.notices.untold_since()
        moments += [] if untold is None else [untold + SOON]
        return min((moment for moment in moments if moment <= self.now + SOON), default=None)

    async def _watch(self) -> None:
        """What stands beside the daemon's work and looks at it."""
        versions = {rule.name: rule.version for rule in self.config.rules.rules}
        if self.now - self._ruled_at >= LOOK_AT_RULES:
            self._ruled_at = self.now
            await self._store.change(lambda store: rule_watch.look(store, versions, self.now))
        wrong = await self._store.change(lambda store: canary_watch.look(store, self.now, CANARY_EVERY, self._up_since))
        if wrong is not None:
            self._heard.said.append(f"the canary did not arrive: {wrong}")

    # ---- news ----

    def _publish(self, outlet: Outlet, span: timedelta) -> None:
        mean = outlet.a_day * span / timedelta(days=1) * self._busy()
        for _ in range(sum(self._chance.random() < mean / 10 for _ in range(10))):
            if outlet.name not in self.silent:
                self._write(outlet, self.now - span * self._chance.random())

    def _busy(self) -> float:
        """How much of the news of a usual day there is at this time."""
        day = (self.now - BEGAN).days
        found = (2 - NIGHT) if 6 <= self.now.hour < 18 else NIGHT
        found *= WEEKEND if self.now.weekday() >= 5 else 1.0
        found *= HOLIDAY if day in self._holidays else 1.0
        return found * (CALM if random.Random(day).random() < CALM_DAYS else 1.0)

    def _write(self, outlet: Outlet, at: datetime) -> None:
        topic = self._chance.choices([*TOPICS, "elsewhere"], [*TOPICS.values(), 1 - sum(TOPICS.values())])[0]
        name = (topic[::-1] if topic in self.renamed else topic).capitalize()
        number = len(outlet.paper.items)
        title = f"{name}: {self._words(6)}"
        text = [f"{name} {self._words(45)}." for _ in range(4)]
        outlet.paper.publish(title, text, f"/{number}-{self._words(1)}")
        _, path, _ = outlet.paper.items[0]
        outlet.paper.items[0] = (title, path, at)

    def _words(self, count: int) -> str:
        return " ".join("".join(self._chance.choices(_LETTERS, k=self._chance.randint(3, 10))) for _ in range(count))

    # ---- what operators can know ----

    async def not_ready(self) -> tuple[str, ...]:
        """What /readyz says is wrong; the heartbeat goes by the same."""
        return await self._store.ask(lambda store: troubles(store, self.now, up_since=self._up_since))

    @property
    def log(self) -> list[str]:
        return self._heard.said

    def reports(self) -> list[str]:
        """What was told in the operators' channel, without canaries."""
        return [_told(one) for one in self.slack.messages("C0OPS") if "a test of the news monitor" not in _told(one)]

    async def count(self, table: str) -> int:
        return await self._store.ask(lambda store: int(store._db.table(table).count))

    async def copy(self, database: Path) -> None:
        with suppress(FileNotFoundError):
            database.unlink()
        await asyncio.to_thread(back_up, self.place / "news.db", database)


def _told(message: Message) -> str:
    return message.text
