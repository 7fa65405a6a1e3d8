"""What is remembered of the stories that may still grow, and the questions that are asked of it.

The questions are few and each costs the same however much is remembered, so a database can answer them. Nothing else
goes into a decision: whoever remembers the same answers the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from math import log
from typing import NamedTuple, Protocol
from zlib import crc32

from monitor.model import ArticleId, StoryId
from monitor.stories.features import Features, seed_counts
from monitor.stories.index import Index, Scored
from monitor.stories.vocabulary import LANGUAGES

WINDOW = timedelta(days=7)

MOST_POSTED = 20  # of an article's terms
MOST_NAMES_POSTED = 10
NEWEST_MEMBERS = 2

# The seed stands for so many articles and stories.
SEED_ARTICLES = 1000
SEED_STORIES = 50


class Count(NamedTuple):
    """Of how many fetched articles and of how many stories a term is part."""

    articles: int
    stories: int


@dataclass(frozen=True, slots=True)
class Profile:
    """A story as it is compared: its first article, the newest ones, and those nearest to the one at hand."""

    story_id: StoryId
    first_at: datetime
    members: tuple[Features, ...]


class Window(Protocol):
    """What has to be remembered. Articles older than the window may be forgotten at any time."""

    def total(self) -> Count:
        """How many articles were counted and how many stories were begun."""

    def counts(self, terms: Collection[int]) -> Mapping[int, Count]:
        """Terms never counted may be left out."""

    def search(self, sought: Mapping[int, float], since: datetime, most: int) -> Sequence[Scored]:
        """The articles that share most with weighed terms, the best first."""

    def profiles(self, nearest: Mapping[StoryId, Collection[ArticleId]]) -> Sequence[Profile]:
        """The stories asked for: the first article, the newest `NEWEST_MEMBERS`, and the articles named."""

    def count(self, terms: Collection[int]) -> None:
        """One more fetched article, whether or not a rule matched it. Of many that none matched, some stand for all."""

    def add(
        self, article_id: ArticleId, story_id: StoryId, features: Features, at: datetime, fresh: Collection[int]
    ) -> None:
        """`fresh`: the terms that the story did not have before."""


def posted(features: Features) -> dict[int, float]:
    """What an article can be found by: its terms, and its names for those who ask in another language."""
    return _heaviest(features.terms, MOST_POSTED) | _named_in(features.language, features)


def names_elsewhere(features: Features) -> dict[int, float]:
    """Its names as articles in the other languages are posted with them."""
    others = [language for language in LANGUAGES if features.language not in ("", language)]
    return {key: weight for language in others for key, weight in _named_in(language, features).items()}


def _named_in(language: str, features: Features) -> dict[int, float]:
    if not language:
        return {}
    salt = crc32(language.encode())
    return {name ^ salt: weight for name, weight in _heaviest(features.names, MOST_NAMES_POSTED).items()}


def _heaviest(weights: Mapping[int, float], most: int) -> dict[int, float]:
    return dict(islice(weights.items(), most))


class Frequencies:
    """How telling terms are now: among the articles fetched, and among the stories."""

    def __init__(self, total: Count, counts: Mapping[int, Count]) -> None:
        """`counts`: of the terms that will be asked for; those left out were never counted."""
        self._counts = counts
        self._seed = seed_counts()
        self._all_articles = log(SEED_ARTICLES + total.articles + 1)
        self._all_stories = log(SEED_STORIES + total.stories + 1)

    def rarity(self, term: int) -> float:
        """From 0 for a term in every article to nearly 1 for one never seen, however many there have been."""
        return 1 - log(self._seed.get(term, 0) + self._counts.get(term, _NEVER).articles + 1) / self._all_articles

    def story_rarity(self, term: int) -> float:
        """As `rarity`, among stories: the words of a story with forty articles stay its own."""
        seeded = self._seed.get(term, 0) * SEED_STORIES / SEED_ARTICLES
        return 1 - log(seeded + self._counts.get(term, _NEVER).stories + 1) / self._all_stories

    def telling(self, term: int) -> float:
        """A watched name is rare in the news and common in the stories; both count."""
        return (self.rarity(term) + self.story_rarity(term)) / 2

    def is_in_a_story(self, term: int) -> bool:
        return self._counts.get(term, _NEVER).stories > 0


_NEVER = Count(0, 0)


def profile(
    index: Index, story: StoryId, named: Collection[ArticleId], features: Callable[[ArticleId], Features]
) -> Profile:
    """A story as its articles' features have it; `named`: those nearest to the one at hand."""
    members = index.members(story)
    shown = dict.fromkeys((members[0], *members[-NEWEST_MEMBERS:], *named))
    return Profile(story, index.first_at(story), tuple(map(features, shown)))


class MemoryWindow:
    """A window that is forgotten with the process: for measurements and tests, and as the model for a store's."""

    def __init__(self) -> None:
        self._total = Count(0, 0)
        self._in_articles: dict[int, int] = {}
        self._in_stories: dict[int, int] = {}
        self._index = Index()
        self._features: dict[ArticleId, bytes] = {}

    def total(self) -> Count:
        return self._total

    def counts(self, terms: Collection[int]) -> Mapping[int, Count]:
        return {term: Count(self._in_articles.get(term, 0), self._in_stories.get(term, 0)) for term in terms}

    def search(self, sought: Mapping[int, float], since: datetime, most: int) -> Sequence[Scored]:
        return self._index.search(sought, since, most)

    def profiles(self, nearest: Mapping[StoryId, Collection[ArticleId]]) -> Sequence[Profile]:
        return [profile(self._index, story, named, self._features_of) for story, named in nearest.items()]

    def _features_of(self, article: ArticleId) -> Features:
        return Features.from_bytes(self._features[article])

    def count(self, terms: Collection[int]) -> None:
        self._total = Count(self._total.articles + 1, self._total.stories)
        for term in terms:
            self._in_articles[term] = self._in_articles.get(term, 0) + 1

    def add(
        self, article_id: ArticleId, story_id: StoryId, features: Features, at: datetime, fresh: Collection[int]
    ) -> None:
        if not self._index.members(story_id):
            self._total = Count(self._total.articles, self._total.stories + 1)
        for term in fresh:
            self._in_stories[term] = self._in_stories.get(term, 0) + 1
        self._features[article_id] = features.to_bytes()
        self._index.add(article_id, story_id, at, posted(features), forget=at - WINDOW)
