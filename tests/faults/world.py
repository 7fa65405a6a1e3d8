"""A news world in which something breaks: an outlet, a strict Slack, and the real program in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.app.audit import audit
from monitor.store.sqlite.store import Store
from tests.newsroom import TALKS, TANKS, Newsroom, write_config
from tests.slack_standin import APP_TOKEN, TOKEN, SlackStandIn

TITLE = "Serbia moves tanks to the border"
LATER = "Kosovo talks end without result"
HOOK_SECRET = "whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdHM="
PATIENCE = 60.0  # seconds, on a busy machine


@dataclass(slots=True)
class World:
    """`wrapper` goes before the program's command, as in ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")."""

    directory: Path
    paper: Newsroom
    slack: SlackStandIn
    wrapper: Sequence[str] = ()
    place: Path | None = None  # of the database; None: the directory
    feeds: list[tuple[str, str]] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None

    @property
    def database(self) -> Path:
        return (self.place or self.directory) / "news.db"

    @property
    def environment(self) -> dict[str, str]:
        secrets = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_APP_TOKEN": APP_TOKEN, "HOOK_SECRET": HOOK_SECRET}
        return {**os.environ, **secrets}

    def configure(self, **sections: Any) -> Path:
        feeds = [("A", self.paper.feed_url), *self.feeds]
        often = {"schedule": {"every": "1s"}, "baseline": {"alert_last": "6h"}, "database": str(self.database)}
        return write_config(self.directory / "config", feeds, slack_url=self.slack.url, **often | sections)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The daemon, which must live through whatever happens and stop when it is told to."""
        log = self.directory / "log"
        with log.open("w") as output:
            self.process = await asyncio.create_subprocess_exec(
                *(*self.wrapper, sys.executable, "-m", "monitor", "--config", str(self.directory / "config"), "run"),
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        try:
            await until(lambda: self.process_ended() or "Alerts go to" in log.read_text())
            assert not self.process_ended(), log.read_text()[-3_000:]
            yield
            assert not self.process_ended(), log.read_text()[-3_000:]
        finally:
            if not self.process_ended():
                self.process.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(self.process.wait(), PATIENCE)
        assert 0 == code, log.read_text()[-3_000:]

    def process_ended(self) -> bool:
        return self.process is None or self.process.returncode is not None

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def publish(self, title: str = TITLE) -> None:
        self.paper.publish(title, TANKS if title == TITLE else TALKS)

    async def told(self, *titles: str) -> None:
        """Each of them stands in Slack once, and none of the others; waits for that."""
        await until(lambda: set(titles) <= set(self.said()))
        assert dict.fromkeys(titles, 1) == dict(self.said())

    def said(self) -> Counter[str]:
        return Counter(message.text.split("\n")[0][2:] for message in self.slack.messages("C0ALERTS"))

    async def logs(self, words: str) -> None:
        """Waits until the program says so."""
        await until(lambda: words in (self.directory / "log").read_text())

    def balanced(self) -> bool:
        store = Store.reader(self.database)
        try:
            return audit(store).balanced
        finally:
            store.close()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        store = Store.reader(self.database)
        try:
            return list(store._db.query(sql))
        finally:
            store.close()


async def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.1)
