"""An online copy of the database. Never copy the file itself: its newest rows are in the WAL beside it."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

from monitor.errors import StoreError
from monitor.store.sqlite.connection import open_reader


def back_up(database: Path, target: Path) -> None:
    """Written under another name, checked, and only then put in place. Refuses to overwrite. Raises StoreError."""
    if target.exists():
        raise StoreError(f"{target}: exists already, and nothing is overwritten; name another file")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    db = open_reader(database)
    try:
        partial.touch(mode=database.stat().st_mode & 0o777 | 0o600)  # read by nobody who may not read the database
        db.execute("pragma query_only = off")  # `vacuum into` writes, though only the other file
        db.execute("vacuum into ?", [str(partial)])
        _check(partial)
        partial.replace(target)
    except (sqlite3.Error, OSError) as e:
        raise StoreError(f"{target}: the copy could not be written ({e})") from e
    finally:
        db.close()
        partial.unlink(missing_ok=True)


def back_up_in_turn(database: Path, directory: Path, *, keep: int, now: datetime) -> Path:
    """The copy, named by its time; of those in the directory the latest `keep` stay. Raises StoreError."""
    target = directory / f"{database.stem}-{now:%Y%m%dT%H%M%SZ}.db"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise StoreError(f"{directory}: cannot be created ({e.strerror}); name another directory") from e
    back_up(database, target)
    pattern = f"{database.stem}-{'[0-9]' * 8}T{'[0-9]' * 6}Z.db"
    for old in sorted(directory.glob(pattern))[:-keep]:
        old.unlink()
    return target


def _check(file: Path) -> None:
    connection = sqlite3.connect(file)
    try:
        verdict = connection.execute("pragma quick_check").fetchone()[0]
    finally:
        connection.close()
    if verdict != "ok":
        raise StoreError(f"{file}: the copy is damaged ({verdict})")
