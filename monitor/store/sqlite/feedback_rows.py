"""What people think of alerts: one verdict of each person on each alert, the last one."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from monitor import ids
from monitor.model import AlertId, DeliveryId
from monitor.store.sqlite.values import to_text


class FeedbackRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def alerts_in(self, message: DeliveryId) -> tuple[AlertId, ...]:
        """Everything that one message tells of, its carrier first."""
        rows = self._db.query(
            """
            select alert_id from deliveries where (id = :id or folded_into = :id) and alert_id is not null
            order by folded_into is not null, seq
            """,
            {"id": message},
        )
        return tuple(AlertId(row["alert_id"]) for row in rows)

    def save(self, alert: AlertId, *, verdict: str, user: str, by: str, now: datetime) -> None:
        """`user`: what a person stays the same by; `by`: how he is called now."""
        self._db.execute(
            """
            insert into feedback (id, alert_id, verdict, by, created_at) values (?, ?, ?, ?, ?)
            on conflict (id) do update set
              verdict = excluded.verdict, by = excluded.by, created_at = excluded.created_at
            """,
            [ids.digest("feedback", alert, user), alert, verdict, by, to_text(now)],
        )
