"""What sites show with every article, and the proof of what stood on a page."""

from __future__ import annotations

import json
from datetime import datetime

from sqlite_utils import Database

from monitor.model import ArticleId, Snapshot
from monitor.store.sqlite.values import to_text, to_time


class PageRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def habits(self, site: str) -> bytes:
        """As they were saved; empty when nothing is known."""
        rows = list(self._db.query("select habits from sites where site = ?", [site]))
        return bytes(rows[0]["habits"]) if rows else b""

    def save_habits(self, site: str, habits: bytes) -> None:
        self._db.execute(
            "insert into sites (site, habits) values (?, ?) on conflict (site) do update set habits = excluded.habits",
            [site, habits],
        )

    def add_snapshot(self, article: ArticleId, snapshot: Snapshot) -> bool:
        """Whether it is the article's first. One with the same body as the last is not kept."""
        before = self.snapshots(article)
        if before and before[-1].body_sha256 == snapshot.body_sha256:
            return False
        self._db.execute(
            """
            insert into pages (article_id, url, fetched_at, headers, body_sha256, body) values (?, ?, ?, ?, ?, ?)
            on conflict (article_id, fetched_at) do nothing
            """,
            [
                article,
                snapshot.url,
                to_text(snapshot.fetched_at),
                json.dumps(dict(snapshot.headers), ensure_ascii=False),
                snapshot.body_sha256,
                snapshot.body,
            ],
        )
        return not before

    def snapshots(self, article: ArticleId) -> tuple[Snapshot, ...]:
        """In the order in which they were fetched."""
        rows = self._db.query("select * from pages where article_id = ? order by fetched_at", [article])
        return tuple(
            Snapshot(
                row["url"], to_time(row["fetched_at"]), json.loads(row["headers"]), row["body_sha256"], row["body"]
            )
            for row in rows
        )

    def drop_bodies(self, before: datetime, *, limit: int) -> int:
        """Of pages fetched before; the rest of a snapshot stays. At most `limit`, so that nobody waits for long."""
        dropped = self._db.execute(
            """
            update pages set body = null where rowid in (
              select rowid from pages where body is not null and fetched_at < ? order by fetched_at limit ?
            )
            """,
            [to_text(before), limit],
        )
        return dropped.rowcount
