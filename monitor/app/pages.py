"""An entry's page as the program reads it: downloaded, its text taken out in a worker, judged. The one place for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.app.workers import Workers
from monitor.articles import judge
from monitor.articles.download import download
from monitor.articles.robots import Robots
from monitor.articles.tasks import read_page
from monitor.http import Http
from monitor.model import Entry, Extract


@dataclass(frozen=True, slots=True)
class PageRead:
    """`quality` is judge.FULL, or why the feed's own text is to be preferred."""

    url: str  # after redirects
    extract: Extract
    quality: str


async def read(entry: Entry, url: str, http: Http, workers: Workers, now: datetime, robots: Robots | None) -> PageRead:
    """`url` is the entry's; `robots`: None asks nobody. Raises FetchError, ExtractError or WorkerFailed."""
    page = await download(url, http, now, robots)
    extract = await workers.run(read_page, page.body, page.url, page.content_type)
    quality = judge.judge(extract, entry_title=entry.title, entry_summary=entry.content or entry.summary)
    return PageRead(page.url, extract, quality)
