"""How long news takes from its publisher to a reader, part by part, for each feed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlite_utils import Database

from monitor.store.sqlite.values import to_text

# Each article counts for the feed that showed it first: the others are late by no fault of ours.
_FIRST = """
    with first as (
      select e.article_id, e.feed_id, e.published_at, e.first_seen_at,
        row_number() over (partition by e.article_id order by e.first_seen_at, e.id) as place
      from entries e where e.first_seen_at >= :since and e.state <> 'baseline'
    )
"""
_STAGES: Mapping[str, str] = {
    "published_to_seen": "select f.feed_id, f.first_seen_at as until, f.published_at as since from first f",
    "seen_to_read": """
        select f.feed_id, a.first_read_at as until, f.first_seen_at as since
        from first f join articles a on a.id = f.article_id""",
    "read_to_matched": """
        select f.feed_id, m.created_at as until, a.first_read_at as since
        from first f join articles a on a.id = f.article_id join alerts m on m.article_id = a.id""",
    "matched_to_posted": """
        select f.feed_id, d.sent_at as until, m.created_at as since
        from first f join alerts m on m.article_id = f.article_id join deliveries d on d.alert_id = m.id""",
    "published_to_posted": """
        select f.feed_id, d.sent_at as until, f.published_at as since
        from first f join alerts m on m.article_id = f.article_id join deliveries d on d.alert_id = m.id""",
}
STAGES = tuple(_STAGES)


class DelayRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def delays(self, since: datetime) -> dict[str, dict[str, list[float]]]:
        """Seconds by the feed's name and the stage, ascending, of what was seen since; publishers date things ahead."""
        found: dict[str, dict[str, list[float]]] = {}
        for stage, sql in _STAGES.items():
            rows = self._db.query(
                f"""
                {_FIRST}, measured as ({sql} where f.place = 1)
                select feeds.name, max((julianday(until) - julianday(since)) * 86400, 0.0) as seconds
                from measured join feeds on feeds.id = measured.feed_id
                where until is not null and since is not null and feeds.url not like 'https://canary.invalid/%'
                order by seconds
                """,  # noqa: S608 - constants
                {"since": to_text(since)},
            )
            for row in rows:
                found.setdefault(row["name"], {}).setdefault(stage, []).append(row["seconds"])
        return found
