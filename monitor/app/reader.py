"""Read: an entry -> its article, a decision per rule that came near, its story, and an alert for every match."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.app import pages
from monitor.app.alerter import Alerter
from monitor.app.holds import Holds
from monitor.app.store_thread import StoreThread
from monitor.app.workers import WorkerFailed, Workers
from monitor.articles import compose, judge
from monitor.articles.robots import Robots
from monitor.errors import ExtractError, FetchError
from monitor.feeds import identity
from monitor.http import Http
from monitor.model import (
    Alert,
    Article,
    BodySource,
    Decision,
    EntryId,
    Outcome,
    Placement,
    WaitingEntry,
)
from monitor.rules.match import decide
from monitor.rules.schema import RuleSet
from monitor.store.sqlite.store import Store
from monitor.stories import cluster
from monitor.stories.features import shingles

log = logging.getLogger(__name__)


# A page that could not be had now is tried again; meanwhile the feed's own text has been matched.
PATIENCE = timedelta(seconds=12)  # since the entry was seen; a page that fails at once is often there a moment later
QUICK_RETRY = timedelta(seconds=3)
WALL_WAIT = timedelta(minutes=1)
PAGE_RETRIES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
# An entry that our own program fails over.
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading one entry brought, before it is written."""

    article: Article
    decisions: tuple[Decision, ...]
    try_again_at: datetime | None
    reason: str | None  # why the page was not used


class Reader:
    """Reads entries under one set of rules."""

    def __init__(
        self,
        *,
        rules: RuleSet,
        alerter: Alerter,
        store: StoreThread,
        http: Http,
        robots: Robots | None,
        holds: Holds,
        workers: Workers,
        clock: Callable[[], datetime],
    ) -> None:
        self._rules = rules
        self._alerter = alerter
        self._store = store
        self._http = http
        self._robots = robots
        self._holds = holds
        self._workers = workers
        self._clock = clock

    async def read(self, entry_id: EntryId) -> bool:
        waiting = await self._store.ask(lambda store: store.feeds.waiting_entry(entry_id))
        if waiting is None:
            return False
        entry = waiting.entry
        known = await self._store.ask(lambda store: store.stories.article(compose.article_id(entry)))
        if known is not None and not compose.is_about(entry, known):
            # A live page: each of its items has an address of its own that leads to the same page.
            apart = compose.apart(entry, self._clock())
            reason = "another item of a page that was read before"
            return await self._record(waiting, self._judged(apart, None, reason))
        if known is not None and known.body_source is BodySource.PAGE:
            await self._store.change(
                lambda store: store.feeds.finish_reading(entry, article_id=known.id, reason="read before")
            )
            return False
        reading = await self._reading(waiting)
        if reading is None:
            soon = self._clock() + QUICK_RETRY
            await self._store.change(
                lambda store: store.feeds.read_again(entry, soon, article_id=None, reason="the page failed once")
            )
            return False
        return await self._record(waiting, reading)

    async def put_off(self, entry_id: EntryId, why: str) -> None:
        """Put off an entry that our own program failed over. It waits, longer each time, for as long as it takes."""
        waiting = await self._store.ask(lambda store: store.feeds.waiting_entry(entry_id))
        if waiting is None:
            return
        again = self._clock() + min(FIRST_REST * 2 ** min(waiting.attempts, 20), LONGEST_REST)
        await self._store.change(
            lambda store: store.feeds.read_again(waiting.entry, again, article_id=None, reason=why)
        )

    async def _reading(self, waiting: WaitingEntry) -> Reading | None:
        """None: the page failed in a way that may pass within seconds, and there is time to try it once more."""
        entry, now = waiting.entry, self._clock()
        article, reason, passing, wait = await self._article(waiting, now)
        fresh = self._clock() - waiting.first_seen_at < PATIENCE
        if passing and not wait and not waiting.attempts and fresh:
            return None
        again = None
        if passing and waiting.attempts < len(PAGE_RETRIES):
            again = now + max(PAGE_RETRIES[waiting.attempts], wait)
        if reason:
            log.info("page not read", extra={"url": entry.url, "why": reason, "again": again or "never"})
        return self._judged(article, again, reason)

    def _judged(self, article: Article, again: datetime | None, reason: str | None) -> Reading:
        return Reading(article, decide(self._rules, article.title, article.text), again, reason)

    async def _article(self, waiting: WaitingEntry, now: datetime) -> tuple[Article, str | None, bool, timedelta]:
        """The article; why it is not the page's, if it is not; whether that may pass; how long it takes at least."""
        entry = waiting.entry
        if entry.url is None:
            return compose.from_feed(entry, "the entry has no link", now), None, False, timedelta(0)
        if identity.is_forwarder(entry.url):
            why = "a forwarder's address is not resolved"
            return compose.from_feed(entry, why, now), why, False, timedelta(0)
        try:
            page = await pages.read(entry, entry.url, self._http, self._workers, now, self._robots)
            if page.quality == judge.FULL:
                return compose.from_page(entry, page.url, page.extract, now), None, False, timedelta(0)
        except FetchError as e:
            wait = e.retry_after or timedelta(0)
            return compose.from_feed(entry, str(e), now), str(e), not e.permanent, wait
        except (ExtractError, WorkerFailed) as e:
            # A page that killed its worker once may have been unlucky; one that has no text will have none later.
            passing = isinstance(e, WorkerFailed) and waiting.attempts == 0
            return compose.from_feed(entry, str(e), now), str(e), passing, timedelta(0)
        except Exception as e:
            # Whatever we fail over in a page, the feed's own words are there to be matched.
            log.exception("page failed unexpectedly", extra={"url": entry.url})
            why = f"an unexpected error over its page ({type(e).__name__})"
            return compose.from_feed(entry, why, now), why, waiting.attempts == 0, WALL_WAIT
        return compose.from_feed(entry, page.quality, now), page.quality, True, WALL_WAIT

    async def _record(self, waiting: WaitingEntry, reading: Reading) -> bool:
        alerts = await self._store.change(lambda store: self._record_reading(store, waiting, reading))
        await self._holds.keep()
        for alert in alerts:
            log.info(
                "match",
                extra={
                    "rule": alert.rule,
                    "fate": alert.fate,
                    "why": alert.reason,
                    "url": reading.article.url,
                },
            )
        return bool(alerts)

    def _record_reading(self, store: Store, waiting: WaitingEntry, reading: Reading) -> tuple[Alert, ...]:
        """The matches that got their fate now."""
        article, entry, now = reading.article, waiting.entry, self._clock()
        store.stories.save_article(article)
        store.stories.save_decisions(article.id, reading.decisions, now)
        decided = store.alerts.decided(article.id)
        matched = [
            decision
            for decision in reading.decisions
            if decision.outcome is Outcome.MATCHED and decision.rule not in decided
        ]
        if not matched and store.stories.placement(article.id) is not None:
            store.stories.reread(article, shingles(article.text))
        alerts: list[Alert] = []
        if matched:
            placement = self._place(store, article, now)
            alerts = self._alerter.decide(store, waiting, article, placement, matched)
        if reading.try_again_at is None:
            store.feeds.finish_reading(entry, article_id=article.id, reason=reading.reason)
        else:
            store.feeds.read_again(
                entry,
                reading.try_again_at,
                article_id=article.id,
                reason=reading.reason or "to be read again",
            )
        return tuple(alerts)

    def _place(self, store: Store, article: Article, now: datetime) -> Placement:
        runs = shingles(article.text)
        placed = store.stories.placement(article.id)
        if placed is not None:
            store.stories.reread(article, runs)
            return placed
        similar = store.stories.resemblances(
            article, runs, least_shared=cluster.LEAST_SHARED, since=now - cluster.WINDOW
        )
        placement = cluster.place(article.id, len(runs), similar)
        store.stories.place(article, placement, runs, now)
        return placement
