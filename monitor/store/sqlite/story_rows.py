"""Articles, what the rules made of them, and the stories they belong to."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlite_utils import Database

from monitor.ids import digest
from monitor.model import (
    Article,
    ArticleId,
    BodySource,
    Certainty,
    Confidence,
    Decision,
    Placement,
    Relation,
    Resemblance,
    Standing,
    StoryId,
)
from monitor.store.sqlite.search_rows import SearchRows
from monitor.store.sqlite.values import (
    Row,
    evidence_json,
    json_list,
    text_or_none,
    time_or_none,
    to_text,
    to_time,
)

FEWEST_SHINGLES = 12  # fewer are too few to tell a copy by


class StoryRows:
    def __init__(self, db: Database, search: SearchRows) -> None:
        self._db = db
        self._search = search

    def article(self, id_: ArticleId) -> Article | None:
        rows = list(self._db.query("select * from articles where id = ?", [id_]))
        return _article(rows[0]) if rows else None

    def first_read_at(self, id_: ArticleId) -> datetime:
        return to_time(self._one("select first_read_at as at from articles where id = :id", {"id": id_})["at"])

    def read_as_news(self, id_: ArticleId, now: datetime) -> None:
        """What was history is read for the first time now."""
        self._db.execute("update articles set first_read_at = ? where id = ?", [to_text(now), id_])
        self._search.date(id_, now)

    def save_article(self, article: Article) -> None:
        """An earlier version with another text or title is kept among the revisions."""
        before = self.article(article.id)
        if before is not None and (before.title, before.text_sha256) != (article.title, article.text_sha256):
            self._keep(before)
        says_the_same = before is not None and _said(before) == _said(article)
        if before is not None and not says_the_same:
            self._search.withdraw(article.id)
        self._db.execute(
            """
            insert into articles (id, url, title, text, author, published_at, published_from, language, site,
              body_source, quality, text_sha256, first_read_at, read_at, date_confidence, captions, canonical_url,
              syndicated_from, must_be_paid)
            values (:id, :url, :title, :text, :author, :published_at, :published_from, :language, :site,
              :body_source, :quality, :text_sha256, :read_at, :read_at, :date_confidence, :captions, :canonical_url,
              :syndicated_from, :must_be_paid)
            on conflict (id) do update set
              title = excluded.title, text = excluded.text, author = excluded.author,
              published_at = excluded.published_at, published_from = excluded.published_from,
              language = excluded.language, body_source = excluded.body_source, quality = excluded.quality,
              text_sha256 = excluded.text_sha256, read_at = excluded.read_at,
              date_confidence = excluded.date_confidence, captions = excluded.captions,
              canonical_url = excluded.canonical_url, syndicated_from = excluded.syndicated_from,
              must_be_paid = excluded.must_be_paid
            """,
            {
                "id": article.id,
                "url": article.url,
                "title": article.title,
                "text": article.text,
                "author": article.author,
                "published_at": text_or_none(article.published_at),
                "published_from": article.published_from,
                "language": article.language,
                "site": article.site,
                "body_source": article.body_source,
                "quality": article.quality,
                "text_sha256": article.text_sha256,
                "read_at": to_text(article.read_at),
                "date_confidence": article.date_confidence,
                "captions": json_list(article.captions),
                "canonical_url": article.canonical_url,
                "syndicated_from": article.syndicated_from,
                "must_be_paid": int(article.must_be_paid),
            },
        )
        if not says_the_same:
            self._search.note(article.id)

    def _keep(self, before: Article) -> None:
        self._db.execute(
            """
            insert into revisions (id, article_id, title, text, body_source, text_sha256, read_at)
            values (?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing
            """,
            [
                digest("revision", before.id, before.title, before.text_sha256, to_text(before.read_at)),
                before.id,
                before.title,
                before.text,
                before.body_source,
                before.text_sha256,
                to_text(before.read_at),
            ],
        )

    def save_decisions(self, article: ArticleId, decisions: Iterable[Decision], now: datetime) -> None:
        """A match stays a match, whatever a later version of the text says: somebody may have been told.

        All other evidence is that of the text as it is now.
        """
        self._db.execute("delete from decisions where article_id = ? and outcome = 'near'", [article])
        for decision in decisions:
            self._db.execute(
                """
                insert into decisions (article_id, rule, rule_version, outcome, evidence, decided_at)
                values (?, ?, ?, ?, ?, ?)
                on conflict (article_id, rule) do update set
                  rule_version = excluded.rule_version, outcome = excluded.outcome,
                  evidence = excluded.evidence, decided_at = excluded.decided_at
                where excluded.outcome = 'matched'
                """,
                [
                    article,
                    decision.rule,
                    decision.rule_version,
                    decision.outcome,
                    evidence_json(decision.hits, decision.missing),
                    to_text(now),
                ],
            )

    def placement(self, article: ArticleId) -> Placement | None:
        rows = list(
            self._db.query(
                """
                select own.story_id, own.relation, own.copy_of, own.similarity, own.certainty,
                  (select f.name from entries e join feeds f on f.id = e.feed_id
                   where e.article_id = own.copy_of order by e.first_seen_at limit 1) as outlet
                from story_articles own where own.article_id = ?
                """,
                [article],
            )
        )
        if not rows:
            return None
        return Placement(
            story_id=StoryId(rows[0]["story_id"]),
            relation=Relation(rows[0]["relation"]),
            copy_of=rows[0]["copy_of"],
            copy_outlet=rows[0]["outlet"],
            similarity=rows[0]["similarity"],
            certainty=Certainty(rows[0]["certainty"]),
        )

    def resemblances(
        self, article: Article, shingles: Collection[int], *, least_shared: int, since: datetime
    ) -> tuple[Resemblance, ...]:
        """Earlier articles of stories that share text with this one, earliest first."""
        rows = self._db.query(
            """
            with sharing as (
              select article_id, count(*) as shared from shingles
              where hash in (select value from json_each(:hashes))
              group by article_id having count(*) >= :least
              union
              select id, 0 from articles where text_sha256 = :sha and text <> ''
            )
            select member.article_id, member.story_id, member.shingles as size, max(sharing.shared) as shared,
              other.text_sha256 = :sha as same_text,
              coalesce((select f.name from entries e join feeds f on f.id = e.feed_id
                where e.article_id = other.id order by e.first_seen_at limit 1), other.site) as outlet
            from sharing
            join story_articles member on member.article_id = sharing.article_id
            join articles other on other.id = member.article_id
            where member.article_id <> :id and coalesce(member.stood_since, member.added_at) >= :since
            group by member.article_id
            order by member.added_at, member.article_id
            """,
            {
                "hashes": json_list(shingles),
                "least": least_shared,
                "sha": article.text_sha256,
                "id": article.id,
                "since": to_text(since),
            },
        )
        return tuple(
            Resemblance(
                article_id=ArticleId(row["article_id"]),
                story_id=StoryId(row["story_id"]),
                outlet=row["outlet"],
                shared=row["shared"],
                size=row["size"],
                same_text=bool(row["same_text"]),
            )
            for row in rows
        )

    def reread(self, article: Article, shingles: Collection[int]) -> None:
        """The text of an article that already belongs to a story has changed: compare with the new one from now on."""
        self._db.execute("update story_articles set shingles = ? where article_id = ?", [len(shingles), article.id])
        self._db.execute("delete from shingles where article_id = ?", [article.id])
        self._add_shingles(article, shingles)

    def facts(self, story: StoryId) -> str:
        """JSON; an empty list for a story that is not there yet."""
        rows = list(self._db.query("select facts from stories where id = ?", [story]))
        return str(rows[0]["facts"]) if rows else "[]"

    def save_facts(self, story: StoryId, facts: str) -> None:
        self._db.execute("update stories set facts = ? where id = ?", [facts, story])

    def standing(self, story: StoryId) -> Standing:
        """Texts too short to tell whether they are copies are no voices of their own, unless there is nothing else.

        What stood in a feed before the first look at it counts from when it was published.
        """
        counted = self._one(
            """
            select count(distinct entry.feed_id) as outlets,
              count(distinct iif(own.shingles >= :fewest or own.credit is not null, own.voice, null)) as voices
            from story_articles own left join entries entry on entry.article_id = own.article_id
            where own.story_id = :story
            """,
            {"story": story, "fewest": FEWEST_SHINGLES},
        )
        first = self._one(
            """
            select coalesce(feed.name, art.site) as outlet,
              coalesce(
                iif(entry.state = 'baseline' and entry.published_at < entry.first_seen_at, entry.published_at, null),
                entry.first_seen_at, own.added_at) as at
            from story_articles own join articles art on art.id = own.article_id
            left join entries entry on entry.article_id = own.article_id left join feeds feed on feed.id = entry.feed_id
            where own.story_id = :story order by at, entry.id limit 1
            """,
            {"story": story},
        )
        return Standing(counted["outlets"], max(1, counted["voices"]), to_time(first["at"]), first["outlet"])

    def _one(self, query: str, values: dict[str, object]) -> Row:
        for row in self._db.query(query, values):
            return row
        raise LookupError(f"no row for {values}")  # a StopIteration would never reach who waits for the thread

    def place(
        self,
        article: Article,
        placement: Placement,
        shingles: Collection[int],
        now: datetime,
        *,
        features: bytes | None = None,
        owner: str | None = None,
        credit: str | None = None,
        stood_since: datetime | None = None,
    ) -> None:
        """`features`: what later articles are compared with. `owner` of its site; `credit`: the agency it names.

        `stood_since`: of what was published before the first look at its feed, when.
        """
        self._db.execute(
            """
            insert into stories (id, headline, created_at, updated_at) values (:id, :headline, :at, :at)
            on conflict (id) do update set updated_at = max(updated_at, excluded.updated_at)
            """,
            {"id": placement.story_id, "headline": article.title, "at": to_text(stood_since or now)},
        )
        self._db.execute(
            """
            insert into story_articles (article_id, story_id, relation, copy_of, similarity, certainty, shingles,
              added_at, stood_since, features, owner, credit, voice)
            values (:id, :story, :relation, :copy_of, :similarity, :certainty, :shingles, :now, :stood_since, :features,
              :owner, :credit, coalesce(
                (select original.voice from story_articles original where original.article_id = :copy_of),
                (select other.voice from story_articles other where other.story_id = :story
                   and (other.owner = :owner or other.credit = :credit) order by other.added_at limit 1),
                :id))
            on conflict (article_id) do nothing
            """,
            {
                "id": article.id,
                "story": placement.story_id,
                "relation": placement.relation,
                "copy_of": placement.copy_of,
                "similarity": placement.similarity,
                "certainty": placement.certainty,
                "shingles": len(shingles),
                "now": to_text(now),
                "stood_since": text_or_none(stood_since),
                "features": features,
                "owner": owner,
                "credit": credit,
            },
        )
        self._add_shingles(article, shingles)

    def _add_shingles(self, article: Article, shingles: Collection[int]) -> None:
        self._db.execute(
            """
            insert into shingles (hash, article_id) select value, :id from json_each(:hashes) where true
            on conflict do nothing
            """,
            {"id": article.id, "hashes": json_list(shingles)},
        )


def _said(article: Article) -> tuple[object, ...]:
    return article.title, article.text, article.captions


def _article(row: Row) -> Article:
    return Article(
        id=ArticleId(row["id"]),
        url=row["url"],
        title=row["title"],
        text=row["text"],
        author=row["author"],
        published_at=time_or_none(row["published_at"]),
        published_from=row["published_from"],
        language=row["language"],
        site=row["site"],
        body_source=BodySource(row["body_source"]),
        quality=row["quality"],
        text_sha256=row["text_sha256"],
        read_at=to_time(row["read_at"]),
        date_confidence=None if row["date_confidence"] is None else Confidence(row["date_confidence"]),
        captions=tuple(json.loads(row["captions"])),
        canonical_url=row["canonical_url"],
        syndicated_from=row["syndicated_from"],
        must_be_paid=bool(row["must_be_paid"]),
    )
