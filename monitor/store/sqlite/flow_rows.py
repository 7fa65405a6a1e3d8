"""What came by since a moment, from feed to sink: counts, and how long each part of the way took.

Rows are numbered as they are written, so what is new is found without a look at what is old.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

STAGES: Mapping[str, str] = {
    "published_to_seen": """
        select julianday(first_seen_at) - julianday(published_at) as days from entries
        where rowid > :entries and rowid <= :entries_to and state <> 'baseline' and published_at is not null""",
    "seen_to_read": """
        select julianday(a.first_read_at) - julianday(min(e.first_seen_at)) as days
        from articles a join entries e on e.article_id = a.id and e.state <> 'baseline'
        where a.rowid > :articles and a.rowid <= :articles_to group by a.rowid""",
    "read_to_matched": """
        select julianday(m.created_at) - julianday(a.first_read_at) as days
        from alerts m join articles a on a.id = m.article_id
        where m.rowid > :alerts and m.rowid <= :alerts_to and m.rule <> 'news-monitor-canary'""",
    "matched_to_posted": """
        select julianday(d.sent_at) - julianday(m.created_at) as days
        from deliveries d join alerts m on m.id = d.alert_id
        where d.sent_at > :sent and d.sent_at <= :sent_to and m.rule <> 'news-monitor-canary'""",
}

_MARKS = """
    select coalesce((select max(id) from polls), 0) as polls,
      coalesce((select max(rowid) from entries), 0) as entries,
      coalesce((select max(rowid) from articles), 0) as articles,
      coalesce((select max(rowid) from alerts), 0) as alerts,
      coalesce((select max(sent_at) from deliveries where sent_at is not null), '') as sent
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment, as the last row of each table."""

    polls: int
    entries: int
    articles: int
    alerts: int
    sent: str


@dataclass(frozen=True, slots=True)
class Flow:
    """What came between two marks. `delays`: seconds, none below zero: publishers date things ahead."""

    polls: Mapping[str, int]  # by outcome
    fates: Mapping[str, int]
    entries: int
    articles: int
    delays: Mapping[str, tuple[float, ...]]  # by stage
    until: Mark


class FlowRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def mark(self) -> Mark:
        return Mark(**next(iter(self._db.query(_MARKS))))

    def since(self, mark: Mark) -> Flow:
        until = self.mark()
        span: dict[str, object] = {name: getattr(mark, name) for name in Mark.__slots__}
        span |= {f"{name}_to": getattr(until, name) for name in Mark.__slots__}
        return Flow(
            polls=self._counts("select outcome as k, count(*) as n from polls where id > :polls group by k", span),
            fates=self._counts(
                """
                select fate as k, count(*) as n from alerts
                where rowid > :alerts and rule <> 'news-monitor-canary' group by k
                """,
                span,
            ),
            entries=max(until.entries - mark.entries, 0),
            articles=max(until.articles - mark.articles, 0),
            delays={
                stage: tuple(max(row["days"] * 86_400, 0.0) for row in self._db.query(sql, span))
                for stage, sql in STAGES.items()
            },
            until=until,
        )

    def _counts(self, sql: str, span: dict[str, object]) -> dict[str, int]:
        return {row["k"]: row["n"] for row in self._db.query(sql, span)}
