"""Stories put together or taken apart by a person. Articles change their story; nothing that was told is untold."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlite_utils import Database

from monitor.model import ArticleId, StoryId
from monitor.store.sqlite.values import Row, json_list, to_text


class StoryMoves:
    def __init__(self, db: Database) -> None:
        self._db = db

    def named(self, beginning: str) -> tuple[StoryId, ...]:
        """The stories whose ids begin so; more than one if that is not enough to tell."""
        rows = self._db.query(
            "select id from stories where substr(id, 1, length(:so)) = :so limit 2", {"so": beginning.lower()}
        )
        return tuple(StoryId(row["id"]) for row in rows)

    def story_of(self, article: ArticleId) -> StoryId | None:
        rows = self._db.query("select story_id from story_articles where article_id = ?", [article])
        return next((StoryId(row["story_id"]) for row in rows), None)

    def articles(self, story: StoryId) -> tuple[ArticleId, ...]:
        """As they came."""
        return tuple(ArticleId(row["article_id"]) for row in self._members(story))

    def begin(self, story: StoryId, headline: str, now: datetime) -> None:
        """A story without articles yet; to be followed by `move`."""
        self._db.execute(
            "insert into stories (id, headline, created_at, updated_at) values (:id, :headline, :now, :now)",
            {"id": story, "headline": headline, "now": to_text(now)},
        )

    def move(self, articles: Collection[ArticleId], *, into: StoryId, now: datetime) -> None:
        """A story that has lost all its articles is no more."""
        left = {story for article in articles if (story := self.story_of(article)) is not None}
        self._db.execute("update stories set updated_at = ? where id = ?", [to_text(now), into])
        for table in ("story_articles", "alerts"):
            self._db.execute(
                f"update {table} set story_id = ? where article_id in (select value from json_each(?))",  # noqa: S608
                [into, json_list(articles)],
            )
        for story in {into, *left}:
            self._settle(story)

    def silent(self, article: ArticleId) -> frozenset[str]:
        """The rules that matched an article and told nobody."""
        rows = self._db.query("select rule from alerts where article_id = ? and fate = 'suppress'", [article])
        return frozenset(row["rule"] for row in rows)

    def told(self, story: StoryId) -> frozenset[ArticleId]:
        """The articles of which somebody was told, or is about to be."""
        rows = self._db.query(
            "select article_id from alerts where story_id = ? and fate in ('post', 'thread')", [story]
        )
        return frozenset(ArticleId(row["article_id"]) for row in rows)

    def is_history(self, story: StoryId) -> bool:
        """Whether all that was known of it stood in feeds before the first look at them, so nobody heard of it."""
        rows = self._db.query(
            """
            select 1 from story_articles where story_id = :story and stood_since is not null
              and not exists (select 1 from alerts a where a.story_id = :story) limit 1
            """,
            {"story": story},
        )
        return next(iter(rows), None) is not None

    def unheard(self, articles: Collection[ArticleId]) -> frozenset[ArticleId]:
        """Those that stood in feeds before the first look at them, and have no fate."""
        rows = self._db.query(
            """
            select own.article_id from story_articles own
            where own.article_id in (select value from json_each(?)) and own.stood_since is not null
              and not exists (select 1 from alerts a where a.article_id = own.article_id)
            """,
            [json_list(articles)],
        )
        return frozenset(ArticleId(row["article_id"]) for row in rows)

    def forget_fate(self, article: ArticleId, rule: str) -> None:
        """Of a match that told nobody; to be given anew in this transaction. Verdicts on it stay."""
        self._db.execute("pragma defer_foreign_keys = on")
        forgotten = "article_id = ? and rule = ? and fate = 'suppress'"
        self._db.execute(
            f"delete from holds where alert_id in (select id from alerts where {forgotten})",  # noqa: S608 - a constant
            [article, rule],
        )
        self._db.execute(f"delete from alerts where {forgotten}", [article, rule])  # noqa: S608 - a constant

    def _members(self, story: StoryId) -> list[Row]:
        return list(self._db.query("select * from story_articles where story_id = ? order by added_at, rowid", [story]))

    def _settle(self, story: StoryId) -> None:
        """Who was first, who speaks for himself and what it is called, among those who are in it now."""
        members = self._members(story)
        if not members:
            self._db.execute("delete from stories where id = ?", [story])
            return
        self._db.execute(
            """
            update stories set headline = (select title from articles where id = :first) where id = :story
              and not exists (
                select 1 from story_articles s join articles a on a.id = s.article_id
                where s.story_id = :story and a.title = stories.headline)
            """,
            {"first": members[0]["article_id"], "story": story},
        )
        voices: dict[str, str] = {}  # of each text, agency and owner
        for place, row in enumerate(members):
            known = [f"text {row['copy_of']}", f"credit {row['credit']}", f"owner {row['owner']}"]
            voice = next((voices[key] for key in known if key in voices), row["article_id"])
            is_copy = row["copy_of"] is not None or row["relation"] == "copy"
            relation = "first" if place == 0 else "copy" if is_copy else "report"
            self._db.execute(
                "update story_articles set relation = ?, voice = ?, certainty = ? where article_id = ?",
                [relation, voice, "new" if place == 0 else "surely", row["article_id"]],
            )
            said = [("text", row["article_id"]), ("credit", row["credit"]), ("owner", row["owner"])]
            voices |= {f"{kind} {key}": voice for kind, key in said if key is not None}
