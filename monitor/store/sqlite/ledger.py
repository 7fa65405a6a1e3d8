"""Questions about the whole: does every match have its fate, what waits, how are the feeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlite_utils import Database

from monitor.model import MuteId
from monitor.store.sqlite.values import DROPPED, HISTORY, Row, message_of, to_text

_LATE = timedelta(hours=1)  # a hold is told within seconds of its time, if there is a daemon

# What the clock says of it; `late` is an hour ago.
_LAWS_OF_TIME: Mapping[str, str] = {
    "a hold past its release": "select id, rule, release_at from alerts where fate = 'hold' and release_at < :late",
    "a mute that is over without a receipt": """
        select id, kind, subject, until from mutes
        where closed_at is null and min(until, coalesce(ended_at, until)) < :late
          and not exists (  -- its receipt waits for the end of quiet hours
            select 1 from holds h join alerts a on a.id = h.alert_id
            where h.mute_id = mutes.id and h.released_at is null and a.release_at >= :late)""",
}

# Each query finds rows that break the conservation law or the laws of the outbox; the sentence says which one.
_LAWS: Mapping[str, str] = {
    "a match without a fate": """
        select d.article_id, d.rule from decisions d
        left join alerts a on a.article_id = d.article_id and a.rule = d.rule
        where d.outcome = 'matched' and a.id is null""",
    "a fate without a match": """
        select a.id, a.rule, a.article_id from alerts a
        left join decisions d on a.article_id = d.article_id and a.rule = d.rule and d.outcome = 'matched'
        where d.rule is null""",
    "a hold without a release time": "select id, rule from alerts where fate = 'hold' and release_at is null",
    "a match to be told that no delivery carries": """
        select a.id, a.rule from alerts a left join deliveries d on d.alert_id = a.id
        where a.fate in ('post', 'thread') and d.id is null""",
    "a delivery for a match that is not to be told": """
        select d.id, a.rule from deliveries d join alerts a on a.id = d.alert_id
        where a.fate in ('hold', 'suppress')""",
    "a correction that no delivery carries": """
        select c.id, c.article_id from corrections c left join deliveries d on d.correction_id = c.id
        where d.id is null""",
    "a correction told where nobody was told of its article": """
        select d.id, c.article_id, d.target from deliveries d join corrections c on c.id = d.correction_id
        where not exists (
          select 1 from alerts a join deliveries told on told.alert_id = a.id
          where a.article_id = c.article_id and told.sink = d.sink and told.target = d.target)""",
    "a delivery that tells of no match, no correction and nothing to operators": """
        select id, target from deliveries d
        where alert_id is null and correction_id is null and json_extract(message, '$.report') is null
          and (json_extract(message, '$.digest') is null
            or not exists (select 1 from deliveries inside where inside.folded_into = d.id)
              and sink in ('slack', 'console'))""",  # elsewhere it is an echo of the channel's
    "a hold that says nothing of what it holds": """
        select a.id, a.rule from alerts a left join holds h on h.alert_id = a.id
        where a.fate = 'hold' and (h.alert_id is null or h.released_at is not null)""",
    "a hold that goes on although its match has another fate": """
        select a.id, a.rule, a.fate from alerts a join holds h on h.alert_id = a.id
        where a.fate <> 'hold' and h.released_at is null""",
    "a mute that was closed before it told what it held": """
        select m.id, m.kind, m.subject from mutes m join holds h on h.mute_id = m.id
        where m.closed_at is not null and h.released_at is null""",
    "a delivery told inside another one of a different channel, or inside none": """
        select d.id, d.folded_into from deliveries d left join deliveries other on other.id = d.folded_into
        where d.state = 'folded' and (other.id is null or other.state = 'folded'
          or other.sink <> d.sink or other.target <> d.target)""",
    "an article with a match that belongs to no story": """
        select a.id, a.article_id from alerts a left join story_articles s on s.article_id = a.article_id
        where s.story_id is null or s.story_id <> a.story_id""",
}

# As many rows as there are articles are looked at, so not at every glance.
_LAWS_OF_THE_ARCHIVE: Mapping[str, str] = {
    "an article that search cannot find": """
        select a.id, a.url from articles a
        where not exists (select 1 from search_documents d where d.article_id = a.id)
          and not exists (select 1 from search_waiting w where w.article_id = a.id)""",
    "an article whose words are not in the search index": """
        select d.article_id from search_documents d
        where not exists (select 1 from search_words_docsize w where w.id = d.id)""",
    "words in the search index that belong to no article": """
        select w.id from search_words_docsize w
        where not exists (select 1 from search_documents d where d.id = w.id)""",
}

OFFENDERS_SHOWN = 20


class Ledger:
    def __init__(self, db: Database) -> None:
        self._db = db

    def matches(self) -> int:
        return self._count("select count(*) as n from decisions where outcome = 'matched'")

    def fates(self) -> dict[str, int]:
        return self._counts("select fate as k, count(*) as n from alerts group by fate")

    def corrections(self) -> int:
        return self._count("select count(*) as n from corrections")

    def delivery_states(self) -> dict[str, int]:
        """What a person has dropped counts as such."""
        return self._counts(
            f"select iif({DROPPED}, 'dropped', state) as k, count(*) as n from deliveries group by k"  # noqa: S608
        )

    def violations(self, now: datetime) -> tuple[tuple[str, Row], ...]:
        """Rows that break a law, each with the law it breaks."""
        late = {"late": to_text(now - _LATE)}
        return self._offenders(_LAWS, {}) + self._offenders(_LAWS_OF_TIME, late)

    def violations_in_archive(self) -> tuple[tuple[str, Row], ...]:
        """Articles and the search index that do not fit."""
        return self._offenders(_LAWS_OF_THE_ARCHIVE, {})

    def _offenders(self, laws: Mapping[str, str], given: Mapping[str, str]) -> tuple[tuple[str, Row], ...]:
        return tuple(
            (law, row)
            for law, sql in laws.items()
            for row in self._db.query(f"{sql} limit {OFFENDERS_SHOWN}", dict(given))
        )

    def dead_letters(self, limit: int | None = OFFENDERS_SHOWN, *, dropped: bool = False) -> tuple[Row, ...]:
        """Messages that no sink would take, the latest first; or those that a person has dropped."""
        return tuple(
            self._db.query(
                f"""
                select d.id, coalesce(a.rule, iif(c.id is not null, 'a correction',
                    iif(json_extract(d.message, '$.digest') is null, 'a report', 'a digest'))) as rule,
                  coalesce(a.article_id, c.article_id) as article_id, d.sink, d.target, d.created_at, d.error,
                  coalesce(json_extract(d.message, '$.headline'), json_extract(d.message, '$.digest.title'))
                    as headline
                from deliveries d left join alerts a on a.id = d.alert_id
                left join corrections c on c.id = d.correction_id
                where d.state = 'dead' and {DROPPED} = ? order by d.seq desc limit ?
                """,  # noqa: S608 - a constant
                [dropped, -1 if limit is None else limit],  # SQLite's word for all
            )
        )

    def feeds(self) -> tuple[Row, ...]:
        """Active feeds with their health."""
        rows = self._db.query(
            """
            select f.id, f.name, f.url, f.tags, f.known_since, f.last_poll_at, f.last_success_at,
              f.next_poll_at, f.failures, f.error,
              (select count(*) from entries e where e.feed_id = f.id) as entries,
              (select count(*) from gaps g where g.feed_id = f.id) as gaps,
              (select count(*) from gaps g where g.feed_id = f.id and g.closed = 1) as closed_gaps,
              (select max(detected_at) from gaps g where g.feed_id = f.id) as last_gap_at
            from feeds f where f.active = 1 and f.url not like 'https://canary.invalid/%' order by f.name
            """
        )
        return tuple({**row, "tags": json.loads(row["tags"])} for row in rows)

    def entries_on(self, host: str, *, limit: int) -> tuple[Row, ...]:
        """The latest entries that link to a host (or mention it), with the active feed that showed each."""
        return tuple(
            self._db.query(
                """
                select e.url, f.name as feed from entries e join feeds f on f.id = e.feed_id
                where f.active = 1 and instr(e.url, ?) > 0 order by e.first_seen_at desc limit ?
                """,
                [host, limit],
            )
        )

    def entry_states(self) -> dict[str, int]:
        """Without canaries."""
        return self._counts(
            """
            select state as k, count(*) as n from entries
            where feed_id not in (select id from feeds where url like 'https://canary.invalid/%') group by state
            """
        )

    def articles_read_from_feed(self) -> int:
        """Without history, whose pages are not asked for."""
        return self._count(
            f"""
            select count(*) as n from articles a
            where body_source = 'feed' and quality <> 'full' and not {HISTORY.format(article="a.id")}
            """  # noqa: S608 - a constant
        )

    def polls(self) -> dict[str, int]:
        return self._counts("select outcome as k, count(*) as n from polls group by outcome")

    def waiting_deliveries(self) -> tuple[Row, ...]:
        return tuple(
            self._db.query(
                f"""
                select sink, target, state, count(*) as n, min(created_at) as oldest, max(error) as error
                from deliveries
                where state in ('pending', 'sending', 'ambiguous', 'blocked', 'dead') and not {DROPPED}
                group by sink, target, state order by sink, target, state
                """  # noqa: S608 - a constant
            )
        )

    def alerts(self, *, limit: int, since: datetime | None = None, held_by: MuteId | None = None) -> tuple[Row, ...]:
        """The latest matches with their fate, newest first, and how far each is in its channel.

        `held_by`: only those that a mute holds or held. `echoes`: in how many other places it is told.
        """
        return tuple(
            self._db.query(
                """
                select a.id, a.created_at, a.rule, a.severity, a.kind, a.fate, a.reason, a.release_at, a.story_id,
                  a.article_id, art.title, art.url,
                  (select f.name from entries e join feeds f on f.id = e.feed_id
                   where e.article_id = art.id order by e.state = 'baseline', e.first_seen_at limit 1) as outlet,
                  d.state as delivery, d.sink, d.target, d.sent_at, d.receipt, d.error,
                  (select count(*) from deliveries e where e.alert_id = a.id and e.id <> d.id) as echoes
                from alerts a join articles art on art.id = a.article_id
                left join deliveries d on d.id = (
                  select id from deliveries e where e.alert_id = a.id order by e.seq limit 1)
                where a.created_at >= :since
                  and (:mute is null or a.id in (select alert_id from holds where mute_id = :mute))
                order by a.created_at desc, a.rule limit :limit
                """,
                {"since": to_text(since) if since else "", "mute": held_by, "limit": limit},
            )
        )

    def messages(self, sink: str) -> tuple[Row, ...]:
        """Alerts of a sink, and what was told in their threads, in that order, with the parsed message."""
        rows = self._db.query(
            """
            select id, target, state, sent_at, thread_of, message from deliveries
            where sink = ? and message is not null and (alert_id is not null or thread_of is not null) order by seq
            """,
            [sink],
        )
        return tuple({**row, "message": message_of(row["message"])} for row in rows)

    def message(self, delivery: str) -> Row | None:
        """One message of any sink, parsed, with where and when it was told."""
        rows = self._db.query(
            """
            select id, sink, target, state, sent_at, receipt, message from deliveries
            where id = ? and message is not null
            """,
            [delivery],
        )
        return next(({**row, "message": message_of(row["message"])} for row in rows), None)

    def entries_at(self, url: str, article_id: str) -> tuple[Row, ...]:
        """Where and when an address was seen."""
        return tuple(
            self._db.query(
                """
                select e.id, f.name as feed, e.url, e.title, e.published_at, e.first_seen_at, e.state, e.attempts,
                  e.article_id, e.reason
                from entries e join feeds f on f.id = e.feed_id
                where e.url = ? or e.article_id = ? order by e.first_seen_at
                """,
                [url, article_id],
            )
        )

    def decisions(self, article_id: str) -> tuple[Row, ...]:
        rows = self._db.query(
            """
            select d.*, v.first_loaded_at as version_loaded_at, v.replaced_at as version_replaced_at
            from decisions d left join rule_versions v on v.version = d.rule_version
            where d.article_id = ? order by d.rule
            """,
            [article_id],
        )
        return tuple({**row, "evidence": json.loads(row["evidence"])} for row in rows)

    def alerts_of(self, article_id: str) -> tuple[Row, ...]:
        return tuple(
            self._db.query(
                """
                select a.*, d.id as delivery_id, d.sink, d.target, d.state, d.sent_at, d.receipt, d.error
                from alerts a left join deliveries d on d.alert_id = a.id where a.article_id = ? order by a.rule
                """,
                [article_id],
            )
        )

    def check_file(self) -> str:
        """SQLite's own word on the file: "ok", or what is damaged."""
        return str(next(iter(self._db.query("pragma quick_check")))["quick_check"])

    def damage(self) -> tuple[str, ...]:
        """All that is wrong with the file: its pages, its indexes, and rows that refer to nothing."""
        found = [str(next(iter(row.values()))) for row in self._db.query("pragma integrity_check")]
        lost = [
            f"{row['table']} row {row['rowid']} refers to no {row['parent']}"
            for row in self._db.query("pragma foreign_key_check")
        ]
        return tuple(line for line in found if line != "ok") + tuple(lost)

    def _count(self, sql: str) -> int:
        return int(next(iter(self._db.query(sql)))["n"])

    def _counts(self, sql: str) -> dict[str, int]:
        return {row["k"]: row["n"] for row in self._db.query(sql)}
