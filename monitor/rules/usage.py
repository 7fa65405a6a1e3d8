"""What the archive shows of rules: terms that no article ever had, stars that find too much, rules that never fire,
that say the same, that are called noise, or that take long. Pure; each finding has its remedy.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from statistics import median

from monitor.errors import Problem
from monitor.rules.lint import parts_of, same_stories
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet
from monitor.rules.terms import Condition, Exact, Phrase, Prefix, Word
from monitor.rules.written import to_query

SHORT_PREFIX = 4  # letters, up to which a star is looked at
STRAY_WORDS = 12  # different words of the archive that a short prefix may begin
MOST_NAMED = 5
MOST_APART = 3  # dead terms of a rule or concept that have a sentence each
LONG_ENOUGH = timedelta(days=7)  # for a rule to be called silent
NOISE = 0.2  # of its alerts
FEWEST_VERDICTS = 3
SLOW_TIMES = 10  # as long as half of the rules take
SLOW_SECONDS = 0.0005  # an article


# ---- words ----


class Occurrences:
    """In how many articles the words stand that rules ask for; of others nothing is remembered."""

    def __init__(self, rules: RuleSet) -> None:
        self.counts: Counter[str] = Counter()
        terms = [term for condition in _conditions(rules) for part in parts_of(condition) for term in _words(part)]
        self._words = {term.folded for term in terms if type(term) is Word}
        self._prefixes = {term.folded for term in terms if isinstance(term, Prefix)}
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})

    def add(self, said: Set[str]) -> None:
        """The folded words of one article."""
        found = self._words & said
        for length in self._lengths:
            found |= {word for word in said if word[:length] in self._prefixes}
        self.counts.update(found)


class _Archive:
    """Words and how often each stands there, in the order in which prefixes are found."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = counts

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.counts)

    def begun(self, prefix: str) -> Sequence[str]:
        start = bisect_left(self._sorted, prefix)
        return self._sorted[start : bisect_left(self._sorted, prefix + "\U0010ffff", lo=start)]


def in_archive(rules: RuleSet, counts: Mapping[str, int]) -> tuple[Problem, ...]:
    """What depends on the words that articles had. `counts`: in how many of them each folded word stands."""
    found: list[Problem] = []
    archive = _Archive(counts)
    for rule in rules.rules:
        said_of_rule = _of_terms(_both(rule), archive)
        found.extend(Problem(rule.file, rule.line, f"rule {rule.name}: {said}") for said in said_of_rule)
    for concept in rules.concepts:
        said_of = _of_terms([concept.ref.condition], archive)
        found.extend(Problem(concept.file, concept.line, f"concept {concept.ref.name}: {said}") for said in said_of)
    return tuple(sorted(set(found)))


def _conditions(rules: RuleSet) -> Iterator[Condition]:
    for rule in rules.rules:
        yield from _both(rule)
    yield from (concept.ref.condition for concept in rules.concepts)


def _both(rule: Rule) -> tuple[Condition, ...]:
    return (rule.match,) if rule.none is None else (rule.match, rule.none)


def _of_terms(conditions: Iterable[Condition], archive: _Archive) -> Iterator[str]:
    """A vocabulary may have many dead terms, in languages that no feed is in: they are named in one breath."""
    dead: dict[str, str] = {}
    for part in (part for condition in conditions for part in parts_of(condition)):
        if isinstance(part, Prefix) and len(part.folded) <= SHORT_PREFIX:
            yield from _stray(part, archive)
        if (word := _dead(part, archive)) is not None:
            dead[to_query(part)] = word
    if len(dead) > MOST_APART:
        named = ", ".join(list(dead)[:MOST_NAMED])
        yield (
            f"{len(dead)} terms never occurred in the archive ({named} …); check their spelling, delete them, or add "
            "feeds in their languages"
        )
        return
    for term, word in dead.items():
        yield f"{term}: {word} never occurred in the archive; check its spelling, or delete it"


def _stray(prefix: Prefix, archive: _Archive) -> Iterator[str]:
    begun = archive.begun(prefix.folded)
    if len(begun) > STRAY_WORDS:
        named = ", ".join(sorted(begun, key=lambda word: (-archive.counts[word], word))[:MOST_NAMED])
        yield f"{prefix.written}: also finds {named} and {len(begun) - MOST_NAMED} more words; write out those you mean"


def _dead(part: Condition, archive: _Archive) -> str | None:
    """The first word of a term that no article had."""
    return next((term.written for term in _words(part) if not _occurs(term, archive)), None)


def _occurs(term: Word, archive: _Archive) -> bool:
    return bool(archive.begun(term.folded)) if isinstance(term, Prefix) else term.folded in archive.counts


def _words(part: Condition) -> tuple[Word, ...]:
    """The words that a term is made of."""
    match part:
        case Word():
            return (part,)
        case Phrase(_, terms):
            return terms
        case Exact(_, _, anyhow):
            return anyhow.terms
    return ()


# ---- rules ----


class Kind(StrEnum):
    """What is found of a rule or concept."""

    SILENT = "silent"
    SAME = "same stories"
    WORDS = "words"
    NOISY = "noisy"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a rule did in a time."""

    rule: str
    matches: int = 0
    alerts: int = 0  # that were told
    near: int = 0
    noise: int = 0  # alerts that readers called not relevant
    last_match_at: datetime | None = None  # ever
    loaded_at: datetime | None = None  # the first time
    seconds: float = 0.0  # it takes an article, of a sample


@dataclass(frozen=True, slots=True)
class Finding:
    kind: Kind
    problem: Problem


def of_rules(
    rules: RuleSet, usage: Mapping[str, Usage], stories: Mapping[str, Set[str]], since: datetime, now: datetime
) -> Iterator[Finding]:
    """`stories`: that each rule matched since then."""
    median_seconds = median(one.seconds for one in usage.values()) if usage else 0.0
    for rule in rules.rules:
        one = usage.get(rule.name, Usage(rule.name))
        said = (
            (Kind.SILENT, _silent(one, since, now)),
            (Kind.NOISY, _noisy(one)),
            (Kind.SLOW, _slow(one, median_seconds)),
        )
        for kind, sentence in said:
            if sentence is not None:
                yield Finding(kind, Problem(rule.file, rule.line, f"rule {rule.name}: {sentence}"))
    yield from (Finding(Kind.SAME, problem) for problem in same_stories(rules, stories))


def _silent(usage: Usage, since: datetime, now: datetime) -> str | None:
    start = max(since, usage.loaded_at) if usage.loaded_at is not None else None
    if usage.matches or start is None or now - start < LONG_ENOUGH:
        return None
    near = f"it came near {usage.near} times: see with `explain` what was missing" if usage.near else "nor came near"
    return f"matched nothing in {(now - start).days} days, {near}; loosen it, or delete it"


def _noisy(usage: Usage) -> str | None:
    if usage.noise < FEWEST_VERDICTS or usage.noise < NOISE * usage.alerts:
        return None
    return (
        f"{usage.noise} of {usage.alerts} alerts were called not relevant; add what must be there too, or none: with "
        f"what must not: `feedback propose {usage.rule}` tries some of that"
    )


def _slow(usage: Usage, median_seconds: float) -> str | None:
    if usage.seconds < SLOW_SECONDS or usage.seconds < SLOW_TIMES * median_seconds:
        return None
    return (
        f"takes {usage.seconds * 1e6:.0f} µs an article where half of the rules take {median_seconds * 1e6:.0f} µs or "
        "less; give it a rare word that must be there, or narrow its NEAR and regex:"
    )
