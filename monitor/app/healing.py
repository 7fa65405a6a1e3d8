"""A gap in what a feed covered -> what the outlet's archive still has of it, and a word to operators."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from monitor.alerts.message import minute
from monitor.app.store_thread import StoreThread
from monitor.app.workers import WorkerFailed, Workers
from monitor.errors import FetchError, ParseError
from monitor.feeds import archive, identity
from monitor.feeds.fetch import fetch
from monitor.feeds.reading import read
from monitor.feeds.tasks import read_sitemap
from monitor.http import Http
from monitor.model import Entry, EntryId, Feed, FeedDocument, FeedId, FeedState, Fetched, Gap, Notice
from monitor.store.sqlite.store import Store

if TYPE_CHECKING:
    from monitor.feeds.sitemap import Sitemap

log = logging.getLogger(__name__)


class Healing:
    """One attempt for each gap. Whatever comes of it, the gap stays on record."""

    def __init__(
        self,
        *,
        feeds: Mapping[FeedId, Feed],
        store: StoreThread,
        http: Http,
        workers: Workers,
        clock: Callable[[], datetime],
    ) -> None:
        self._feeds = feeds
        self._store = store
        self._http = http
        self._workers = workers
        self._clock = clock

    async def heal(self, gap: Gap) -> bool:
        """Ask for a few pages where what rolled off may be. Whether there is something to read now."""
        feed = self._feeds[gap.feed_id]
        entries, closed = await self._search(feed, gap)
        return await self._store.change(lambda store: self._record(store, feed, gap, entries, closed=closed)) > 0

    async def give_up(self, gap: Gap, why: str) -> None:
        feed = self._feeds[gap.feed_id]
        log.warning("no archive could be read", extra={"feed": feed.name, "why": why})
        await self._store.change(lambda store: self._record(store, feed, gap, (), closed=False))

    async def _search(self, feed: Feed, gap: Gap) -> tuple[tuple[Entry, ...], bool]:
        """The entries found, and whether they reach back to what was seen before."""
        state = await self._store.ask(lambda store: store.feeds.state(gap.feed_id))
        url = state.address or feed.url
        found, closed = await self._search_archive(feed, gap, list(archive.addresses(url, state.hints, feed.sections)))
        if not closed:
            more, closed = await self._search_sitemaps(feed, gap, url, found)
            found |= more
        return tuple(found.values()), closed

    async def _search_archive(self, feed: Feed, gap: Gap, ahead: list[str]) -> tuple[dict[EntryId, Entry], bool]:
        found: dict[EntryId, Entry] = {}
        asked: set[str] = set()
        while ahead and len(asked) < archive.MOST_PAGES:
            url = ahead.pop(0)
            if url in asked:  # the chain is a loop
                continue
            asked.add(url)
            page = await self._page(feed, url)
            if page is None:
                continue
            brought = await self._store.ask(partial(_in_gap, page=page.entries, gap=gap))
            found |= {entry.id: entry for entry in brought.entries}
            if brought.closed and found:
                return found, True
            following = archive.following(page.hints, of=url)
            ahead = [*([following] if following else ()), *ahead]
        return found, False

    async def _search_sitemaps(
        self, feed: Feed, gap: Gap, url: str, found: Mapping[EntryId, Entry]
    ) -> tuple[dict[EntryId, Entry], bool]:
        """What the site tells search engines of its news; `found` was found elsewhere, under the feed's own ids."""
        ahead = list(archive.news_sitemaps(await self._robots(url), url))
        more: dict[EntryId, Entry] = {}
        asked: set[str] = set()
        while ahead and len(asked) < archive.MOST_PAGES:
            address = ahead.pop(0)
            asked.add(address)
            sitemap = await self._sitemap(feed, address)
            if sitemap is None:
                continue
            entries = await self._store.ask(partial(_recognised, feed=feed.id, entries=sitemap.entries, found=found))
            brought = await self._store.ask(partial(_in_gap, page=entries, gap=gap))
            more |= {entry.id: entry for entry in brought.entries if entry.id not in found}
            if brought.closed and (found or more):
                return more, True
            ahead = [inner for inner in sitemap.inner if inner not in asked] + ahead
        return more, False

    async def _robots(self, url: str) -> bytes:
        """What the robots.txt of the feed's host says; nothing when there is none."""
        try:
            address = urljoin(url, "/robots.txt")
            answer = await self._http.get(address, max_bytes=archive.MAX_ROBOTS_BYTES, cut=True)
        except FetchError:
            return b""
        return answer.body if answer.status == 200 else b""

    async def _sitemap(self, feed: Feed, url: str) -> Sitemap | None:
        """None when there is none there."""
        elsewhere = FeedState(feed.id, next_poll_at=self._clock(), address=url)
        try:
            fetched = await fetch(feed, elsewhere, self._http)
            if not isinstance(fetched, Fetched):
                return None
            where = (feed.id, fetched.url, fetched.content_type)
            return await self._workers.run(read_sitemap, fetched.body, *where, self._clock())
        except (FetchError, ParseError, WorkerFailed) as e:
            log.info("no news sitemap there", extra={"feed": feed.name, "url": url, "why": str(e)})
            return None

    async def _page(self, feed: Feed, url: str) -> FeedDocument | None:
        """None when there is nothing to read there."""
        elsewhere = FeedState(feed.id, next_poll_at=self._clock(), address=url)
        try:
            fetched = await fetch(feed, elsewhere, self._http)
            if not isinstance(fetched, Fetched):
                return None
            runners = {"run": self._workers.run, "run_quick": self._workers.run_quick}
            document = await read(fetched, b"", feed_id=feed.id, now=self._clock(), **runners)
        except (FetchError, ParseError, WorkerFailed) as e:
            log.info("no archive there", extra={"feed": feed.name, "url": url, "why": str(e)})
            return None
        return document if isinstance(document, FeedDocument) else None

    def _record(self, store: Store, feed: Feed, gap: Gap, entries: tuple[Entry, ...], *, closed: bool) -> int:
        now = self._clock()
        fresh = identity.unseen(entries, store.feeds.known(feed.id, *identity.keys(entries)))
        store.feeds.add_entries(fresh, baseline=frozenset(), now=now)
        store.feeds.close_gap(gap, found=len(fresh), closed=closed, now=now)
        span = f"between {minute(gap.since)} and {minute(gap.until)}"
        outcome = "that closes the gap" if closed else "what else came in that time was not covered"
        text = f"Feed {feed.name} ran past us {span}: {len(fresh)} entries were found in its archive; {outcome}."
        store.notices.add(Notice(feed.id, "gap", text, is_event=True), now)
        return len(fresh)


def _in_gap(store: Store, page: Sequence[Entry], gap: Gap) -> archive.Found:
    before = store.feeds.seen_until([entry.id for entry in page], gap.since)
    return archive.in_gap(page, before, since=gap.since, until=gap.until)


def _recognised(
    store: Store, feed: FeedId, entries: Sequence[Entry], found: Mapping[EntryId, Entry]
) -> tuple[Entry, ...]:
    _, pages, _ = identity.keys(entries)
    known = store.feeds.known(feed, (), pages, ())
    return identity.recognised(entries, [*known, *found.values()])
