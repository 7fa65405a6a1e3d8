"""How far canaries came, see app/canary.py. All that is kept of one is when it was seen and told."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from monitor.model import ArticleId, FeedId
from monitor.store.sqlite.forgetting import forget
from monitor.store.sqlite.values import Row, time_or_none

_ON_THEIR_WAY = """
    select e.id as entry, e.first_seen_at as seen_at, e.state as reading, e.reason, a.id as article, a.quality,
      m.outcome, t.kind as told_as, d.state as delivery, d.error, d.sent_at
    from entries e left join articles a on a.id = e.article_id
    left join decisions m on m.article_id = a.id and m.rule = :rule
    left join alerts t on t.article_id = a.id and t.rule = :rule
    left join deliveries d on d.alert_id = t.id
    where e.feed_id = :feed and e.state <> 'baseline' and not exists (select 1 from canaries c where c.entry_id = e.id)
    order by e.first_seen_at
"""


class CanaryRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def on_their_way(self, feed: FeedId, rule: str) -> tuple[Row, ...]:
        """Seen, and not over yet; the oldest first."""
        return tuple(self._db.query(_ON_THEIR_WAY, {"feed": feed, "rule": rule}))

    def end(self, canary: Row, why: str | None) -> None:
        """It was told, or it never will be, and what went wrong; its article and alert go as if they had never been."""
        self._db.execute(
            "insert into canaries (entry_id, seen_at, told_at, why) values (?, ?, ?, ?)",
            [canary["entry"], canary["seen_at"], canary["sent_at"], why],
        )
        if canary["article"] is not None:
            forget(self._db, [ArticleId(canary["article"])])
        self._db.execute("delete from sites where site = 'canary.invalid'")  # it shows the same each time, on purpose

    def last_told(self) -> datetime | None:
        return time_or_none(next(iter(self._db.query("select max(told_at) as at from canaries")))["at"])

    def last(self) -> Row | None:
        """The latest one that is over."""
        return next(iter(self._db.query("select * from canaries order by seen_at desc limit 1")), None)
