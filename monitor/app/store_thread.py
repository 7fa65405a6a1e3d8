"""The one thread that touches the database, so that a slow disk never stops the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from monitor.errors import StoreError
from monitor.store.sqlite.store import Store

T = TypeVar("T")


class StoreThread:
    """Owns the store. `change` is a transaction, `ask` a question; both raise StoreError."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._store: Store | None = None

    async def open(self) -> None:
        """Raises StoreError."""
        self._store = await self._run(self._open_store)

    async def change(self, verb: Callable[[Store], T]) -> T:
        """Run the verb inside one transaction; it is on disk when this returns. Run twice, it must change nothing."""

        def in_transaction() -> T:
            with self._opened().transaction() as store:
                return verb(store)

        return await self._run(in_transaction)

    async def ask(self, verb: Callable[[Store], T]) -> T:
        """Run a verb that only reads."""
        return await self._run(lambda: verb(self._opened()))

    async def close(self) -> None:
        """After the verb under way, if any."""
        if self._store is not None:
            await self._run(self._store.close)
            self._store = None
        self._thread.shutdown(wait=True)

    def _opened(self) -> Store:
        if self._store is None:
            raise RuntimeError("the store is not open")
        return self._store

    async def _run(self, work: Callable[[], T]) -> T:
        # Shielded: a cancelled job must not leave the thread inside a transaction that nobody waits for.
        try:
            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))
        except sqlite3.Error as e:
            raise StoreError(
                f"the database does not do its work ({e}); is its disk full? `news-monitor audit` checks the file"
            ) from e
