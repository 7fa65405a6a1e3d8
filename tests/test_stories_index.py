"""The search for articles that share words."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import ArticleId, StoryId
from monitor.stories.index import MOST_PER_TERM, Index
from tests.builders import NOON

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def found(index: Index, sought: dict[int, float], most: int = 99) -> list[str]:
    return [scored.article_id for scored in index.search(sought, NOON - DAY, most)]


def add(index: Index, name: str, story: str, hours: int, terms: dict[int, float]) -> None:
    at = NOON + hours * HOUR
    index.add(ArticleId(name), StoryId(story), at, terms, forget=at - DAY)


def test_who_shares_most_comes_first() -> None:
    """By the weights on both sides; the earliest of equals; nobody who shares nothing."""
    index = Index()
    for name, terms in {"light": {1: 0.1}, "heavy": {1: 0.9}, "both": {1: 0.9, 2: 0.4}, "other": {3: 1.0}}.items():
        add(index, name, name, 0, terms)
    add(index, "heavy too", "heavy", 0, {1: 0.9})
    assert ["both", "heavy", "heavy too", "light"] == found(index, {1: 0.8, 2: 0.6})
    assert ["both", "heavy"] == found(index, {1: 0.8, 2: 0.6}, most=2)


def test_only_the_newest_with_a_term_are_looked_at() -> None:
    """So the search costs the same however common the term."""
    index = Index()
    for number in range(3 * MOST_PER_TERM):
        add(index, str(number), "s", 0, {1: 0.5})
    assert list(map(str, range(2 * MOST_PER_TERM, 3 * MOST_PER_TERM))) == found(index, {1: 1.0})


def test_a_story_is_forgotten_as_a_whole() -> None:
    """When its newest article is too old; until then its first is one of its articles, though not found."""
    index = Index()
    add(index, "first", "s", 0, {1: 0.5})
    add(index, "lone", "t", 1, {1: 0.5})
    add(index, "second", "s", 20, {1: 0.5})
    add(index, "later", "u", 30, {2: 0.5})
    assert (["first", "second"], [], 3) == (index.members(StoryId("s")), index.members(StoryId("t")), len(index))
    assert NOON == index.first_at(StoryId("s"))
    assert ["second"] == [scored.article_id for scored in index.search({1: 1.0}, NOON + 10 * HOUR, 9)]
    add(index, "much later", "v", 60, {2: 0.5})
    assert ([], 1) == (index.members(StoryId("s")), len(index))


ARTICLES = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 5), st.dictionaries(st.integers(0, 6), st.floats(0.1, 1))), max_size=60
)


@given(ARTICLES, st.dictionaries(st.integers(0, 6), st.floats(0.1, 1)))
def test_what_was_forgotten_changes_no_answer(
    articles: list[tuple[int, int, dict[int, float]]], sought: dict[int, float]
) -> None:
    """An index made anew from the stories that are open answers as the one that saw them all."""
    lived, hours, all_of_them = Index(), 0, []
    for number, (pause, story, terms) in enumerate(articles):
        hours += pause
        name = StoryId(f"{story}-{hours // 24}")
        lived.add(ArticleId(str(number)), name, NOON + hours * HOUR, terms, forget=NOON + hours * HOUR - DAY)
        all_of_them.append((ArticleId(str(number)), name, NOON + hours * HOUR, terms))
    since = NOON + hours * HOUR - DAY
    remade = Index()
    for article, name, at, terms in all_of_them:
        if lived.members(name):
            remade.add(article, name, at, terms, forget=since)
    assert lived.search(sought, since, 10) == remade.search(sought, since, 10)
