"""Looking after what is stored, in small steps beside the work. Each step may be cut short and done again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from monitor.app.config_sections import RetentionSection
from monitor.app.store_thread import StoreThread
from monitor.store.sqlite.retention_rows import Old
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

PRUNED_AT_ONCE = 500  # pages
DROPPED_AT_ONCE = 100  # articles and polls: some 50 ms, for which everybody else waits
INDEXED_AT_ONCE = 50  # articles: as long
EVERY = timedelta(days=1)
MOST_TERMS = 500_000  # 8 MB; beyond it those go that were seen once


class Upkeep:
    """Each step says whether there is more of it."""

    def __init__(self, store: StoreThread, clock: Callable[[], datetime], retention: RetentionSection) -> None:
        self._store = store
        self._clock = clock
        self._retention = retention
        self._next_drop_at: datetime | None = None
        self._dropped = Old(0, 0)

    async def index(self) -> bool:
        """Enter articles that were there before search was."""
        return await self._store.change(lambda store: store.search.enter_waiting(limit=INDEXED_AT_ONCE))

    async def prune(self) -> bool:
        """Let go of pages that were kept for as long as they should be."""
        before = self._clock() - self._retention.pages
        dropped = await self._store.change(lambda store: store.pages.drop_bodies(before, limit=PRUNED_AT_ONCE))
        return dropped == PRUNED_AT_ONCE

    def wants_drop(self, now: datetime) -> bool:
        """Once a day, until all that is old is gone."""
        return self._next_drop_at is None or not now < self._next_drop_at <= now + EVERY

    async def drop(self) -> bool:
        """Let go of what is older than it should be."""
        dropped = await self._store.change(self._drop)
        await self._store.ask(lambda store: store.retention.give_back())  # no change: it must be outside of one
        self._dropped = Old(self._dropped.articles + dropped.articles, self._dropped.polls + dropped.polls)
        if DROPPED_AT_ONCE in (dropped.articles, dropped.polls):
            return True
        await self._store.change(lambda store: store.window.drop_rare(most=MOST_TERMS))
        self._next_drop_at = self._clock() + EVERY
        if self._dropped != Old(0, 0):
            log.info("old rows dropped", extra={"articles": self._dropped.articles, "polls": self._dropped.polls})
        self._dropped = Old(0, 0)
        return False

    def _drop(self, store: Store) -> Old:
        articles, polls = cutoffs(self._retention, self._clock())
        dropped = store.retention.drop(articles_before=articles, polls_before=polls, limit=DROPPED_AT_ONCE)
        if dropped.articles:
            store.outdated()  # a story of which nobody was told may have been open still
        return dropped

    def drop_now(self, store: Store, _arguments: Sequence[str]) -> str:
        """For a person who asks: what will go, in steps beside the work."""
        articles, polls = cutoffs(self._retention, self._clock())
        old = store.retention.count(articles_before=articles, polls_before=polls)
        self._next_drop_at = None
        return f"{told(old)} go now, in small steps beside the work."


def cutoffs(retention: RetentionSection, now: datetime) -> tuple[datetime | None, datetime]:
    """Articles and polls from before these may go; None: articles stay for ever."""
    return None if retention.articles is None else now - retention.articles, now - retention.polls


def told(old: Old) -> str:
    return f"{old.articles} articles that no rule matched and {old.polls} records of polls"
