"""The one thread that touches the database, so that a slow disk never stops the event loop.

Changes that are asked for within a few milliseconds share a transaction: what is dear about one is to wait for the
disk. Each has a savepoint of its own, so that one that fails takes no other with it. Questions that can wait a little
share the way to the thread, which costs more than most answers do.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from typing import Any, TypeVar

from monitor.store.sqlite.connection import store_error
from monitor.store.sqlite.store import Store

T = TypeVar("T")

GATHER_SECONDS = 0.01
PATIENT_SECONDS = 0.25
QUESTION_SECONDS = 0.05
MOST_TOGETHER = 200


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    verb: Callable[[Store], Any]
    done: asyncio.Future[Any]


class StoreThread:
    """Owns the store. `change` is a transaction, `ask` a question; both raise StoreError."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._store: Store | None = None
        self._changes: list[_Wish] = []
        self._flush_at = inf  # on the loop's clock
        self._questions: list[_Wish] = []

    async def open(self) -> None:
        """Raises StoreError."""
        self._store = await self._run(self._open_store)

    async def change(self, verb: Callable[[Store], T], *, patient: bool = False) -> T:
        """Run the verb inside a transaction; it is on disk when this returns. Run twice, it must change nothing.

        `patient`: nobody waits for it, so it may share the transaction of what comes a little later.
        """
        self._opened()
        loop = asyncio.get_running_loop()
        change = _Wish(verb, loop.create_future())
        self._changes.append(change)
        at = loop.time() + (PATIENT_SECONDS if patient else GATHER_SECONDS)
        if at < self._flush_at:
            self._flush_at = at
            loop.call_at(at, self._flush)
        # A cancelled job takes nothing back: only its answer is cancelled, what was asked for is done.
        try:
            result: T = await change.done
        except sqlite3.Error as e:
            raise store_error(e) from e
        return result

    async def ask(self, verb: Callable[[Store], T], *, patient: bool = False) -> T:
        """Run a verb that only reads. `patient`: together with those that are asked a little later."""
        if not patient:
            return await self._run(lambda: verb(self._opened()))
        loop = asyncio.get_running_loop()
        question = _Wish(verb, loop.create_future())
        self._questions.append(question)
        if len(self._questions) == 1:
            loop.call_later(QUESTION_SECONDS, self._ask_together)
        try:
            result: T = await question.done
        except sqlite3.Error as e:
            raise store_error(e) from e
        return result

    async def close(self) -> None:
        """After all that was asked for."""
        if self._store is not None:
            self._ask_together()
            self._flush()
            await self._run(self._store.close)
            self._store = None
        self._thread.shutdown(wait=True)

    def _opened(self) -> Store:
        if self._store is None:
            raise RuntimeError("the store is not open")
        return self._store

    def _flush(self) -> None:
        self._flush_at = inf
        while self._changes:
            together, self._changes = self._changes[:MOST_TOGETHER], self._changes[MOST_TOGETHER:]
            self._thread.submit(self._make, together)

    def _ask_together(self) -> None:
        if self._questions:
            together, self._questions = self._questions, []
            self._thread.submit(self._answer, together)

    def _answer(self, questions: Sequence[_Wish]) -> None:
        """In the store's thread."""
        outcomes = [_answered(self._opened(), question) for question in questions]
        questions[0].done.get_loop().call_soon_threadsafe(_settle, questions, outcomes)

    def _make(self, changes: Sequence[_Wish]) -> None:
        """In the store's thread."""
        try:
            outcomes = _together(self._opened(), changes)
        except Exception as e:
            # What ended the transaction for all may be the fault of one.
            outcomes = [e] if len(changes) == 1 else [_alone(self._opened(), change) for change in changes]
        changes[0].done.get_loop().call_soon_threadsafe(_settle, changes, outcomes)

    async def _run(self, work: Callable[[], T]) -> T:
        # Shielded: a cancelled job must not leave the thread inside a question that nobody waits for.
        try:
            return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))
        except sqlite3.Error as e:
            raise store_error(e) from e


def _together(store: Store, changes: Sequence[_Wish]) -> list[Any]:
    """The results, or the exceptions, of changes that reach the disk with one transaction."""
    with store.transaction():
        return [_apart(store, change) for change in changes]


def _apart(store: Store, change: _Wish) -> Any:
    try:
        with store.savepoint():
            return change.verb(store)
    except sqlite3.OperationalError:  # a full disk, an unreadable page: the transaction may be gone with it
        raise
    except Exception as e:
        return e


def _alone(store: Store, change: _Wish) -> Any:
    try:
        return _together(store, [change])[0]
    except Exception as e:
        return e


def _answered(store: Store, question: _Wish) -> Any:
    try:
        return question.verb(store)
    except Exception as e:
        return e


def _settle(changes: Sequence[_Wish], outcomes: Sequence[Any]) -> None:
    """In the event loop's thread."""
    for change, outcome in zip(changes, outcomes, strict=True):
        if change.done.done():  # whoever asked was cancelled
            continue
        if isinstance(outcome, BaseException):
            change.done.set_exception(outcome)
            change.done.exception()  # whoever asked may have been cancelled
        else:
            change.done.set_result(outcome)
