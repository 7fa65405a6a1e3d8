"""What two sets of rules make of the same articles, as a difference. Pure.

An alert is here the first article of a story that a rule matches; an article that belongs to no story is one by itself.
Each article is split into words once, and rules that both sets share look at it once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from heapq import heappush, heappushpop
from itertools import groupby
from typing import NamedTuple

from monitor.model import ArchivedArticle
from monitor.rules.index import RuleIndex
from monitor.rules.match import judge
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet
from monitor.rules.scope import About, Scope
from monitor.text import document

MOST_KEPT = 10_000  # alerts of either kind that are reported with their article, the latest ones
MOST_WORDS = 6


class Change(StrEnum):
    """What becomes of an alert, or of a rule."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Reading:
    """An article, whom it is from in words for people, and what rules may ask: once for each feed that showed it."""

    article: ArchivedArticle
    outlet: str
    abouts: tuple[About, ...]

    @property
    def story(self) -> str:
        return self.article.story_id or self.article.id


@dataclass(frozen=True, slots=True)
class Alert:
    """One that only one of the sets gives, with the words that matched."""

    change: Change
    rule: str
    story: str
    in_story: bool  # or the article is by itself
    article: str
    title: str
    url: str
    outlet: str
    at: datetime  # when the article was first read
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfRule:
    """A rule's alerts under each set. `change`: what became of the rule itself."""

    rule: str
    change: Change
    before: int
    after: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Difference:
    """`alerts` are the latest; `left_out` says how many more there were. Stories count that any rule speaks of."""

    articles: int
    before: int
    after: int
    added: int
    removed: int
    stories_before: int
    stories_after: int
    stories_added: int
    stories_removed: int
    rules: tuple[OfRule, ...]
    alerts: tuple[Alert, ...]

    @property
    def left_out(self) -> int:
        return self.added + self.removed - len(self.alerts)

    def by_story(self) -> list[tuple[Alert, ...]]:
        """The alerts of each story, latest first, as are the stories."""
        stories: defaultdict[str, list[Alert]] = defaultdict(list)
        for alert in self.alerts:
            stories[alert.story].append(alert)
        return [tuple(alerts) for alerts in stories.values()]


def compare(
    before: RuleSet, after: RuleSet, readings: Iterable[Reading], since: datetime, *, most: int = MOST_KEPT
) -> Difference:
    """Readings of one story follow one another, as they came. Counted is what was first matched since then."""
    sides, tally, articles = _Sides(before, after), _Tally(most), 0
    for _, story in groupby(readings, key=lambda reading: reading.story):
        told = _Told()
        for reading in story:
            articles += 1
            sides.look(reading, told)
        tally.add(told, since)
    return tally.difference(sides.changes, articles)


class _First(NamedTuple):
    """A rule's first match in a story. `words` are those of a match that the other set may not have."""

    reading: Reading
    words: tuple[str, ...]


@dataclass(slots=True)
class _Told:
    """What each set tells of one story, by rule."""

    before: dict[str, _First] = field(default_factory=dict)
    after: dict[str, _First] = field(default_factory=dict)


class _Sides:
    """The rules of both sets, and apart from them those that only one of them has."""

    def __init__(self, before: RuleSet, after: RuleSet) -> None:
        old, new = ({(rule.name, rule.version) for rule in rules.rules} for rules in (before, after))
        self._both = RuleIndex([rule for rule in after.rules if (rule.name, rule.version) in old])
        self._old = RuleIndex([rule for rule in before.rules if (rule.name, rule.version) not in new])
        self._new = RuleIndex([rule for rule in after.rules if (rule.name, rule.version) not in old])
        self.changes = dict(_changes(before, after, old & new))

    def look(self, reading: Reading, told: _Told) -> None:
        """Adds what is first told of the story by this article."""
        article = reading.article
        words = document(article.title, article.text, article.captions)
        scopes = [Scope(words, about) for about in reading.abouts]
        for name in _matching(self._both, scopes):
            first = _First(reading, ())
            told.before.setdefault(name, first)
            told.after.setdefault(name, first)
        old, new = (_matching(index, scopes) for index in (self._old, self._new))
        for name in old.keys() - told.before.keys():
            known = name in new or name in told.after
            told.before[name] = _First(reading, () if known else _words(*old[name]))
        for name in new.keys() - told.after.keys():
            told.after[name] = _First(reading, () if name in told.before else _words(*new[name]))


def _changes(before: RuleSet, after: RuleSet, same: set[tuple[str, str]]) -> Iterator[tuple[str, Change]]:
    names = {rule.name for rule in before.rules}
    for rule in after.rules:
        if (rule.name, rule.version) in same:
            yield rule.name, Change.SAME
        else:
            yield rule.name, Change.CHANGED if rule.name in names else Change.ADDED
    left = names - {rule.name for rule in after.rules}
    yield from ((rule.name, Change.REMOVED) for rule in before.rules if rule.name in left)


def _matching(index: RuleIndex, scopes: Sequence[Scope]) -> dict[str, tuple[Rule, Scope]]:
    """By name, with where the article was from when it first matched."""
    found: dict[str, tuple[Rule, Scope]] = {}
    for scope in scopes:
        for rule in index.matching(scope):
            found.setdefault(rule.name, (rule, scope))
    return found


def _words(rule: Rule, scope: Scope) -> tuple[str, ...]:
    decision = judge(rule, scope)
    hits = decision.hits if decision is not None else ()
    said = {words.casefold(): words for hit in hits if (words := " ".join(hit.words.split()))}
    return tuple(said.values())[:MOST_WORDS]


class _Tally:
    """Numbers of all, and the latest alerts."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._before, self._after = Counter[str](), Counter[str]()
        self._changed = Counter[tuple[Change, str]]()
        self._stories = Counter[str]()
        self._latest: list[tuple[datetime, str, str, str, Alert]] = []

    def add(self, told: _Told, since: datetime) -> None:
        before, after = (
            {name for name, first in side.items() if first.reading.article.first_read_at >= since}
            for side in (told.before, told.after)
        )
        self._before.update(before)
        self._after.update(after)
        self._stories.update({"before": bool(before), "after": bool(after)})
        self._stories.update({"added": bool(after and not told.before), "removed": bool(before and not told.after)})
        for name in after - told.before.keys():
            self._note(Change.ADDED, name, told.after[name])
        for name in before - told.after.keys():
            self._note(Change.REMOVED, name, told.before[name])

    def _note(self, change: Change, rule: str, first: _First) -> None:
        self._changed[change, rule] += 1
        article = first.reading.article
        alert = Alert(
            change=change,
            rule=rule,
            story=first.reading.story,
            in_story=article.story_id is not None,
            article=article.id,
            title=article.title,
            url=article.url,
            outlet=first.reading.outlet,
            at=article.first_read_at,
            words=first.words,
        )
        entry = (alert.at, alert.article, rule, str(change), alert)
        if len(self._latest) < self._most:
            heappush(self._latest, entry)
        else:
            heappushpop(self._latest, entry)

    def difference(self, changes: dict[str, Change], articles: int) -> Difference:
        rules = tuple(
            OfRule(
                rule=name,
                change=change,
                before=self._before[name],
                after=self._after[name],
                added=self._changed[Change.ADDED, name],
                removed=self._changed[Change.REMOVED, name],
            )
            for name, change in changes.items()
        )
        return Difference(
            articles=articles,
            before=self._before.total(),
            after=self._after.total(),
            added=sum(rule.added for rule in rules),
            removed=sum(rule.removed for rule in rules),
            stories_before=self._stories["before"],
            stories_after=self._stories["after"],
            stories_added=self._stories["added"],
            stories_removed=self._stories["removed"],
            rules=rules,
            alerts=tuple(entry[-1] for entry in sorted(self._latest, reverse=True)),
        )
