"""What may go because it is old: polls, and articles that nobody was told of and that no rule matched.

An article with a match stays, with its decisions, revisions and pages, and so do all articles of its story: they are
the evidence. Stories that only history tells, from before the first look at a feed, go: nobody was told. The id and
title of every entry stay too, or old news would be news again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from monitor.model import ArticleId
from monitor.store.sqlite.forgetting import forget
from monitor.store.sqlite.values import json_list, to_text

PAGES_AT_ONCE = 2_000  # of the file, 4 kB each, given back after each step

_ARTICLES = """
    from articles a where a.first_read_at < ?
      and not exists (select 1 from alerts m where m.article_id = a.id)
      and not exists (select 1 from story_articles s join alerts m on m.story_id = s.story_id where s.article_id = a.id)
"""
_POLLS = "from polls where finished_at < ?"


@dataclass(frozen=True, slots=True)
class Old:
    """So many rows."""

    articles: int
    polls: int


class RetentionRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def count(self, *, articles_before: datetime | None, polls_before: datetime) -> Old:
        articles = 0 if articles_before is None else self._count(_ARTICLES, articles_before)
        return Old(articles, self._count(_POLLS, polls_before))

    def drop(self, *, articles_before: datetime | None, polls_before: datetime, limit: int) -> Old:
        """At most `limit` of each, so that nobody waits for long; what was dropped."""
        polls = self._db.execute(
            f"delete from polls where id in (select id {_POLLS} order by finished_at limit ?)",  # noqa: S608 - a constant
            [to_text(polls_before), limit],
        ).rowcount
        articles = self._old_articles(articles_before, limit) if articles_before is not None else []
        self._db.execute(
            """
            update entries set summary = '', content = '', reason = 'its text was deleted, as configured'
            where article_id in (select value from json_each(?))
            """,
            [json_list(articles)],
        )
        forget(self._db, articles)
        return Old(len(articles), polls)

    def give_back(self) -> None:
        """Room to the disk. Not inside a transaction: `executescript` would end it, and nothing else in Python's module
        goes on with a statement that has no rows until it is done.
        """
        self._db.conn.executescript(f"pragma incremental_vacuum({PAGES_AT_ONCE})")

    def _old_articles(self, before: datetime, limit: int) -> list[ArticleId]:
        rows = self._db.query(
            f"select a.id {_ARTICLES} order by a.first_read_at limit ?",
            [to_text(before), limit],
        )
        return [ArticleId(row["id"]) for row in rows]

    def _count(self, what: str, before: datetime) -> int:
        return int(next(iter(self._db.query(f"select count(*) as n {what}", [to_text(before)])))["n"])
