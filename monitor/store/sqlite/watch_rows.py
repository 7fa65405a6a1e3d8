"""Articles that somebody was told of and that are looked at again, and what was found and told."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from sqlite_utils import Database

from monitor.model import ArticleId, Correction, DeliveryId, DueLook, Severity, Thread, Watch
from monitor.store.sqlite.values import Row, json_list, text_or_none, time_or_none, to_text, to_time


class WatchRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def begin(self, watch: Watch) -> None:
        """An article is watched once, however many rules tell of it."""
        self._db.execute(
            """
            insert into watches (article_id, first_read_at, look, next_look_at) values (?, ?, ?, ?)
            on conflict (article_id) do nothing
            """,
            [watch.article_id, to_text(watch.first_read_at), watch.look, text_or_none(watch.next_look_at)],
        )

    def learn_headline(self, article: ArticleId, title: str) -> None:
        """Of the page of an article that is watched, when it is read for the first time."""
        self._db.execute("update watches set title = ? where article_id = ? and title is null", [title, article])

    def due(self, now: datetime, limit: int) -> tuple[DueLook, ...]:
        rows = self._db.query(
            """
            select w.article_id, a.url from watches w join articles a on a.id = w.article_id
            where w.next_look_at <= ? and exists (select 1 from entries e where e.article_id = w.article_id)
            order by w.next_look_at, w.article_id limit ?
            """,
            [to_text(now), limit],
        )
        return tuple(DueLook(ArticleId(row["article_id"]), row["url"]) for row in rows)

    def watch(self, article: ArticleId) -> Watch | None:
        for row in self._db.query("select * from watches where article_id = ?", [article]):
            return _watch(row)
        return None

    def save(self, watch: Watch) -> None:
        self._db.execute(
            """
            update watches set look = ?, next_look_at = ?, attempts = ?, title = ?, doubt = ?, is_gone = ?
            where article_id = ?
            """,
            [
                watch.look,
                text_or_none(watch.next_look_at),
                watch.attempts,
                watch.title,
                watch.doubt,
                int(watch.is_gone),
                watch.article_id,
            ],
        )

    def add(self, correction: Correction) -> None:
        self._db.execute(
            "insert into corrections (id, article_id, kind, changes, seen_at) values (?, ?, ?, ?, ?)",
            [
                correction.id,
                correction.article_id,
                correction.changes[0].kind,
                json_list(map(asdict, correction.changes)),
                to_text(correction.seen_at),
            ],
        )

    def threads(self, article: ArticleId) -> tuple[Thread, ...]:
        """Where channels were told of an article, or are about to be."""
        rows = self._db.query(
            """
            select d.sink, d.target, coalesce(carrier.thread_of, carrier.id) as parent, a.severity
            from alerts a join deliveries d on d.alert_id = a.id
            join deliveries carrier on carrier.id = coalesce(d.folded_into, d.id)
            where a.article_id = ? and carrier.state <> 'dead'
            order by d.seq
            """,
            [article],
        )
        found: dict[tuple[str, str], Thread] = {}
        for row in rows:
            place, severity = (row["sink"], row["target"]), Severity(row["severity"])
            known = found.get(place)
            if known is None or severity.rank > known.severity.rank:
                parent = known.parent if known else DeliveryId(row["parent"])
                found[place] = Thread(*place, parent, severity)
        return tuple(found.values())

    def corrections_of(self, article: str) -> tuple[Row, ...]:
        """What was told of it after its alerts, and how that got there."""
        rows = self._db.query(
            """
            select c.id, c.kind, c.changes, c.seen_at, d.sink, d.target, d.state, d.sent_at, d.receipt, d.error,
              d.broadcast
            from corrections c left join deliveries d on d.correction_id = c.id
            where c.article_id = ? order by c.seen_at, d.seq
            """,
            [article],
        )
        return tuple({**row, "changes": json.loads(row["changes"])} for row in rows)

    def revisions_of(self, article: str) -> tuple[Row, ...]:
        """What it said before it was read again, oldest first."""
        return tuple(
            self._db.query(
                """
                select title, text, body_source, text_sha256, read_at from revisions
                where article_id = ? order by read_at
                """,
                [article],
            )
        )


def _watch(row: Row) -> Watch:
    return Watch(
        article_id=ArticleId(row["article_id"]),
        first_read_at=to_time(row["first_read_at"]),
        look=row["look"],
        next_look_at=time_or_none(row["next_look_at"]),
        attempts=row["attempts"],
        title=row["title"],
        doubt=row["doubt"],
        is_gone=bool(row["is_gone"]),
    )
