"""The archive as one long stream, for questions about all of it. Only one article is in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlite_utils import Database

from monitor.model import ArchivedArticle, ArticleId, Feed, FeedId, StoryId
from monitor.store.sqlite.values import HISTORY, Row, json_list, to_text, to_time

_COLUMNS = """
  a.id, a.url, a.title, a.text, a.captions, a.language, a.site, a.first_read_at,
  (select json_group_array(feed_id) from (
    select e.feed_id from entries e where e.article_id = a.id
    group by e.feed_id order by min(e.first_seen_at), e.feed_id)) as feeds
"""
_NEWS = f"not {HISTORY.format(article='a.id')}"  # only that could have been told
_OF_STORIES = f"""
  story_articles own join articles a on a.id = own.article_id
  where {_NEWS} and own.story_id in (
    select other.story_id from story_articles other join articles late on late.id = other.article_id
    where late.first_read_at >= :since)
"""  # noqa: S608 - a constant
_OF_NONE = """
  articles a
  where a.first_read_at >= :since and not exists (select 1 from story_articles own where own.article_id = a.id)
"""


class ArchiveRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def count(self, since: datetime) -> int:
        """How many articles `by_story` yields."""
        sql = f"select (select count(*) from {_OF_STORIES}) + (select count(*) from {_OF_NONE}) as n"  # noqa: S608
        return int(next(iter(self._db.query(sql, {"since": to_text(since)})))["n"])

    def by_story(self, since: datetime) -> Iterator[ArchivedArticle]:
        """Every article of each story that an article came to since then, as they came; then those of no story."""
        stories = f"""
            select own.story_id, {_COLUMNS} from {_OF_STORIES}
            order by own.story_id, a.first_read_at, a.rowid
            """  # noqa: S608 - constants
        others = f"select null as story_id, {_COLUMNS} from {_OF_NONE} order by a.rowid"  # noqa: S608 - constants
        for sql in (stories, others):
            yield from map(_archived, self._db.query(sql, {"since": to_text(since)}))

    def of(self, ids: Iterable[ArticleId]) -> Iterator[ArchivedArticle]:
        """These articles, those that are still there."""
        sql = f"""
            select (select own.story_id from story_articles own where own.article_id = a.id) as story_id, {_COLUMNS}
            from json_each(?) wanted join articles a on a.id = wanted.value order by a.first_read_at, a.rowid
            """  # noqa: S608 - constants
        yield from map(_archived, self._db.query(sql, [json_list(ids)]))

    def sample(self, most: int) -> Iterator[ArchivedArticle]:
        """Articles that no reader called not relevant, in an order that says nothing of them: by their digests."""
        sql = f"""
            select null as story_id, {_COLUMNS} from articles a
            where {_NEWS} and not exists (
              select 1 from alerts told join feedback v on v.alert_id = told.id
              where told.article_id = a.id and v.verdict = 'not-relevant')
            order by a.id limit ?
            """  # noqa: S608 - constants
        yield from map(_archived, self._db.query(sql, [most]))

    def feeds(self) -> dict[FeedId, Feed]:
        """All that ever were, as they were configured last."""
        rows = self._db.query("select id, name, url, tags, language from feeds")
        return {
            FeedId(row["id"]): Feed(
                FeedId(row["id"]), row["name"], row["url"], tuple(json.loads(row["tags"])), row["language"]
            )
            for row in rows
        }


def _archived(row: Row) -> ArchivedArticle:
    return ArchivedArticle(
        id=ArticleId(row["id"]),
        url=row["url"],
        title=row["title"],
        text=row["text"],
        captions=tuple(json.loads(row["captions"])),
        language=row["language"],
        site=row["site"],
        first_read_at=to_time(row["first_read_at"]),
        feeds=tuple(map(FeedId, json.loads(row["feeds"]))),
        story_id=None if row["story_id"] is None else StoryId(row["story_id"]),
    )
