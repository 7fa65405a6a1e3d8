"""What is planned by the wall clock, and what becomes of it when that clock is set back."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlite_utils import Database

from monitor.store.sqlite.values import to_text, to_time

_PLANS = (
    ("feeds", "next_poll_at"),
    ("entries", "next_read_at"),
    ("watches", "next_look_at"),
    ("deliveries", "next_attempt_at"),
    ("hosts", "held_until"),
    ("subscriptions", "next_ask_at"),
    ("subscriptions", "lease_until"),
)


class ClockRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def ahead_of(self, now: datetime) -> timedelta:
        """How far the clock must have been ahead when it was last looked at: a poll cannot end in the future."""
        latest = next(iter(self._db.query("select max(last_poll_at) as at from feeds")))["at"]
        return timedelta(0) if latest is None else max(to_time(latest) - now, timedelta(0))

    def set_back(self, step: timedelta, now: datetime) -> None:
        """Move all plans along, so that each waits for as long as it was meant to."""
        for table, column in _PLANS:
            rows = list(
                self._db.query(f"select rowid as row, {column} as at from {table} where {column} > ?", [to_text(now)])  # noqa: S608
            )
            self._db.conn.executemany(
                f"update {table} set {column} = ? where rowid = ?",  # noqa: S608 - constants
                [(to_text(max(to_time(row["at"]) - step, now)), row["row"]) for row in rows],
            )
        self._move_holds(step, now)
        self._db.execute("update feeds set last_poll_at = ? where last_poll_at > ?", [to_text(now), to_text(now)])

    def _move_holds(self, step: timedelta, now: datetime) -> None:
        """The end of a mute is what a person said it is, unless the clock was wrong when he said it.

        Other holds end earlier by the step. Where it is quiet then, they wait for the end of that.
        """
        for table, column, which in (
            ("mutes", "until", "created_at > :now"),
            ("alerts", "release_at", "fate = 'hold' and id in (select alert_id from holds where cause <> 'mute')"),
            (
                "alerts",
                "release_at",
                """fate = 'hold' and id in (select h.alert_id from holds h join mutes m on m.id = h.mute_id
                  where m.created_at > :now)""",
            ),
        ):
            rows = list(
                self._db.query(
                    f"select rowid as row, {column} as at from {table} where {column} > :now and {which}",  # noqa: S608
                    {"now": to_text(now)},
                )
            )
            self._db.conn.executemany(
                f"update {table} set {column} = ? where rowid = ?",  # noqa: S608 - constants
                [(to_text(max(to_time(row["at"]) - step, now)), row["row"]) for row in rows],
            )
