"""What people asked for by hand: who, when, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlite_utils import Database

from monitor.store.sqlite.values import json_list, to_text


class ActionRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, *, name: str, arguments: Sequence[str], by: str, outcome: str, now: datetime) -> None:
        self._db.execute(
            "insert into actions (at, by, name, arguments, outcome) values (?, ?, ?, ?, ?)",
            [to_text(now), by, name, json_list(arguments), outcome],
        )
