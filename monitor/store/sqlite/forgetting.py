"""Letting go of articles with all that hangs on them. Only part of a transaction; who calls decides which may go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from monitor.model import ArticleId
from monitor.store.sqlite.search_rows import SearchRows
from monitor.store.sqlite.values import json_list

# In this order, so that no row is left that refers to one that is gone.
_GONE_WITH_THEM = (
    "delete from edits where delivery_id in ({deliveries})",
    "delete from deliveries where id in ({deliveries})",
    "delete from corrections where article_id in ({articles})",
    "delete from feedback where alert_id in (select id from alerts where article_id in ({articles}))",
    "delete from holds where alert_id in (select id from alerts where article_id in ({articles}))",
    "delete from alerts where article_id in ({articles})",
    "delete from decisions where article_id in ({articles})",
    "delete from watches where article_id in ({articles})",
    "delete from revisions where article_id in ({articles})",
    "delete from pages where article_id in ({articles})",
    "delete from shingles where article_id in ({articles})",
    "update story_articles set copy_of = null where copy_of in ({articles})",
    "delete from story_articles where article_id in ({articles})",
    "delete from search_waiting where article_id in ({articles})",
    "update entries set article_id = null where article_id in ({articles})",
    "delete from articles where id in ({articles})",
)
_ARTICLES = "select value from json_each(:articles)"
_DELIVERIES = f"""
    select d.id from deliveries d
    left join alerts a on a.id = d.alert_id left join corrections c on c.id = d.correction_id
    where a.article_id in ({_ARTICLES}) or c.article_id in ({_ARTICLES})
"""  # noqa: S608 - constants


def forget(db: Database, articles: Sequence[ArticleId]) -> None:
    """And the stories that have nobody left."""
    search = SearchRows(db)
    for article in articles:
        search.withdraw(article)
    values = {"articles": json_list(articles)}
    stories = [
        row["story_id"]
        for row in db.query(f"select distinct story_id from story_articles where article_id in ({_ARTICLES})", values)  # noqa: S608
    ]
    for statement in _GONE_WITH_THEM:
        db.execute(statement.format(articles=_ARTICLES, deliveries=_DELIVERIES), values)
    db.execute(
        """
        delete from stories where id in (select value from json_each(?))
          and not exists (select 1 from story_articles s where s.story_id = stories.id)
          and not exists (select 1 from alerts a where a.story_id = stories.id)
        """,
        [json_list(stories)],
    )
