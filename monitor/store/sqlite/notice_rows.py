"""What operators must know, and whether they were told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlite_utils import Database

from monitor.model import DeliveryId, Notice
from monitor.store.sqlite.values import Row, json_list, to_text

_UNTOLD = "(told_at is null or (over_at is not null and over_told_at is null))"


class NoticeRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, notice: Notice, now: datetime) -> None:
        """While one about the same and of the same kind is open this changes nothing."""
        over = to_text(now) if notice.is_event else None
        self._db.execute(
            """
            insert into notices (about, kind, text, created_at, over_at, over_told_at) values (?, ?, ?, ?, ?, ?)
            on conflict (about, kind) where over_at is null do nothing
            """,
            [notice.about, notice.kind, notice.text, to_text(now), over, over],
        )

    def end(self, about: str, kinds: Collection[str], text: str | None, now: datetime) -> None:
        """What was open is over, and `text` tells so; None: something else is told in its place.

        What operators had not heard of yet they need not hear of at all.
        """
        self._db.execute(
            """
            update notices set over_at = :now, over_text = :text, told_at = coalesce(told_at, :now),
              over_told_at = case when told_at is null or :text is null then :now end
            where about = :about and over_at is null and kind in (select value from json_each(:kinds))
            """,
            {"about": about, "kinds": json_list(kinds), "text": text, "now": to_text(now)},
        )

    def add_anew(self, notice: Notice, now: datetime) -> None:
        """In place of one that is open and says something else."""
        self._db.execute(
            "delete from notices where about = ? and kind = ? and over_at is null and text <> ?",
            [notice.about, notice.kind, notice.text],
        )
        self.add(notice, now)

    def untold_since(self) -> datetime | None:
        """When the oldest notice that operators were not told came up; None when they know all."""
        sql = f"select min(coalesce(over_at, created_at)) as at from notices where {_UNTOLD}"  # noqa: S608 - a constant
        row = next(iter(self._db.query(sql)))
        return None if row["at"] is None else datetime.fromisoformat(row["at"])

    def untold(self) -> tuple[tuple[str, str], ...]:
        """What is to be told: its key and its words, in the order in which it came up."""
        rows = self._db.query(f"select * from notices where {_UNTOLD} order by id")  # noqa: S608 - a constant
        return tuple(
            (f"{row['id']} over", row["over_text"]) if row["told_at"] else (str(row["id"]), row["text"]) for row in rows
        )

    def tell(self, delivery: DeliveryId | None, now: datetime) -> None:
        """All that is untold is told by this delivery, or by the log when there is none."""
        self._db.execute(
            """
            update notices set over_told_at = ?, over_delivery_id = ?
            where over_at is not null and over_told_at is null and told_at is not null
            """,
            [to_text(now), delivery],
        )
        self._db.execute(
            "update notices set told_at = ?, delivery_id = ? where told_at is null", [to_text(now), delivery]
        )

    def words(self, about: str) -> tuple[str, ...]:
        """What is wrong now with a part of the program."""
        rows = self._db.query("select text from notices where about = ? and over_at is null order by id", [about])
        return tuple(row["text"] for row in rows)

    def open(self) -> tuple[Row, ...]:
        """What is wrong now, oldest first."""
        return tuple(
            self._db.query(
                "select about, kind, text, created_at, told_at from notices where over_at is null order by id"
            )
        )
