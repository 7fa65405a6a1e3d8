"""What hubs promised, and by which address and secret they are known."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlite_utils import Database

from monitor.model import FeedId, Subscription, SubscriptionState
from monitor.store.sqlite.values import Row, text_or_none, time_or_none, to_text

_TIMES = ("next_ask_at", "asked_at", "verified_at", "lease_until", "listens_since", "pushed_at")
_NAMES = tuple(field.name for field in fields(Subscription))


class PushRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, feed: FeedId) -> Subscription | None:
        return self._one("select * from subscriptions where feed_id = ?", feed)

    def by_path(self, path: str) -> Subscription | None:
        """That of an active feed."""
        return self._one(
            "select s.* from subscriptions s join feeds on feeds.id = feed_id where path = ? and active = 1", path
        )

    def due(self, now: datetime, limit: int) -> tuple[Subscription, ...]:
        """Those of active feeds for which the hub is to be asked, longest overdue first."""
        rows = self._db.query(
            """
            select s.* from subscriptions s join feeds on feeds.id = feed_id
            where active = 1 and next_ask_at <= ? order by next_ask_at, feed_id limit ?
            """,
            [to_text(now), limit],
        )
        return tuple(_subscription(row) for row in rows)

    def save(self, feed: FeedId, subscription: Subscription | None) -> None:
        """In place of the one that the feed had."""
        if subscription is None:
            self._db.execute("delete from subscriptions where feed_id = ?", [feed])
            return
        values = {name: getattr(subscription, name) for name in _NAMES}
        columns, places = ", ".join(_NAMES), ", ".join(f":{name}" for name in _NAMES)
        self._db.execute(
            f"insert or replace into subscriptions ({columns}) values ({places})",  # noqa: S608 - constants
            {**values, **{name: text_or_none(values[name]) for name in _TIMES}},
        )

    def keep(self, callback: str | None) -> None:
        """Forget those that would call another address than this. No one can reach us until `listen`."""
        self._db.execute("delete from subscriptions where callback is not ?", [callback])
        self._db.execute("update subscriptions set listens_since = null")

    def listen(self, since: datetime) -> None:
        """Hubs can reach us from now on."""
        self._db.execute("update subscriptions set listens_since = ?", [to_text(since)])

    def _one(self, sql: str, value: str) -> Subscription | None:
        return next((_subscription(row) for row in self._db.query(sql, [value])), None)


def _subscription(row: Row) -> Subscription:
    times = {name: time_or_none(row[name]) for name in _TIMES}
    return Subscription(**{**row, **times, "state": SubscriptionState(row["state"])})
