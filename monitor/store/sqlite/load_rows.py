"""What waits now, and since when. Each question is answered from an index: these are asked all the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from monitor.store.sqlite.values import time_or_none, to_text


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many, and since when the oldest waits."""

    count: int
    since: datetime | None


class LoadRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def unread(self, now: datetime) -> Waiting:
        """Entries that could be read and were not tried yet."""
        return self._waiting(
            """
            select count(*) as n, min(first_seen_at) as since from entries
            where state = 'waiting' and attempts = 0 and next_read_at <= ?
            """,
            now,
        )

    def untold(self) -> Waiting:
        """Alerts and corrections on their way to readers."""
        return self._waiting(
            """
            select count(*) as n, min(created_at) as since from deliveries
            where state in ('pending', 'sending', 'ambiguous', 'blocked')
              and (alert_id is not null or correction_id is not null)
            """
        )

    def unpolled(self, now: datetime) -> Waiting:
        """Feeds whose time to be looked at has come."""
        return self._waiting(
            "select count(*) as n, min(next_poll_at) as since from feeds where active = 1 and next_poll_at <= ?", now
        )

    def feeds(self) -> tuple[int, int]:
        """How many there are, and how many of them failed when they were last looked at."""
        row = next(
            iter(self._db.query("select count(*) as n, sum(failures > 0) as failing from feeds where active = 1"))
        )
        return row["n"], row["failing"] or 0

    def deliveries(self) -> dict[str, int]:
        """By state."""
        rows = self._db.query("select state as k, count(*) as n from deliveries group by state")
        return {row["k"]: row["n"] for row in rows}

    def gaps(self) -> dict[str, int]:
        rows = self._db.query("select iif(closed, 'closed', 'open') as k, count(*) as n from gaps group by k")
        return {row["k"]: row["n"] for row in rows}

    def notices(self) -> dict[str, int]:
        """What is wrong now, by kind."""
        rows = self._db.query("select kind as k, count(*) as n from notices where over_at is null group by kind")
        return {row["k"]: row["n"] for row in rows}

    def last_gaps(self) -> dict[str, datetime]:
        """When each feed last ran past us."""
        rows = self._db.query("select feed_id, max(detected_at) as at from gaps group by feed_id")
        return {row["feed_id"]: datetime.fromisoformat(row["at"]) for row in rows}

    def _waiting(self, sql: str, now: datetime | None = None) -> Waiting:
        row = next(iter(self._db.query(sql, [to_text(now)] if now else [])))
        return Waiting(row["n"], time_or_none(row["since"]))
