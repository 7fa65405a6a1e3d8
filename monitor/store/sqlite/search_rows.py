"""Full text search: which articles have which words.

The index keeps no text, only where each folded word stands. To take an article out of it, the very words that went in
must be given again, so an article is taken out before it changes. Whoever changes `text.words` must begin the index
anew with a migration.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from monitor.model import ArticleId
from monitor.store.search_query import SearchQuery
from monitor.store.sqlite.values import Row, to_text
from monitor.text import words

_PARTS = ("title", "text", "captions")

# What is not asked for costs nothing: the articles themselves are large, and there may be very many hits.
_ONLY = """
    (:since is null or d.read_at >= :since) and (:until is null or d.read_at < :until)
    and (:site is null or exists (
      select 1 from articles a where a.id = d.article_id
        and (a.site = :site or substr(a.site, -1 - length(:site)) = '.' || :site)))
    and (:language is null or exists (
      select 1 from articles a where a.id = d.article_id
        and substr(lower(a.language), 1, length(:language) + 1) in (:language, :language || '-')))
    and (:rule is null or exists (
      select 1 from decisions m where m.article_id = d.article_id and m.rule = :rule and m.outcome = 'matched'))
    and (:feed is null or exists (
      select 1 from entries e join feeds f on f.id = e.feed_id where e.article_id = d.article_id and f.name = :feed))
"""


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Which of the articles with the words. Times are of the first reading."""

    since: datetime | None = None
    until: datetime | None = None
    feed: str | None = None  # its name
    rule: str | None = None  # that matched
    site: str | None = None  # with its subdomains
    language: str | None = None  # with its scripts and regions


class SearchRows:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._noted: dict[ArticleId, None] = {}  # in order

    def withdraw(self, article: ArticleId) -> None:
        """Before it changes or goes. Of an article that is not in the index this does nothing."""
        rows = list(
            self._db.query(
                """
                select d.id, a.title, a.text, a.captions from search_documents d
                join articles a on a.id = d.article_id where d.article_id = ?
                """,
                [article],
            )
        )
        for row in rows:
            self._db.execute(
                "insert into search_words (search_words, rowid, title, text, captions) values ('delete', ?, ?, ?, ?)",
                [row["id"], *_folded(row)],
            )
            self._db.execute("delete from search_documents where id = ?", [row["id"]])

    def note(self, article: ArticleId) -> None:
        """To be entered at the end of the transaction. Should that undo the article, there is nothing to enter."""
        self._noted[article] = None
        if not self._db.conn.in_transaction:
            self.enter_noted()

    def date(self, article: ArticleId, read_at: datetime) -> None:
        """Of an article that is in the index, and counts as read then."""
        self._db.execute("update search_documents set read_at = ? where article_id = ?", [to_text(read_at), article])

    def enter_noted(self) -> None:
        noted, self._noted = self._noted, {}
        self._enter(noted)

    def drop_noted(self) -> None:
        """The transaction was undone."""
        self._noted = {}

    def enter_waiting(self, *, limit: int) -> bool:
        """Of the articles that were there before the index. Whether more of them wait."""
        waiting = self._db.query("select article_id from search_waiting order by rowid limit ?", [limit])
        self._enter([ArticleId(row["article_id"]) for row in waiting])
        return self.is_behind()

    def _enter(self, articles: Iterable[ArticleId]) -> None:
        """As they stand now. Twice changes nothing."""
        entered: list[tuple[Any, ...]] = []
        for article in articles:
            self._db.execute("delete from search_waiting where article_id = ?", [article])
            new = self._db.execute(
                """
                insert into search_documents (article_id, read_at) select id, first_read_at from articles where id = ?
                on conflict (article_id) do nothing
                """,
                [article],
            )
            if new.rowcount:
                row = next(iter(self._db.query("select title, text, captions from articles where id = ?", [article])))
                entered.append((new.lastrowid, *_folded(row)))
        # One after the other: FTS5 writes what it has gathered to a segment of its own at every savepoint, also at
        # those that SQLite sets for other statements, and writing and merging segments is what an article costs.
        self._db.conn.executemany(
            "insert into search_words (rowid, title, text, captions) values (?, ?, ?, ?)", entered
        )

    def waiting(self) -> int:
        """Articles that search cannot find yet."""
        return int(next(iter(self._db.query("select count(*) as n from search_waiting")))["n"])

    def is_behind(self) -> bool:
        return bool(list(self._db.query("select 1 from search_waiting limit 1")))

    def find(self, query: SearchQuery, only: SearchFilter, *, limit: int) -> Iterator[Row]:
        """The latest first; only one article is in memory at a time, as there may be very many."""
        rows = self._db.query(
            f"""
            with hit as (
              select d.article_id, d.read_at from search_words w join search_documents d on d.id = w.rowid
              where search_words match :expression and {_ONLY}
              order by d.read_at desc, d.article_id limit :limit
            )
            select a.id, a.url, a.title, a.text, a.captions, a.author, a.site, a.language, a.published_at,
              a.first_read_at,
              (select json_group_array(name) from (
                 select distinct f.name as name from entries e join feeds f on f.id = e.feed_id
                 where e.article_id = a.id order by f.name)) as feeds,
              (select json_group_array(rule) from (
                 select rule from decisions where article_id = a.id and outcome = 'matched' order by rule)) as rules
            from hit join articles a on a.id = hit.article_id
            order by hit.read_at desc, a.id
            """,  # noqa: S608 - a constant
            {
                "expression": query.expression,
                "since": only.since and to_text(only.since),
                "until": only.until and to_text(only.until),
                "feed": only.feed,
                "rule": only.rule,
                "site": only.site and only.site.lower().removeprefix("www."),
                "language": only.language and only.language.lower(),
                "limit": limit,
            },
        )
        for row in rows:
            yield {**row, **{name: json.loads(row[name]) for name in ("captions", "feeds", "rules")}}


def _folded(row: Row) -> tuple[str, ...]:
    return tuple(" ".join(words(row[part])) for part in _PARTS)
