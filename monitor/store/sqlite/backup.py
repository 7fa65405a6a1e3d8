"""An online copy of the database. Never copy the file itself: its newest rows are in the WAL beside it."""

from __future__ import annotations

import sqlite3
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
        db.execute("pragma query_only = off")  # `vacuum into` writes, though only the other file
        db.execute("vacuum into ?", [str(partial)])
        _check(partial)
        partial.replace(target)
    except (sqlite3.Error, OSError) as e:
        raise StoreError(f"{target}: the copy could not be written ({e})") from e
    finally:
        db.close()
        partial.unlink(missing_ok=True)


def _check(file: Path) -> None:
    connection = sqlite3.connect(file)
    try:
        verdict = connection.execute("pragma quick_check").fetchone()[0]
    finally:
        connection.close()
    if verdict != "ok":
        raise StoreError(f"{file}: the copy is damaged ({verdict})")
