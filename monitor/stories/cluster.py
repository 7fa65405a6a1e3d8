"""Which story an article belongs to, decided when it arrives from what is remembered of the stories that are open.

Two thresholds, not one. Surely the same happening: it joins in silence. Possibly the same: it joins, and the channel
hears of it all the same. Anything less is a new story. The costly error is the false join, which hides news; so what
speaks against a join (other countries, figures or days, names unheard of) weighs, and some things rule out silence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from math import exp, log1p, sqrt
from operator import mul
from typing import NamedTuple, TypeVar

from monitor.ids import story_id
from monitor.model import ArticleId, Certainty, Placement, Relation, Resemblance, StoryId
from monitor.stories.features import Features, Reading, weigh
from monitor.stories.sources import LEAST_SHARED as LEAST_SHARED
from monitor.stories.sources import is_copy, likeness
from monitor.stories.window import WINDOW as WINDOW
from monitor.stories.window import Frequencies, Profile, Window, names_elsewhere

T = TypeVar("T")

SEARCHED_TERMS = 16
NEAREST_ARTICLES = 20
NEAREST_STORIES = 5
NO_RIVAL = 0.4  # of what the nearest article shares
LITTLE_LIKENESS = 0.05  # no more than chance
# What the next best story has at least when many are open: where few are, nothing must look like the only choice.
RIVAL_LIKENESS = 0.09

POSSIBLY = 0.33
SURELY = 0.86

LONG_ACCOUNT = 35  # terms that are compared

TRANSLATED_WITHIN = timedelta(hours=48)
TRANSLATED_NAMES = 2
TRANSLATED_LIKENESS = 0.32
TELLING = 0.5  # rarity among the stories


@dataclass(frozen=True, slots=True)
class Judgement:
    """The story that an article belongs to; None if it begins one."""

    story_id: StoryId | None
    certainty: Certainty
    probability: float
    fresh: frozenset[int]  # the terms that are new to the story


class Evidence(NamedTuple):
    """What speaks for and against one story, each about 0 to 3."""

    share: float  # of the likeness of all stories: near 1 if no other is anything like it
    apart: float  # by how much less it is like the story's articles than those are like one another
    alone: float  # a story of one article cannot be told to be of one piece
    age: float
    distinctive: float  # terms shared that few stories have
    foreign_names: float
    same_outlet: float  # an outlet seldom tells one happening twice
    titles: float  # best cosine of two titles
    other_figures: float
    other_place: float  # or another month: both titles name some, none in common
    other_day: float  # of the week: both leads name some, none in common


# Fitted on labelled streams by `python -m benchmarks.fit_stories`, rounded. Two are set by hand: an outlet does follow
# up its own news, though those streams have no case of it; and other countries are better evidence than there.
BIAS = -4.1
WEIGHTS = Evidence(
    share=11.5,
    apart=-6.4,
    alone=-1.2,
    age=-7.3,
    distinctive=1.1,
    foreign_names=-0.4,
    same_outlet=-6.0,
    titles=3.1,
    other_figures=-1.0,
    other_place=-2.5,
    other_day=-1.6,
)


# ---- the search ----


def weighed(
    reading: Reading, outlet: str, window: Window, watched: Collection[int] = frozenset()
) -> tuple[Features, Frequencies]:
    """What is compared of an article, and how telling its words are now. Ask before the article itself is counted.

    `watched`: terms for which it was chosen. All that is compared with it has the like, so they tell nothing.
    """
    frequencies = Frequencies(window.total(), window.counts(reading.seen))
    return weigh(reading, lambda term: 0.0 if term in watched else frequencies.telling(term), outlet), frequencies


def judge(features: Features, at: datetime, frequencies: Frequencies, window: Window) -> Judgement:
    """Asks the window and changes nothing in it."""
    return choose(features, at, frequencies, candidates(features, at, frequencies, window))


def candidates(features: Features, at: datetime, frequencies: Frequencies, window: Window) -> Sequence[Profile]:
    """The stories of the articles that share most of the heaviest terms and names."""
    terms = {key: w for key, w in features.terms.items() if frequencies.is_in_a_story(key)}
    sought = dict(islice(terms.items(), SEARCHED_TERMS)) | names_elsewhere(features)
    found = window.search(sought, at - WINDOW, NEAREST_ARTICLES)
    nearest: dict[StoryId, list[ArticleId]] = {}
    for article, story, score in found:
        if score < NO_RIVAL * found[0].score or len(nearest) == NEAREST_STORIES:
            break
        nearest.setdefault(story, [article])
    return window.profiles(nearest)


# ---- the decision ----


def choose(features: Features, at: datetime, frequencies: Frequencies, profiles: Sequence[Profile]) -> Judgement:
    """The likeliest story, if it is likely enough. Pure."""
    compared = comparisons(features, at, frequencies, profiles)
    best = max(compared, key=lambda c: (c.probability, c.profile.story_id), default=None)
    if best is None or best.probability < POSSIBLY:
        return Judgement(None, Certainty.NEW, best.probability if best else 0.0, _told(features))
    sure = best.probability >= SURELY and not best.doubtful
    return Judgement(
        best.profile.story_id,
        Certainty.SURELY if sure else Certainty.POSSIBLY,
        best.probability,
        _told(features).difference(best.terms, *(member.names for member in best.members)),
    )


def _told(features: Features) -> frozenset[int]:
    return frozenset(features.terms) | frozenset(features.names)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An article beside one story."""

    profile: Profile
    members: Sequence[Features]  # those that were compared
    terms: Mapping[int, float]  # of all of them together
    evidence: Evidence | None  # None: in another language
    probability: float
    doubtful: bool  # however likely, nothing to be silent about


def comparisons(
    features: Features, at: datetime, frequencies: Frequencies, profiles: Iterable[Profile]
) -> list[Comparison]:
    """A live page tells many happenings, so nothing is compared with it."""
    told = [(profile, [m for m in profile.members if not m.live]) for profile in profiles]
    looks = [_Look(features, profile, members, at, frequencies) for profile, members in told if members]
    return [look.comparison([other for other in looks if other is not look]) for look in looks]


class _Look:
    """One story as seen from an article: all that can be said without regard to the other stories."""

    def __init__(
        self, features: Features, profile: Profile, members: list[Features], at: datetime, frequencies: Frequencies
    ) -> None:
        same = [m for m in members if not (m.language and features.language and m.language != features.language)]
        self.profile = profile
        self.features = features
        self.translated = not same
        self.members = same or members
        self.at = at
        self.telling = frequencies.story_rarity
        self.terms = _sum([member.terms for member in self.members])
        self.shared = [term for term in features.terms if term in self.terms]
        self.likeness = sum(features.terms[term] * self.terms[term] for term in self.shared) / len(self.members)

    def comparison(self, others: Sequence[_Look]) -> Comparison:
        if self.translated:
            probability = self._across_languages()
            return Comparison(self.profile, self.members, self.terms, None, probability, doubtful=True)
        evidence = self.evidence(others)
        score = BIAS + sum(map(mul, WEIGHTS, evidence))
        doubtful = self.features.live or bool(evidence.same_outlet) or self._names_nothing_known()
        return Comparison(self.profile, self.members, self.terms, evidence, 1 / (1 + exp(-score)), doubtful)

    def _names_nothing_known(self) -> bool:
        """Two long accounts of one happening have a name or a figure in common, however alike their words are."""
        article, members = self.features, self.members
        if min(len(article.terms), max(len(m.terms) for m in members)) < LONG_ACCOUNT:
            return False
        return all(article.names.keys().isdisjoint(m.names) and article.numbers.isdisjoint(m.numbers) for m in members)

    def evidence(self, others: Sequence[_Look]) -> Evidence:
        article, members = self.features, self.members
        rival = max(RIVAL_LIKENESS, *(o.likeness for o in others), 0.0)
        hours = abs(self.at - self.profile.first_at) / timedelta(hours=1)
        alone = len(members) == 1
        return Evidence(
            share=self.likeness / (self.likeness + rival + LITTLE_LIKENESS),
            apart=0.0 if alone else self._cohesion() - self.likeness,
            alone=float(alone),
            age=(log1p(hours) / 5) ** 2,
            distinctive=log1p(sum(self.telling(term) ** 2 for term in self.shared)),
            foreign_names=log1p(len(article.early_names.difference(*(m.names for m in members)))),
            same_outlet=float(article.outlet != 0 and any(m.outlet == article.outlet for m in members)),
            titles=_title_likeness(article, members),
            other_figures=float(_disagree(article.numbers, (m.numbers for m in members))),
            other_place=float(
                _disagree(article.countries, (m.countries for m in members))
                or _disagree(article.periods, (m.periods for m in members))
            ),
            other_day=float(_disagree(article.weekdays, (m.weekdays for m in members))),
        )

    def _cohesion(self) -> float:
        """The mean cosine of two members, from the length of their sum, as each is of unit length."""
        size = len(self.members)
        return (sum(weight * weight for weight in self.terms.values()) - size) / (size * (size - 1))

    def _across_languages(self) -> float:
        """Names and numbers that agree are no proof, least of all those that every story names: never silent."""
        names = self.features.names
        likeness, nearest = max(((cosine(names, m.names), m) for m in self.members), key=lambda pair: pair[0])
        shared = sum(self.telling(name) >= TELLING for name in names.keys() & nearest.names.keys())
        near = abs(self.at - self.profile.first_at) <= TRANSLATED_WITHIN
        if near and shared >= TRANSLATED_NAMES and likeness >= TRANSLATED_LIKENESS:
            return POSSIBLY + (SURELY - POSSIBLY) * likeness
        return 0.0


def _sum(vectors: Sequence[Mapping[int, float]]) -> Mapping[int, float]:
    if len(vectors) == 1:
        return vectors[0]
    total = dict(vectors[0])
    for vector in vectors[1:]:
        for term, weight in vector.items():
            total[term] = total.get(term, 0.0) + weight
    return total


def cosine(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    """Of two vectors of unit length."""
    return sum(one[term] * other[term] for term in one.keys() & other.keys())


def _title_likeness(article: Features, members: Iterable[Features]) -> float:
    """The best cosine of two titles."""
    best = max(
        (
            sum(article.terms[term] * member.terms[term] for term in shared) / _length(member, member.title)
            for member in members
            if (shared := article.title & member.title)
        ),
        default=0.0,
    )
    return best / _length(article, article.title) if best else 0.0


def _length(features: Features, terms: Collection[int]) -> float:
    return sqrt(sum(features.terms[term] ** 2 for term in terms))


def _disagree(own: frozenset[T], others: Iterable[frozenset[T]]) -> bool:
    """Both name some, and none is the same."""
    known = frozenset[T]().union(*others)
    return bool(own) and bool(known) and own.isdisjoint(known)


# ---- copies ----


def place(article: ArticleId, size: int, resemblances: Iterable[Resemblance]) -> Placement:
    """`size` is the number of the article's shingles. The closest earlier text wins, the earliest among equals."""
    copies = [(likeness(size, other), other) for other in resemblances if is_copy(size, other)]
    if not copies:
        return Placement(story_id(article), Relation.FIRST, None, None, 0.0)
    best, original = max(copies, key=lambda pair: pair[0])
    return Placement(
        original.story_id,
        Relation.COPY,
        original.article_id,
        original.outlet,
        round(best, 3),
        certainty=Certainty.SURELY,
    )


def joined(own: Placement, judged: Judgement) -> Placement:
    """The placement of an article that copies nobody, now that its story was looked for."""
    if judged.story_id is None:
        return own
    return replace(
        own,
        story_id=judged.story_id,
        relation=Relation.REPORT,
        similarity=round(judged.probability, 3),
        certainty=judged.certainty,
    )
