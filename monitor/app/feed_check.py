"""A look at a feed before it is added: fetch it, or find it on a page; read three articles; ask it once more.

What was seen is judged in feeds/report.py. A check makes a handful of requests, all through the one way out to the web.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor import urls
from monitor.app.pages import Pages
from monitor.app.workers import WorkerFailed, Workers
from monitor.articles import judge
from monitor.articles.robots import Robots
from monitor.articles.tasks import read_page
from monitor.errors import ExtractError, FetchError, ParseError
from monitor.feeds import websub
from monitor.feeds.dialect import format_of
from monitor.feeds.discover import Candidate, Found, is_web_page
from monitor.feeds.fetch import ACCEPT, document_of, fetch
from monitor.feeds.hints import with_header
from monitor.feeds.report import Conditional, PageTried, Report, Sighting, report, wall_evidence
from monitor.feeds.tasks import find_feeds, read_feed
from monitor.http import Http, Response
from monitor.ids import feed_id
from monitor.model import FULL, Entry, Feed, FeedDocument, FeedState, Fetched, NotModified
from monitor.store.sqlite.store import Store

MOST_FEEDS = 5  # of one page
PAGES = 3
MOST_SITES = 5  # whose earlier entries are compared
MOST_ENTRIES = 5_000  # of one site

KnownThrough = Callable[[Sequence[Entry], str | None], Mapping[str, int]]


def nothing_known(_entries: Sequence[Entry], _but: str | None) -> Mapping[str, int]:
    """The overlap when there is no database yet."""
    return {}


def known_through(store: Store) -> KnownThrough:
    """How many of the entries each feed has brought already, by their pages; `but` names a feed to leave out."""

    def known(entries: Sequence[Entry], but: str | None) -> Mapping[str, int]:
        shown = {urls.canonical(entry.url) for entry in entries if entry.url}
        brought: dict[str, str] = {}
        for site in [name for name, _ in Counter(map(urls.site, shown)).most_common(MOST_SITES)]:
            for row in store.ledger.entries_on(site, limit=MOST_ENTRIES):
                if row["feed"] != but:
                    brought.setdefault(urls.canonical(row["url"]), row["feed"])
        return Counter(brought[page] for page in shown if page in brought)

    return known


def holder(url: str, feeds: Sequence[Feed]) -> Feed | None:
    """The feed that is configured at an address, however it is spelled there."""
    page = urls.canonical(url)
    return next((feed for feed in feeds if urls.canonical(feed.url) == page), None)


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of an address: the report of its feed, or those of the feeds that its page leads to."""

    asked: str
    is_page: bool
    reports: tuple[Report, ...]

    @property
    def usable(self) -> tuple[Report, ...]:
        return tuple(report for report in self.reports if report.usable)


@dataclass(frozen=True, slots=True)
class _WebPage:
    sighting: Sighting
    response: Response


class FeedCheck:
    """`held`: the configured feeds. `usual`: the interval at which feeds are asked when nobody says otherwise."""

    def __init__(
        self,
        *,
        http: Http,
        workers: Workers,
        held: Sequence[Feed],
        known_through: KnownThrough,
        usual: timedelta,
        clock: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._pages = Pages(http, workers, Robots(http, clock), clock)
        self._workers = workers
        self._held = held
        self._known_through = known_through
        self._usual = usual
        self._clock = clock

    async def check(self, url: str) -> Checked:
        """`url` is a web address as `urls.web_url` spells it. What fails is told in the report."""
        seen = await self._look(url)
        if isinstance(seen, Sighting):
            return Checked(url, is_page=False, reports=(self._report(seen),))
        reports = await self._feeds_of(seen)
        if not reports:
            failure = "this is a web page, and it leads to no feed"
            seen = replace(seen.sighting, failure=failure, wall=await self._wall_on(seen.response))
            reports = [self._report(seen)]
        return Checked(url, is_page=True, reports=tuple(reports))

    async def _feeds_of(self, page: _WebPage) -> list[Report]:
        seen: dict[str, Sighting] = {}
        looks = 0
        for candidate in await self._candidates(page.response):
            found = any(sighting.document for sighting in seen.values())
            if looks == MOST_FEEDS or (found and candidate.found is Found.GUESSED):
                continue  # a site is not searched for what it has shown
            looks += 1
            sighting = await self._look(candidate.url)
            if isinstance(sighting, _WebPage):
                sighting = replace(sighting.sighting, failure="this is said to be a feed, but it is a web page")
            if sighting.document is not None or candidate.found in (Found.DECLARED, Found.HEADER):
                seen.setdefault(urls.canonical(sighting.url), sighting)  # two may lead to the same
        return [self._report(sighting) for sighting in seen.values()]

    async def _candidates(self, page: Response) -> Sequence[Candidate]:
        content_type, header = page.headers.get("Content-Type", ""), page.headers.get("Link", "")
        try:
            return await self._workers.run(find_feeds, page.body, page.url, content_type, header)
        except WorkerFailed:
            return ()

    async def _wall_on(self, page: Response) -> str | None:
        """The wall that a page is by its own words."""
        try:
            extract = await self._workers.run(read_page, page.body, page.url, page.headers.get("Content-Type", ""))
        except (ExtractError, WorkerFailed):
            return None
        wall = judge.wall_in(extract.title, extract.text)
        return wall if wall == judge.judge(extract, entry_title="", entry_summary="") else None

    # ---- one feed ----

    async def _look(self, url: str) -> Sighting | _WebPage:
        now = self._clock()
        try:
            limit = self._http.settings.max_feed_bytes
            response = await self._http.get(url, headers={"Accept": ACCEPT}, max_bytes=limit)
        except FetchError as e:
            return Sighting(url, url, now, failure=str(e))
        wall = wall_evidence(status=response.status, headers=response.headers, asked=url, url=response.url)
        seen = Sighting(url, response.url, now, response.permanent and response.status == 200, wall=wall)
        try:
            fetched = document_of(response, limit)
            document = await self._document(fetched)
        except ParseError as e:
            content_type = response.headers.get("Content-Type", "")
            if wall is None and is_web_page(response.body, content_type):
                return _WebPage(replace(seen, failure=str(e)), response)
            return replace(seen, failure=str(e))
        except (FetchError, WorkerFailed) as e:
            return replace(seen, failure=str(e))
        return await self._seen_closely(seen, fetched, document)

    async def _document(self, fetched: Fetched) -> FeedDocument:
        where = (feed_id(fetched.url), fetched.url, fetched.content_type)
        return await self._workers.run(read_feed, fetched.body, *where, self._clock())

    async def _seen_closely(self, seen: Sighting, fetched: Fetched, document: FeedDocument) -> Sighting:
        offered = websub.offer(with_header(document.hints, fetched.link, fetched.url))
        held = holder(seen.asked, self._held) or holder(seen.url, self._held)
        held_as = held.name if held else None
        async with asyncio.TaskGroup() as group:
            conditional = group.create_task(self._ask_again(fetched, document))
            tried = [group.create_task(self._try_page(entry, url)) for url, entry in _sample(document.entries)]
        return replace(
            seen,
            document=document,
            format=format_of(fetched.body, fetched.content_type),
            hub=offered[0] if offered else None,
            size=len(fetched.body),
            conditional=conditional.result(),
            pages=tuple(task.result() for task in tried),
            held_as=held_as,
            known_through=self._known_through(document.entries, held_as),
        )

    async def _ask_again(self, first: Fetched, document: FeedDocument) -> Conditional:
        if first.etag is None and first.last_modified is None:
            return Conditional.NONE_GIVEN
        feed = Feed(feed_id(first.url), first.url, first.url)
        state = FeedState(feed.id, self._clock(), etag=first.etag, last_modified=first.last_modified)
        try:
            second = await fetch(feed, state, self._http)
            if isinstance(second, NotModified):
                return Conditional.HONOURED
            again = document if second.body == first.body else await self._document(second)
        except (FetchError, ParseError, WorkerFailed):
            return Conditional.FAILED
        # Other bytes that show the same items are a build date or a counter.
        return Conditional.IGNORED if again.entries == document.entries else Conditional.CHANGED

    async def _try_page(self, entry: Entry, url: str) -> PageTried:
        try:
            page = await self._pages.read(entry, url)
        except (FetchError, ExtractError, WorkerFailed) as e:
            return PageTried(url, str(e))
        return PageTried(url, None if page.quality == FULL else page.quality)

    def _report(self, seen: Sighting) -> Report:
        return report(seen, usual=self._usual)


def _sample(entries: Sequence[Entry]) -> Sequence[tuple[str, Entry]]:
    """The first few items that have pages of their own."""
    by_page: dict[str, tuple[str, Entry]] = {}
    for entry in entries:
        if entry.url:
            by_page.setdefault(urls.canonical(entry.url), (entry.url, entry))
    return list(by_page.values())[:PAGES]
