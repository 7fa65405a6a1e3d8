"""Changes that share a transaction."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from monitor.app.store_thread import StoreThread
from monitor.errors import StoreError
from monitor.model import Notice
from monitor.store.sqlite.store import Store
from tests.builders import NOON


@pytest.fixture
async def statements() -> list[str]:
    return []


@pytest.fixture
async def thread(tmp_path: Path, statements: list[str]) -> AsyncIterator[StoreThread]:
    thread = StoreThread(lambda: Store.writer(tmp_path / "news.db", statements.append))
    await thread.open()
    yield thread
    await thread.close()


def note(store: Store, kind: str) -> None:
    store.notices.add(Notice("test", kind, kind), NOON)


def kinds(path: Path) -> list[str]:
    return [row["kind"] for row in Store.reader(path).notices.open()]


async def test_changes_that_come_together_share_a_transaction(
    thread: StoreThread, statements: list[str], tmp_path: Path
) -> None:
    """All are on disk when they return, in the order in which they were asked for."""
    statements.clear()
    await asyncio.gather(*(thread.change(partial(note, kind=f"{n:02}")) for n in range(50)))
    assert [f"{n:02}" for n in range(50)] == kinds(tmp_path / "news.db")
    assert 1 == sum(sql.lower() == "commit" for sql in statements)


@pytest.mark.parametrize(
    "error", [KeyError("a bug"), sqlite3.IntegrityError("a law"), sqlite3.OperationalError("full")]
)
async def test_one_that_fails_takes_no_other_with_it(thread: StoreThread, tmp_path: Path, error: Exception) -> None:
    """What it had written itself is gone; whoever asked for it is told."""

    def fail(store: Store) -> None:
        note(store, "half")
        raise error

    changes = [thread.change(lambda store: note(store, "before")), thread.change(fail)]
    changes.append(thread.change(lambda store: note(store, "after")))
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    assert [None, None] == [outcomes[0], outcomes[2]]
    assert isinstance(outcomes[1], StoreError if isinstance(error, sqlite3.Error) else KeyError)
    assert ["before", "after"] == kinds(tmp_path / "news.db")


async def test_a_change_that_ends_the_transaction_takes_no_other_with_it(thread: StoreThread, tmp_path: Path) -> None:
    """As SQLite itself does when the disk is full."""

    def end(store: Store) -> None:
        store._db.execute("rollback")
        raise sqlite3.OperationalError("database or disk is full")

    outcomes = await asyncio.gather(
        thread.change(lambda store: note(store, "before")),
        thread.change(end),
        thread.change(lambda store: note(store, "after")),
        return_exceptions=True,
    )
    assert [type(None), StoreError, type(None)] == [type(outcome) for outcome in outcomes]
    assert ["before", "after"] == kinds(tmp_path / "news.db")


async def test_nobody_takes_back_what_was_asked_for(tmp_path: Path) -> None:
    """Neither by being cancelled nor by closing at once."""
    thread = StoreThread(lambda: Store.writer(tmp_path / "news.db"))
    await thread.open()
    task = asyncio.create_task(thread.change(lambda store: note(store, "asked")))
    await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await thread.close()
    assert ["asked"] == kinds(tmp_path / "news.db")
    with pytest.raises(RuntimeError):
        await thread.change(lambda store: note(store, "late"))


async def test_patient_questions_share_the_way_and_not_their_errors(thread: StoreThread) -> None:
    """Each has its own answer; one of a cancelled asker disturbs nobody."""

    def fail(_: Store) -> None:
        raise sqlite3.OperationalError("unreadable")

    await thread.change(partial(note, kind="one"))
    lost = asyncio.create_task(thread.ask(fail, patient=True))
    asked = [
        asyncio.create_task(thread.ask(lambda store: len(store.notices.open()), patient=True)),
        asyncio.create_task(thread.ask(fail, patient=True)),
    ]
    await asyncio.sleep(0)
    lost.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert 1 == answers[0]
    assert isinstance(answers[1], StoreError)


async def test_a_question_that_waits_is_answered_before_the_store_closes(tmp_path: Path) -> None:
    """Nobody waits for ever."""
    thread = StoreThread(lambda: Store.writer(tmp_path / "news.db"))
    await thread.open()
    asked = asyncio.create_task(thread.ask(lambda store: len(store.notices.open()), patient=True))
    await asyncio.sleep(0)
    await thread.close()

    assert 0 == await asked
