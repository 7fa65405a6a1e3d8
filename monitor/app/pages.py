"""An entry's page as the program reads it: downloaded, its text taken out in a worker, judged. The one place for it."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

from monitor import urls
from monitor.app.workers import WorkerFailed, Workers
from monitor.articles import judge
from monitor.articles.download import download
from monitor.articles.habits import Habits
from monitor.articles.robots import Robots
from monitor.articles.tasks import read_page
from monitor.http import Http
from monitor.model import FULL, Entry, Extract, Page, Snapshot

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageRead:
    """`quality` is FULL, or why the feed's own text is to be preferred."""

    url: str  # after redirects
    extract: Extract
    quality: str
    habits: Habits  # of its site, as they were known
    snapshot: Snapshot | None  # of a page that is used


async def in_worker(workers: Workers, task: Callable[..., T], *args: Any) -> tuple[T, bool]:
    """What the task found in a page, and whether that took the light way, a fraction of the work. Raises as `run`."""
    try:
        return await workers.run(task, *args, light=False), False
    except WorkerFailed:
        # It was the page, or bad luck.
        return await workers.run(task, *args, light=True), True


async def _unknown(_site: str) -> Habits:
    return judge.NO_HABITS


class Pages:
    """Reads pages. `robots`: None asks nobody. `keep`: the snapshot has the page itself."""

    def __init__(
        self,
        http: Http,
        workers: Workers,
        robots: Robots | None,
        clock: Callable[[], datetime],
        *,
        habits_of: Callable[[str], Awaitable[Habits]] = _unknown,
        keep: bool = False,
    ) -> None:
        self._http = http
        self._workers = workers
        self._robots = robots
        self._clock = clock
        self._habits_of = habits_of
        self._keep = keep

    async def read(self, entry: Entry, url: str) -> PageRead:
        """`url` is the entry's. Raises FetchError, ExtractError or WorkerFailed."""
        page = await download(url, self._http, self._clock(), self._robots)
        extract, _ = await in_worker(self._workers, read_page, page.body, page.url, page.content_type)
        habits = await self._habits_of(urls.site(page.url))
        said = entry.content or entry.summary
        quality = judge.judge(extract, entry_title=entry.title, entry_summary=said, habits=habits)
        snapshot = await self._snapshot(page) if quality == FULL else None
        return PageRead(page.url, extract, quality, habits, snapshot)

    async def _snapshot(self, page: Page) -> Snapshot:
        body = await asyncio.to_thread(gzip.compress, page.body, 6, mtime=0) if self._keep else None
        return Snapshot(page.url, page.fetched_at, page.headers, sha256(page.body).hexdigest(), body)
