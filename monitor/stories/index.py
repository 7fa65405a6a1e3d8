"""Which articles of open stories have a term: the search for a story's candidates, in memory and of bounded size.

It is made anew from what the store keeps whenever that is needed, and answers the same then.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from monitor.model import ArticleId, StoryId

MOST_PER_TERM = 32  # the newest articles with a term; more only cost time
GRAINS = 255  # steps of a weight
SWEEP_AFTER = 10_000  # articles forgotten


class Scored(NamedTuple):
    """An article that shares terms with the one at hand."""

    article_id: ArticleId
    story_id: StoryId
    score: float


class _Kept(NamedTuple):
    article_id: ArticleId
    story_id: StoryId
    at: datetime


class Index:
    """Articles are numbered as they come. A posting is a number and a weight in one integer."""

    def __init__(self) -> None:
        self._next = 0
        self._kept: dict[int, _Kept] = {}
        self._arrivals: deque[int] = deque()
        self._postings: dict[int, array[int]] = {}
        self._stories: dict[StoryId, list[int]] = {}
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._kept)

    def add(
        self, article_id: ArticleId, story_id: StoryId, at: datetime, terms: Mapping[int, float], *, forget: datetime
    ) -> None:
        """`forget`: stories that have told nothing since are let go."""
        number, self._next = self._next, self._next + 1
        self._kept[number] = _Kept(article_id, story_id, at)
        self._stories.setdefault(story_id, []).append(number)
        self._arrivals.append(number)
        for term, weight in terms.items():
            posted = self._postings.get(term)
            if posted is None:
                posted = self._postings[term] = array("Q")
            elif len(posted) >= 2 * MOST_PER_TERM:
                del posted[:-MOST_PER_TERM]
            posted.append(number << 8 | round(weight * GRAINS))
        self._forget(forget)

    def search(self, sought: Mapping[int, float], since: datetime, most: int) -> list[Scored]:
        """The articles that share most with weighed terms, the best first, the earliest among equals."""
        oldest = (self._arrivals[0] if self._arrivals else self._next) << 8
        scores: dict[int, int] = defaultdict(int)
        for term, weight in sought.items():
            posted = self._postings.get(term)
            if posted:
                grains = round(weight * GRAINS)
                for posting in posted[max(len(posted) - MOST_PER_TERM, bisect_left(posted, oldest)) :]:
                    scores[posting >> 8] += grains * (posting & GRAINS)
        found = []
        for number in sorted(sorted(scores), key=scores.__getitem__, reverse=True):
            kept = self._kept.get(number)
            if kept is not None and kept.at >= since:
                found.append(Scored(kept.article_id, kept.story_id, scores[number] / GRAINS**2))
                if len(found) == most:
                    break
        return found

    def members(self, story: StoryId) -> Sequence[ArticleId]:
        """All of a story's articles, as they came."""
        return [self._kept[number].article_id for number in self._stories.get(story, ())]

    def first_at(self, story: StoryId) -> datetime:
        return self._kept[self._stories[story][0]].at

    def _forget(self, before: datetime) -> None:
        """A story is forgotten as a whole, once its newest article is too old."""
        while self._arrivals and self._kept[self._arrivals[0]].at < before:
            oldest = self._arrivals.popleft()
            story = self._kept[oldest].story_id
            members = self._stories[story]
            if members[-1] == oldest:
                del self._stories[story]
                for member in members:
                    del self._kept[member]
                self._forgotten += len(members)
        if self._forgotten >= SWEEP_AFTER:
            self._sweep()

    def _sweep(self) -> None:
        self._forgotten = 0
        for term in [term for term, posted in self._postings.items() if posted[-1] >> 8 not in self._kept]:
            del self._postings[term]
