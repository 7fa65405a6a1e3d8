"""The operators of the rules, one class each: where a condition holds in a document, and the words that prove it.

Conditions on words, and what is built of them, have a place (`spans`) and can stand inside NEAR and same_sentence;
conditions on the whole article (all, at_least, same_sentence, without) hold or do not, and cannot.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import NamedTuple

from monitor.model import Severity, Zone
from monitor.rules import needs
from monitor.rules.needs import Needs
from monitor.text import Document, spelling

MOST_SHOWN = 5  # hits for one part of a rule; the title's come first
MOST_LABELLED = 6


class Span(NamedTuple):
    """Positions of the first and the last word."""

    start: int
    end: int


BEGINNING = 12  # letters of a prefix that are looked up at once


class Found(NamedTuple):
    """A part of a rule and where it was satisfied."""

    part: str
    span: Span


class Scope:
    """A document without its captions, or a zone of it, while rules look at it.

    What a concept found there is remembered.
    """

    def __init__(self, document: Document, zone: Zone | None = None, whole: Scope | None = None) -> None:
        self.document = document
        self._zone, self._whole = zone, whole
        self._empty = whole is not None and whole._zone not in (None, zone)
        self._zones: dict[Zone, Scope] = {}
        self.remembered: dict[str, tuple[Found, ...] | None] = {}
        self.remembered_spans: dict[str, Sequence[Span]] = {}

    def zone(self, zone: Zone) -> Scope:
        """The part of this scope that lies in a zone: nothing, if this is another zone."""
        if zone is self._zone:
            return self
        if zone not in self._zones:
            self._zones[zone] = Scope(self.document, zone, self)
        return self._zones[zone]

    def has(self, word: str) -> bool:
        """Whether a folded word stands here."""
        if self._zone is Zone.BODY and self._whole is not None and self._whole._zone is None:
            return self._whole._last.get(word, -1) >= self._body  # saves a look at every word of the longest zone
        return word in self._last

    @cached_property
    def _body(self) -> int:
        """Where the body begins in the sequence of the whole."""
        return len(self.document.title_words) + 1 + len(self.document.said(Zone.LEAD))

    @property
    def words(self) -> Set[str]:
        """All folded words."""
        return self._last.keys()

    def follow(self, said: tuple[str, ...]) -> bool:
        """Whether these folded words follow one another somewhere."""
        first, last = self._first, self._last
        for offset, word in enumerate(said):
            place = first.get(word)
            if place is None:
                return False
            if place == last[word]:
                return self._sequence[max(place - offset, 0) : place - offset + len(said)] == said
        return f" {' '.join(said)} " in self._line

    @cached_property
    def _sequence(self) -> tuple[str, ...]:
        """The words in order, with something that is no word where the title ends."""
        if self._empty:
            return ()
        if self._zone is None:
            return *self.document.title_words, "|", *self.document.text_words
        return self.document.said(self._zone)

    @cached_property
    def _last(self) -> dict[str, int]:
        return dict(zip(self._sequence, count()))

    @cached_property
    def _first(self) -> dict[str, int]:
        return dict(zip(reversed(self._sequence), count(len(self._sequence) - 1, -1)))

    @cached_property
    def _line(self) -> str:
        return f" {' '.join(self._sequence)} "

    def positions(self, word: str) -> Sequence[int]:
        """Where a folded word stands, ascending."""
        return self._places.get(word, ())

    def positions_of_prefix(self, prefix: str) -> Sequence[int]:
        """Where folded words stand that begin so, ascending."""
        return sorted(place for word in self.words_of_prefix(prefix) for place in self.positions(word))

    def words_of_prefix(self, prefix: str) -> Iterator[str]:
        if prefix[:BEGINNING] not in self._beginnings:
            return
        vocabulary = self._vocabulary
        for index in range(bisect_left(vocabulary, prefix), len(vocabulary)):
            if not vocabulary[index].startswith(prefix):
                return
            yield vocabulary[index]

    @cached_property
    def _places(self) -> Mapping[str, Sequence[int]]:
        if self._empty:
            return {}
        return self.document.positions if self._zone is None else self.document.positions_in(self._zone)

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        """Of all words: most prefixes that are asked for are not among them, and that should cost next to nothing."""
        words = {word[:BEGINNING] for word in self.words}
        return frozenset(word[:length] for word in words for length in range(1, len(word) + 1))

    @cached_property
    def _vocabulary(self) -> list[str]:
        return sorted(self.words)


class Condition:
    """Something that a document may satisfy."""

    __slots__ = ()

    @property
    def label(self) -> str:
        """How the operator wrote it, more or less."""
        raise NotImplementedError

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        """The evidence, or None if the condition does not hold."""
        raise NotImplementedError

    @property
    def needs(self) -> Needs:
        """The words without which it cannot hold."""
        raise NotImplementedError

    def holds(self, scope: Scope) -> bool:
        """Whether there is evidence, which need not be gathered for that."""
        return self.find(scope) is not None

    @property
    def placed(self) -> bool:
        """Whether it has spans."""
        return False

    def spans(self, scope: Scope) -> Sequence[Span]:
        """Everywhere it holds, by position. Only for what is placed."""
        raise NotImplementedError


class Place(Condition):
    """A condition that holds at places."""

    __slots__ = ()

    @property
    def placed(self) -> bool:
        return True

    def holds(self, scope: Scope) -> bool:
        return bool(self.spans(scope))

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        spans = self.spans(scope)
        if not spans:
            return None
        return tuple(Found(self.label, span) for span in spans[:MOST_SHOWN])


# ---- words ----


@dataclass(frozen=True, slots=True)
class Word(Place):
    """A whole word, whatever its case and marks."""

    written: str
    folded: str

    @property
    def label(self) -> str:
        return self.written

    @property
    def needs(self) -> Needs:
        return needs.key(self.folded)

    def holds(self, scope: Scope) -> bool:
        return scope.has(self.folded)

    def positions(self, scope: Scope) -> Sequence[int]:
        return scope.positions(self.folded)

    def spans(self, scope: Scope) -> Sequence[Span]:
        places = self.positions(scope)
        return [Span(place, place) for place in places] if places else ()


@dataclass(frozen=True, slots=True)
class Prefix(Word):
    """Every word that begins so: `deploy*`."""

    @property
    def needs(self) -> Needs:
        return needs.key(f"{self.folded}*")

    def holds(self, scope: Scope) -> bool:
        return any(True for _ in scope.words_of_prefix(self.folded))

    def positions(self, scope: Scope) -> Sequence[int]:
        return scope.positions_of_prefix(self.folded)


@dataclass(frozen=True)
class Phrase(Place):
    """Words that follow one another; each may be a prefix."""

    written: str
    terms: tuple[Word, ...]

    @property
    def label(self) -> str:
        return f'"{self.written}"'

    @property
    def needs(self) -> Needs:
        return needs.unproven(needs.together(term.needs for term in self.terms))

    @cached_property
    def _said(self) -> tuple[str, ...] | None:
        """The words, if they are whole ones."""
        whole = all(type(term) is Word for term in self.terms)
        return tuple(term.folded for term in self.terms) if whole else None

    def holds(self, scope: Scope) -> bool:
        return bool(self.spans(scope)) if self._said is None else scope.follow(self._said)

    def spans(self, scope: Scope) -> Sequence[Span]:
        starts = self.terms[0].positions(scope)
        if not starts:
            return ()
        for offset, term in enumerate(self.terms[1:], 1):
            if not starts:
                return ()
            following = set(term.positions(scope))
            starts = [start for start in starts if start + offset in following]
        return [Span(start, start + len(self.terms) - 1) for start in starts]


@dataclass(frozen=True, slots=True)
class Exact(Place):
    """Words that follow one another in this very spelling: case, marks and script count."""

    written: str
    words: tuple[str, ...]
    anyhow: Phrase  # the same words in any spelling

    @property
    def label(self) -> str:
        return f"exact {self.written}"

    @property
    def needs(self) -> Needs:
        return needs.unproven(self.anyhow.needs)

    def holds(self, scope: Scope) -> bool:
        return self.anyhow.holds(scope) and bool(self.spans(scope))

    def spans(self, scope: Scope) -> Sequence[Span]:
        return [span for span in self.anyhow.spans(scope) if self._spelled(scope.document, span)]

    def _spelled(self, document: Document, span: Span) -> bool:
        tokens = (document.at(place) for place in range(span.start, span.end + 1))
        return all(spelling(token.text) == word for token, word in zip(tokens, self.words, strict=True))


# ---- combinations ----


@dataclass(frozen=True, slots=True)
class Any(Condition):
    """At least one of them."""

    children: tuple[Condition, ...]

    @property
    def label(self) -> str:
        return f"any of ({_listed(self.children)})"

    @property
    def needs(self) -> Needs:
        return needs.either(child.needs for child in self.children)

    @property
    def placed(self) -> bool:
        return all(child.placed for child in self.children)

    def holds(self, scope: Scope) -> bool:
        return any(child.holds(scope) for child in self.children)

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        found = {one.span: one for child in self.children for one in child.find(scope) or ()}
        return tuple(found[span] for span in sorted(found)[:MOST_SHOWN]) or None

    def spans(self, scope: Scope) -> Sequence[Span]:
        return sorted({span for child in self.children for span in child.spans(scope)})


def any_of(conditions: Sequence[Condition]) -> Condition:
    """One of them needs no `any` around it."""
    return conditions[0] if len(conditions) == 1 else Any(tuple(conditions))


@dataclass(frozen=True, slots=True)
class All(Condition):
    """Every one of them."""

    children: tuple[Condition, ...]

    @property
    def label(self) -> str:
        return f"all of ({_listed(self.children)})"

    @property
    def needs(self) -> Needs:
        return needs.together(child.needs for child in self.children)

    def holds(self, scope: Scope) -> bool:
        return all(child.holds(scope) for child in self.children)

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        found: list[Found] = []
        for child in self.children:
            evidence = child.find(scope)
            if evidence is None:
                return None
            found.extend(evidence)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class AtLeast(Condition):
    """So many of them."""

    count: int
    children: tuple[Condition, ...]

    @property
    def label(self) -> str:
        return f"at least {self.count} of ({_listed(self.children)})"

    @property
    def needs(self) -> Needs:
        return needs.some(self.count, [child.needs for child in self.children])

    def holds(self, scope: Scope) -> bool:
        return sum(child.holds(scope) for child in self.children) >= self.count

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        evidence = [found for child in self.children if (found := child.find(scope)) is not None]
        return tuple(one for found in evidence for one in found) if len(evidence) >= self.count else None


@dataclass(frozen=True, slots=True)
class Without(Condition):
    """The one, unless the other is anywhere in scope."""

    wanted: Condition
    unwanted: Condition

    @property
    def label(self) -> str:
        return f"{self.wanted.label} without {self.unwanted.label}"

    @property
    def needs(self) -> Needs:
        return needs.unproven(self.wanted.needs)

    def holds(self, scope: Scope) -> bool:
        return self.wanted.holds(scope) and not self.unwanted.holds(scope)

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        found = self.wanted.find(scope)
        return found if found is not None and self.unwanted.find(scope) is None else None


@dataclass(frozen=True, slots=True)
class InZone(Condition):
    """Only what stands in the title, the lead, the body or the captions counts."""

    zone: Zone
    child: Condition

    @property
    def label(self) -> str:
        return f"{self.zone}:{self.child.label}"

    @property
    def needs(self) -> Needs:
        return needs.within(self.zone, self.child.needs)

    @property
    def placed(self) -> bool:
        return self.child.placed

    def holds(self, scope: Scope) -> bool:
        return self.child.holds(scope.zone(self.zone))

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        found = self.child.find(scope.zone(self.zone))
        return None if found is None else tuple(Found(f"{self.zone}:{part}", span) for part, span in found)

    def spans(self, scope: Scope) -> Sequence[Span]:
        return self.child.spans(scope.zone(self.zone))


@dataclass(frozen=True)
class ConceptRef(Condition):
    """A vocabulary by its name. Looked for once in each scope, however many rules ask."""

    name: str
    condition: Condition
    version: str

    @property
    def label(self) -> str:
        return f"concept {self.name}"

    @cached_property
    def needs(self) -> Needs:
        return self.condition.needs

    @property
    def placed(self) -> bool:
        return self.condition.placed

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        if self.name not in scope.remembered:
            scope.remembered[self.name] = self._find(scope)
        return scope.remembered[self.name]

    def spans(self, scope: Scope) -> Sequence[Span]:
        if self.name not in scope.remembered_spans:
            scope.remembered_spans[self.name] = self.condition.spans(scope)
        return scope.remembered_spans[self.name]

    def _find(self, scope: Scope) -> tuple[Found, ...] | None:
        if self.placed:
            spans = self.spans(scope)[:MOST_SHOWN]
        else:
            spans = [span for _, span in self.condition.find(scope) or ()]
        return tuple(Found(self.label, span) for span in spans) or None


# ---- nearness ----


@dataclass(frozen=True, slots=True)
class Near(Condition):
    """All of them so close that the last begins at most `within` words after the first ends."""

    within: int
    ordered: bool
    children: tuple[Condition, ...]

    @property
    def label(self) -> str:
        operator = f" {'ONEAR' if self.ordered else 'NEAR'}/{self.within} "
        return operator.join(child.label for child in self.children)

    @property
    def needs(self) -> Needs:
        return needs.unproven(needs.together(child.needs for child in self.children))

    @property
    def placed(self) -> bool:
        return True

    def holds(self, scope: Scope) -> bool:
        return bool(self.spans(scope))

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        spans = self.spans(scope)
        if not spans:
            return None
        closest = min(spans, key=lambda span: (span.end - span.start, span.start))
        return (Found(self.label, closest),)

    def spans(self, scope: Scope) -> Sequence[Span]:
        places: list[Sequence[Span]] = []
        for child in self.children:
            places.append(child.spans(scope))
            if not places[-1]:
                return []
        near = _in_order(places, self.within) if self.ordered else _together(places, self.within)
        return sorted(set(near))


def _together(places: Sequence[Sequence[Span]], within: int) -> Iterator[Span]:
    """For each span as the one that begins last: of every other part, the span that ends last before or around it."""
    latest: list[Span | None] = [None] * len(places)
    for span, part in sorted((span, part) for part, spans in enumerate(places) for span in spans):
        chosen = [span if other == part else earlier for other, earlier in enumerate(latest)]
        group = [one for one in chosen if one is not None]
        if len(group) == len(places) and span.start - min(one.end for one in group) <= within:
            yield Span(min(one.start for one in group), max(one.end for one in group))
        earlier = latest[part]
        if earlier is None or span.end > earlier.end:
            latest[part] = span


def _in_order(places: Sequence[Sequence[Span]], within: int) -> Iterator[Span]:
    chains: Iterable[tuple[Span, Span]] = ((span, span) for span in places[0])
    for spans in places[1:]:
        chains = _extended(chains, spans)
    return (Span(first.start, last.end) for first, last in chains if last.start - first.end <= within)


def _extended(chains: Iterable[tuple[Span, Span]], spans: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Each span with the first part of the chain that ends before it and began last."""
    waiting = sorted(chains, key=lambda chain: chain[1].end, reverse=True)
    nearest: Span | None = None
    for span in spans:
        while waiting and waiting[-1][1].end < span.start:
            first, _ = waiting.pop()
            nearest = first if nearest is None or first.end > nearest.end else nearest
        if nearest is not None:
            yield nearest, span


@dataclass(frozen=True, slots=True)
class SameSentence(Condition):
    """All of them in one sentence."""

    children: tuple[Condition, ...]

    @property
    def label(self) -> str:
        return f"in one sentence ({_listed(self.children)})"

    @property
    def needs(self) -> Needs:
        return needs.unproven(needs.together(child.needs for child in self.children))

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        document, first_in = scope.document, list[dict[int, Span]]()
        for child in self.children:
            first_in.append(_first_in_sentences(document, child.spans(scope)))
            if not first_in[-1]:
                return None
        common = set.intersection(*map(set, first_in))
        if not common:
            return None
        sentence = min(common)
        return tuple(Found(child.label, spans[sentence]) for child, spans in zip(self.children, first_in, strict=True))


def _first_in_sentences(document: Document, spans: Sequence[Span]) -> dict[int, Span]:
    found: dict[int, Span] = {}
    for span in spans:
        sentence = document.at(span.start).sentence
        if document.at(span.end).sentence == sentence:
            found.setdefault(sentence, span)
    return found


def _listed(children: Sequence[Condition]) -> str:
    labels = [child.label for child in children[:MOST_LABELLED]]
    return ", ".join(labels + ["…"] * (len(children) > MOST_LABELLED))


# ---- rules ----


@dataclass(frozen=True, slots=True)
class Example:
    """A text that stands in a rule to prove it."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Examples:
    """What a rule must match, and what it must not."""

    match: tuple[Example, ...] = ()
    no_match: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What the operator watches for. `version` changes with what the rule, or a concept in it, says."""

    name: str
    title: str
    severity: Severity
    channel: str | None  # None: the default channel
    page: bool  # where the feed's own text comes near, the page is to be read even if that text is whole
    match: Condition
    none: Condition | None  # what speaks against a match
    version: str
    text: str  # the rule as canonical JSON, without its examples
    file: str
    line: int
    examples: Examples
