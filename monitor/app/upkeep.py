"""Looking after what is stored, in small steps beside the work. Each step may be cut short and done again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from monitor.app.store_thread import StoreThread

PRUNED_AT_ONCE = 500
INDEXED_AT_ONCE = 50  # articles: some 50 ms, for which everybody else waits


class Upkeep:
    """Each step says whether there is more of it."""

    def __init__(self, store: StoreThread, clock: Callable[[], datetime], *, keep_pages: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._keep_pages = keep_pages

    async def index(self) -> bool:
        """Enter articles that were there before search was."""
        return await self._store.change(lambda store: store.search.enter_waiting(limit=INDEXED_AT_ONCE))

    async def prune(self) -> bool:
        """Let go of pages that were kept for as long as they should be."""
        before = self._clock() - self._keep_pages
        dropped = await self._store.change(lambda store: store.pages.drop_bodies(before, limit=PRUNED_AT_ONCE))
        return dropped == PRUNED_AT_ONCE
