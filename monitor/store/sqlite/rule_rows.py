"""What rules said: every version that was loaded is kept with its vocabulary, so that a decision can be understood."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import chain

from sqlite_utils import Database

from monitor.model import ConceptVersion, KeptVersion, RuleVersion
from monitor.store.sqlite.values import Row, time_or_none, to_text, to_time


class RuleRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def in_force(self) -> dict[str, bool]:
        """The versions that are, and of each whether its vocabulary is known: older programs did not keep it."""
        rows = self._db.query(
            "select version, concepts is not null as whole from rule_versions where replaced_at is null"
        )
        return {row["version"]: bool(row["whole"]) for row in rows}

    def take_up(self, fresh: Iterable[RuleVersion], *, in_force: Collection[str], now: datetime) -> None:
        """Exactly these versions are in force now; `fresh` are those that were not, or not with their vocabulary."""
        at = to_text(now)
        gone = [(at, version) for version in self.in_force().keys() - set(in_force)]
        self._db.conn.executemany("update rule_versions set replaced_at = ? where version = ?", gone)
        for rule in fresh:
            concepts = {concept.name: concept.version for concept in rule.vocabulary}
            self._db.execute(
                """
                insert into rule_versions (version, rule, title, text, concepts, first_loaded_at)
                values (?, ?, ?, ?, ?, ?)
                on conflict (version) do update set replaced_at = null, concepts = coalesce(concepts, excluded.concepts)
                """,
                [rule.version, rule.rule, rule.title, rule.text, json.dumps(concepts), at],
            )
            self._db.conn.executemany(
                """
                insert into concept_versions (concept, version, terms, first_loaded_at) values (?, ?, ?, ?)
                on conflict do nothing
                """,
                [(concept.name, concept.version, concept.text, at) for concept in rule.vocabulary],
            )

    def last(self, rule: str) -> KeptVersion | None:
        """The version in force, or else the one that was in force last, if its vocabulary is known."""
        rows = self._db.query(
            """
            select * from rule_versions where rule = ? and concepts is not null
            order by replaced_at is not null, replaced_at desc, first_loaded_at desc limit 1
            """,
            [rule],
        )
        return next(map(self._kept, rows), None)

    def history(self, rule: str) -> tuple[KeptVersion, ...]:
        """Every version of a rule, oldest first."""
        rows = self._db.query("select * from rule_versions where rule = ? order by first_loaded_at, rowid", [rule])
        return tuple(map(self._kept, list(rows)))

    def summary(self) -> tuple[Row, ...]:
        """The rules in force, by name."""
        return tuple(
            self._db.query(
                """
                select own.rule, own.title, own.version, own.first_loaded_at,
                  (select count(*) from rule_versions every where every.rule = own.rule) as versions
                from rule_versions own where own.replaced_at is null order by own.rule
                """
            )
        )

    def usage(self, since: datetime, verdict: str) -> dict[str, Row]:
        """What each rule did since then; `noise` counts alerts that were given this verdict."""
        at = to_text(since)
        rows = self._db.query(
            """
            select rule, sum(outcome = 'matched' and decided_at >= :at) as matches,
              sum(outcome = 'near' and decided_at >= :at) as near,
              max(decided_at) filter (where outcome = 'matched') as last_match_at
            from decisions group by rule
            """,
            {"at": at},
        )
        told = self._db.query(
            """
            select rule, sum(fate in ('post', 'thread')) as alerts,
              sum(exists (select 1 from feedback f where f.alert_id = a.id and f.verdict = :verdict)) as noise
            from alerts a where a.created_at >= :at group by rule
            """,
            {"at": at, "verdict": verdict},
        )
        loaded = self._db.query("select rule, min(first_loaded_at) as loaded_at from rule_versions group by rule")
        found: defaultdict[str, Row] = defaultdict(dict)
        for row in chain(rows, told, loaded):
            found[row["rule"]].update(row)
        return dict(found)

    def stories(self, since: datetime) -> dict[str, set[str]]:
        """Those that each rule matched since then."""
        rows = self._db.query("select distinct rule, story_id from alerts where created_at >= ?", [to_text(since)])
        found: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            found[row["rule"]].add(row["story_id"])
        return dict(found)

    def _kept(self, row: Row) -> KeptVersion:
        said = RuleVersion(row["rule"], row["version"], row["title"], row["text"], self._vocabulary(row["concepts"]))
        return KeptVersion(said, to_time(row["first_loaded_at"]), time_or_none(row["replaced_at"]))

    def _vocabulary(self, concepts: str | None) -> tuple[ConceptVersion, ...]:
        rows = self._db.query(
            """
            select own.* from json_each(?) used
            join concept_versions own on own.concept = used.key and own.version = used.value order by own.concept
            """,
            [concepts or "{}"],
        )
        return tuple(ConceptVersion(row["concept"], row["version"], row["terms"]) for row in rows)
