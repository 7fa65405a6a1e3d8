"""Copies are found; independent reports are not taken for copies."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from monitor.ids import article_id
from monitor.model import Article, ArticleId, BodySource, Relation, Resemblance, StoryId
from monitor.store.sqlite.store import Store
from monitor.stories import cluster
from monitor.stories.features import shingles
from tests.builders import NOON
from tests.newsroom import FOOTBALL, TALKS, TANKS


def article(url: str = "https://a.example/1", text: str = "Text.", **fields: Any) -> Article:
    defaults: dict[str, Any] = {
        "id": article_id(url),
        "url": url,
        "title": "Title",
        "text": text,
        "author": None,
        "published_at": None,
        "published_from": None,
        "language": "en",
        "site": "a.example",
        "body_source": BodySource.PAGE,
        "quality": "full",
        "text_sha256": sha256(text.encode()).hexdigest(),
        "read_at": NOON,
    }
    return Article(**defaults | fields)


ORIGINAL = "\n\n".join(TANKS)


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        (ORIGINAL, Relation.COPY),
        ("\n\n".join(("Reported by our partners.", *TANKS, "Subscribe to read more of this.")), Relation.COPY),
        ("\n\n".join(TANKS[:2]), Relation.COPY),
        ("\n\n".join((TANKS[2], TANKS[0], TANKS[3])), Relation.COPY),
        ("\n\n".join(TALKS), Relation.FIRST),
        ("\n\n".join(FOOTBALL), Relation.FIRST),
        (
            "Belgrade sent armour towards the boundary with Kosovo on Friday. Witnesses spoke of a convoy that took "
            "hours to pass. The ministry called it a drill, and NATO promised more patrols by its peacekeepers.",
            Relation.FIRST,
        ),
        ("", Relation.FIRST),
    ],
    ids=["verbatim", "wrapped", "cut", "reordered", "other story", "football", "own words", "empty"],
)
def test_copies_and_others(tmp_path: Path, text: str, relation: Relation) -> None:
    """Through the real index in the real store."""
    store = Store.writer(tmp_path / "news.db")
    original, later = article(text=ORIGINAL), article("https://b.example/2", text)
    with store.transaction():
        for made in (original, later):
            store.stories.save_article(made)
        runs = shingles(original.text)
        store.stories.place(original, cluster.place(original.id, len(runs), []), runs, NOON)
        runs = shingles(later.text)
        similar = store.stories.resemblances(
            later, runs, least_shared=cluster.LEAST_SHARED, since=NOON - cluster.WINDOW
        )
        placement = cluster.place(later.id, len(runs), similar)
    assert relation is placement.relation
    same_story = placement.story_id == cluster.place(original.id, 0, []).story_id
    assert (relation is Relation.COPY) == same_story


def test_the_closest_original_wins_and_the_earliest_of_equals() -> None:
    """So a copy of a copy names the origin."""

    def like(name: str, shared: int) -> Resemblance:
        return Resemblance(ArticleId(name), StoryId(f"story-{name}"), name, shared, 100, same_text=False)

    placement = cluster.place(ArticleId("x"), 100, [like("early", 80), like("late", 80), like("far", 50)])
    assert ("early", "story-early") == (placement.copy_of, placement.story_id)


def test_a_shared_quotation_is_no_copy() -> None:
    """Two reporters of one press conference."""
    quotation = "“" + " ".join(TANKS[1].split()[:20]) + "”"
    assert shingles(f"He said: {quotation}") == shingles("He said:")


def test_a_brief_does_not_swallow_a_report_that_quotes_it() -> None:
    """A long text of which the whole of a short item is the background is its own story."""
    brief = Resemblance(ArticleId("brief"), StoryId("s"), "Alpha", 16, 16, same_text=False)
    assert Relation.FIRST is cluster.place(ArticleId("report"), 300, [brief]).relation
    assert Relation.COPY is cluster.place(ArticleId("reprint"), 20, [brief]).relation
