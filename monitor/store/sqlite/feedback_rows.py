"""What people think of alerts: one verdict of each person on each alert, the last one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlite_utils import Database

from monitor import ids
from monitor.model import AlertId, ArticleId, DeliveryId, ToldAlert
from monitor.store.sqlite.values import Row, json_list, to_text, to_time


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

    def named(self, beginning: str) -> tuple[AlertId, ...]:
        """Alerts whose id begins so."""
        rows = self._db.query(
            "select id from alerts where substr(id, 1, length(:text)) = :text order by id", {"text": beginning}
        )
        return tuple(AlertId(row["id"]) for row in rows)

    def alerts_of(self, article: ArticleId) -> tuple[AlertId, ...]:
        rows = self._db.query("select id from alerts where article_id = ? order by rule", [article])
        return tuple(AlertId(row["id"]) for row in rows)

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

    def false_alarms(self, alerts: Iterable[AlertId], since: datetime) -> tuple[Row, ...]:
        """Of the rules that gave these alerts: how many of those judged since then are called not relevant by most."""
        return tuple(
            self._db.query(
                """
                select rule, sum(against > favour) as false_alarms, count(*) as judged
                from (
                  select a.rule, sum(v.verdict = 'relevant') as favour, sum(v.verdict = 'not-relevant') as against
                  from feedback v join alerts a on a.id = v.alert_id
                  where a.created_at >= :since and a.rule in (
                    select given.rule from json_each(:alerts) wanted join alerts given on given.id = wanted.value)
                  group by a.id)
                group by rule order by rule
                """,
                {"alerts": json_list(alerts), "since": to_text(since)},
            )
        )

    def judges(self, rule: str, since: datetime) -> tuple[str, ...]:
        """Who called alerts of a rule not relevant since then."""
        rows = self._db.query(
            """
            select distinct f.by from feedback f join alerts a on a.id = f.alert_id
            where a.rule = ? and a.created_at >= ? and f.verdict = 'not-relevant' order by f.by
            """,
            [rule, to_text(since)],
        )
        return tuple(row["by"] for row in rows)

    def verdicts(self, since: datetime, limit: int) -> tuple[Row, ...]:
        """Each verdict of each person since then, the latest first."""
        return tuple(
            self._db.query(
                """
                select f.alert_id as alert, f.verdict, f.by, f.created_at as at, a.rule, art.title, art.url
                from feedback f join alerts a on a.id = f.alert_id join articles art on art.id = a.article_id
                where f.created_at >= ? order by f.created_at desc, f.id limit ?
                """,
                [to_text(since), limit],
            )
        )

    def told(self, since: datetime | None, *, rule: str | None = None) -> Iterator[ToldAlert]:
        """What readers were shown since then, and what was judged though they were not; the oldest first."""
        rows = self._db.query(
            """
            select a.id, a.rule, a.article_id, a.created_at, art.title, art.url,
              coalesce((select f.name from entries e join feeds f on f.id = e.feed_id
                where e.article_id = art.id order by e.state = 'baseline', e.first_seen_at, f.id limit 1), art.site)
                as outlet,
              (select json_group_array(json_extract(hit.value, '$.words'))
                from decisions d, json_each(d.evidence, '$.hits') hit
                where d.article_id = a.article_id and d.rule = a.rule) as words,
              coalesce(sum(v.verdict = 'relevant'), 0) as relevant,
              coalesce(sum(v.verdict = 'not-relevant'), 0) as not_relevant
            from alerts a join articles art on art.id = a.article_id left join feedback v on v.alert_id = a.id
            where a.created_at >= :since and (:rule is null or a.rule = :rule)
              and (a.fate in ('post', 'thread') or v.id is not null)
            group by a.id order by a.created_at, a.id
            """,
            {"since": "" if since is None else to_text(since), "rule": rule},
        )
        yield from map(_told, rows)


def _told(row: Row) -> ToldAlert:
    return ToldAlert(
        id=AlertId(row["id"]),
        rule=row["rule"],
        article_id=ArticleId(row["article_id"]),
        title=row["title"],
        url=row["url"],
        outlet=row["outlet"],
        told_at=to_time(row["created_at"]),
        relevant=row["relevant"],
        not_relevant=row["not_relevant"],
        words=tuple(dict.fromkeys(" ".join(words.split()) for words in json.loads(row["words"]))),
    )
