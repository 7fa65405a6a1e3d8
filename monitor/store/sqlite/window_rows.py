"""What new articles are compared with: how common words are, and the articles of the stories that are open."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlite_utils import Database

from monitor.model import ArticleId, StoryId
from monitor.store.sqlite.values import json_list, to_text, to_time


class OpenArticle(NamedTuple):
    """An article of a story that may still grow."""

    article_id: ArticleId
    story_id: StoryId
    at: datetime  # when it was added, or published if that was before the first look at its feed
    features: bytes


class WindowRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def totals(self) -> tuple[int, int]:
        """How many articles and how many stories were counted."""
        row = next(iter(self._db.query("select articles, stories from term_totals")))
        return row["articles"], row["stories"]

    def counts(self, terms: Collection[int]) -> Mapping[int, tuple[int, int]]:
        """Of how many articles and stories each term is part; those never counted are left out."""
        rows = self._db.conn.execute(
            "select term, articles, stories from terms where term in (select value from json_each(?))",
            [json_list(terms)],
        )
        return {term: (articles, stories) for term, articles, stories in rows}

    def count_articles(self, terms: Mapping[int, int], articles: int) -> None:
        """So many more, and in how many of them each term stands."""
        self._db.execute("update term_totals set articles = articles + ?", [articles])
        self._db.conn.executemany(
            """
            insert into terms (term, articles) values (?, ?)
            on conflict (term) do update set articles = articles + excluded.articles
            """,
            sorted(terms.items()),
        )

    def count_story(self, terms: Collection[int], *, begun: bool) -> None:
        """`terms`: those that the story did not have before."""
        if begun:
            self._db.execute("update term_totals set stories = stories + 1")
        self._db.execute(
            """
            insert into terms (term, stories) select value, 1 from json_each(?) where true
            on conflict (term) do update set stories = stories + 1
            """,
            [json_list(terms)],
        )

    def drop_rare(self, *, most: int) -> None:
        """When there are more terms than that, those go that stand in one article and in no story."""
        if next(iter(self._db.query("select count(*) as n from terms")))["n"] > most:
            self._db.execute("delete from terms where articles <= 1 and stories = 0")

    def features(self, article: ArticleId) -> bytes:
        """Raises LookupError for an article that has no place in a story."""
        rows = self._db.conn.execute("select features from story_articles where article_id = ?", [article])
        for (features,) in rows:
            return bytes(features)
        raise LookupError(f"no article {article} in a story")

    def open_articles(self, since: datetime) -> Iterator[OpenArticle]:
        """All of the stories that told something since, as they came."""
        rows = self._db.conn.execute(
            """
            select article_id, story_id, coalesce(stood_since, added_at), features from story_articles
            where features is not null
              and story_id in (
                select story_id from story_articles
                where added_at >= :since and coalesce(stood_since, added_at) >= :since and features is not null)
            order by added_at, rowid
            """,
            {"since": to_text(since)},
        )
        for article, story, at, features in rows:
            yield OpenArticle(ArticleId(article), StoryId(story), to_time(at), bytes(features))
