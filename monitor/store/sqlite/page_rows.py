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
        """Whether it is the article's first; a later one is not kept."""
        added = self._db.execute(
            """
            insert into pages (article_id, url, fetched_at, headers, body_sha256, body) values (?, ?, ?, ?, ?, ?)
            on conflict (article_id) do nothing
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
        return added.rowcount > 0

    def snapshot(self, article: ArticleId) -> Snapshot | None:
        for row in self._db.query("select * from pages where article_id = ?", [article]):
            return Snapshot(
                row["url"], to_time(row["fetched_at"]), json.loads(row["headers"]), row["body_sha256"], row["body"]
            )
        return None

    def drop_bodies(self, before: datetime, *, limit: int) -> int:
        """Of pages fetched before; the rest of a snapshot stays. At most `limit`, so that nobody waits for long."""
        dropped = self._db.execute(
            """
            update pages set body = null where article_id in (
              select article_id from pages where body is not null and fetched_at < ? order by fetched_at limit ?
            )
            """,
            [to_text(before), limit],
        )
        return dropped.rowcount
