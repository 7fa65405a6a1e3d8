"""What rules are built of terms with, one class for each operator.

What is built of terms alone may have a place too and can stand inside NEAR and same_sentence; conditions on the whole
article (all, at_least, same_sentence, without) hold or do not, and cannot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import accumulate

from monitor.model import Zone
from monitor.rules import needs
from monitor.rules.needs import Needs
from monitor.rules.scope import BEGINNING, About, Found, Scope, Span
from monitor.rules.terms import MOST_SHOWN, Condition, Word
from monitor.text import POSITION_GAP, Document

MOST_LABELLED = 6
LARGE = 8  # parts of any: that are worth a look-up


@dataclass(frozen=True)
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
        words, others = self._words
        if not scope.words.isdisjoint(words):
            return True
        return any(child.holds(scope) for child in (others if len(others) < LARGE else self._possible(scope)))

    @cached_property
    def _words(self) -> tuple[frozenset[str], list[Condition]]:
        """The whole words among the parts, and the other parts."""
        words = frozenset(child.folded for child in self.children if type(child) is Word)
        return words, [child for child in self.children if type(child) is not Word]

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        evidence = [found for child in self._possible(scope) if (found := child.find(scope)) is not None]
        by_span = {one.span: one for found in evidence for one in found}
        return tuple(by_span[span] for span in sorted(by_span)[:MOST_SHOWN]) if evidence else None

    def spans(self, scope: Scope) -> Sequence[Span]:
        return sorted({span for child in self._possible(scope) for span in child.spans(scope)})

    def _possible(self, scope: Scope) -> Sequence[Condition]:
        """Of a vocabulary only what begins like words that are there: hundreds of terms cost what five do."""
        if len(self.children) < LARGE:
            return self.children
        by_beginning, beginnings, others = self._dispatch
        # Of two sets Python walks the smaller one; with the keys of a dict it would walk all that the article has.
        places = {place for start in beginnings & scope.beginnings for place in by_beginning[start]}
        return [self.children[place] for place in sorted({*places, *others})]

    @cached_property
    def _dispatch(self) -> tuple[dict[str, list[int]], frozenset[str], list[int]]:
        """Where the parts stand by how the longest word of each of their rows begins, and those without such words."""
        by_beginning, others = defaultdict[str, list[int]](list), list[int]()
        for place, child in enumerate(self.children):
            longest = [
                max((key for key in row if key.isalnum() or key.endswith("*")), key=len, default="")
                for row in child.needs.rows
            ]
            if not all(longest) or any(":" in key for key in longest):
                others.append(place)
                continue
            for key in longest:
                by_beginning[key.rstrip("*")[:BEGINNING]].append(place)
        return by_beginning, frozenset(by_beginning), others


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

    def shortfall(self, scope: Scope) -> str | None:
        found = [child for child in self.children if child.holds(scope)]
        return f"found {len(found)}: {_listed(found)}" if found else None

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        evidence = [found for child in self.children if (found := child.find(scope)) is not None]
        return tuple(one for found in evidence for one in found) if len(evidence) >= self.count else None


def at_least(count: int, conditions: Sequence[Condition]) -> Condition:
    """At least one of one is this one."""
    return conditions[0] if len(conditions) == 1 else AtLeast(count, tuple(conditions))


@dataclass(frozen=True, slots=True)
class Score(Condition):
    """Terms with weights, of which those that hold must reach a sum. Each counts once, some perhaps against it."""

    threshold: float
    terms: tuple[tuple[Condition, float], ...]

    @property
    def label(self) -> str:
        return f"score {self.threshold:g} of ({_listed([term for term, _ in self.terms])})"

    @property
    def needs(self) -> Needs:
        """Without the heaviest, what is left cannot reach the sum: one of these must hold."""
        lightest_first = sorted((weight, place) for place, (_, weight) in enumerate(self.terms) if weight > 0)
        spared, out_of_reach = 0.0, 0
        for weight, _ in lightest_first:
            if spared + weight >= self.threshold:
                break
            spared, out_of_reach = spared + weight, out_of_reach + 1
        return needs.unproven(needs.either(self.terms[place][0].needs for _, place in lightest_first[out_of_reach:]))

    def holds(self, scope: Scope) -> bool:
        return sum(weight for term, weight in self.terms if term.holds(scope)) >= self.threshold

    def shortfall(self, scope: Scope) -> str | None:
        found = [(term, weight) for term, weight in self.terms if term.holds(scope)]
        reached = sum(weight for _, weight in found)
        return f"reached {reached:g} by {_listed([term for term, _ in found])}" if found else None

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        if not self.holds(scope):
            return None
        return tuple(one for term, weight in self.terms if weight > 0 for one in term.find(scope) or ())


@dataclass(frozen=True, slots=True)
class Count(Condition):
    """So many mentions."""

    count: int
    child: Condition

    @property
    def label(self) -> str:
        return f"{self.count} times {self.child.label}"

    @property
    def needs(self) -> Needs:
        return needs.unproven(self.child.needs)

    def shortfall(self, scope: Scope) -> str | None:
        found = len({span.start for span in self.child.spans(scope)})
        return f"found {found}" if found else None

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        if len({span.start for span in self.child.spans(scope)}) < self.count:
            return None
        return self.child.find(scope)


class Fact(StrEnum):
    """What may be asked of an article besides its words."""

    LANGUAGE = "language"
    FEED = "feed"
    TAG = "tag"


@dataclass(frozen=True, slots=True)
class Origin(Condition):
    """Where an article is from. It has no evidence, and what nobody knows is taken to be as the rule wants it."""

    fact: Fact
    value: str

    @property
    def label(self) -> str:
        return f"{self.fact} {self.value}"

    @property
    def needs(self) -> Needs:
        return needs.UNKNOWN

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        known = self._known(scope.about)
        return () if (scope.doubtful if known is None else self.value.casefold() in known) else None

    def _known(self, about: About) -> Collection[str] | None:
        match self.fact:
            case Fact.LANGUAGE:
                return None if about.language is None else _ranges(about.language.casefold())
            case Fact.FEED:
                return None if about.feeds is None else [feed.casefold() for feed in about.feeds]
            case Fact.TAG:
                return None if about.tags is None else [tag.casefold() for tag in about.tags]


def _ranges(tag: str) -> Collection[str]:
    """What a BCP 47 tag falls under: sr, sr-latn and sr-latn-rs."""
    return list(accumulate(tag.split("-"), "{}-{}".format))


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
        return self.wanted.holds(scope) and not self.unwanted.holds(scope.against)

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        found = self.wanted.find(scope)
        return found if found is not None and self.unwanted.find(scope.against) is None else None


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

    def shortfall(self, scope: Scope) -> str | None:
        elsewhere = self.child.find(scope)
        if not elsewhere:
            return self.child.shortfall(scope.zone(self.zone))
        return f"stands in the {scope.document.at(elsewhere[0].span.start).zone}"

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        found = self.child.find(scope.zone(self.zone))
        return None if found is None else tuple(Found(f"{self.zone}:{part}", span) for part, span in found)

    def spans(self, scope: Scope) -> Sequence[Span]:
        return self.child.spans(scope.zone(self.zone))


@dataclass(frozen=True)
class ConceptRef(Condition):
    """A vocabulary by its name. Looked for once in each scope, however many rules ask.

    Rules of two configurations may look at one scope, and each at what it knows by this name.
    """

    name: str
    condition: Condition
    version: str

    @property
    def label(self) -> str:
        return f"concept {self.name}"

    @cached_property
    def _key(self) -> str:
        return f"{self.name} {self.version}"

    @cached_property
    def needs(self) -> Needs:
        return self.condition.needs

    @property
    def placed(self) -> bool:
        return self.condition.placed

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        if self._key not in scope.remembered:
            scope.remembered[self._key] = self._find(scope)
        return scope.remembered[self._key]

    def spans(self, scope: Scope) -> Sequence[Span]:
        if self._key not in scope.remembered_spans:
            scope.remembered_spans[self._key] = self.condition.spans(scope)
        return scope.remembered_spans[self._key]

    def _find(self, scope: Scope) -> tuple[Found, ...] | None:
        if self.placed:
            spans = self.spans(scope)[:MOST_SHOWN]
        else:
            found = self.condition.find(scope)
            return None if found is None else tuple(Found(self.label, span) for _, span in found)
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

    def shortfall(self, scope: Scope) -> str | None:
        places = [child.spans(scope) for child in self.children]
        if all(places):
            apart = min((pair for pair in _together(places, POSITION_GAP - 1)), key=_length, default=None)
            if apart is None:
                return "not in one part of the article"
            if _length(apart) <= self.within:
                return "in another order"
            return f"{_length(apart)} words apart at the nearest"
        return _absent(self.children, places)

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


def _length(span: Span) -> int:
    return span.end - span.start


def _absent(children: Sequence[Condition], places: Sequence[Sequence[Span]]) -> str | None:
    absent = [child for child, spans in zip(children, places, strict=True) if not spans]
    return f"no {_listed(absent)}" if len(absent) < len(children) else None


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
    """All of them in one sentence; or one alone, where it stands in one, as words near one another may not."""

    children: tuple[Condition, ...]

    @property
    def label(self) -> str:
        return f"in one sentence ({_listed(self.children)})"

    @property
    def needs(self) -> Needs:
        return needs.unproven(needs.together(child.needs for child in self.children))

    def shortfall(self, scope: Scope) -> str | None:
        places = [child.spans(scope) for child in self.children]
        return "not in one sentence" if all(places) else _absent(self.children, places)

    @property
    def placed(self) -> bool:
        return True

    def find(self, scope: Scope) -> tuple[Found, ...] | None:
        first = next(self._found_together(scope), None)
        if first is None:
            return None
        return tuple(Found(child.label, span) for child, span in zip(self.children, first, strict=True))

    def spans(self, scope: Scope) -> Sequence[Span]:
        if len(self.children) == 1:
            return [span for span in self.children[0].spans(scope) if _sentence_of(scope.document, span) is not None]
        together = self._found_together(scope)
        return [Span(min(span.start for span in found), max(span.end for span in found)) for found in together]

    def _found_together(self, scope: Scope) -> Iterator[tuple[Span, ...]]:
        """Of each sentence that has all of them, in order: the first of each."""
        first_in = list[dict[int, Span]]()
        for child in self.children:
            first_in.append(_first_in_sentences(scope.document, child.spans(scope)))
            if not first_in[-1]:
                return
        for sentence in sorted(set.intersection(*map(set, first_in))):
            yield tuple(spans[sentence] for spans in first_in)


def _first_in_sentences(document: Document, spans: Sequence[Span]) -> dict[int, Span]:
    found: dict[int, Span] = {}
    for span in spans:
        sentence = _sentence_of(document, span)
        if sentence is not None:
            found.setdefault(sentence, span)
    return found


def _sentence_of(document: Document, span: Span) -> int | None:
    """None where it goes over the end of one."""
    sentence = document.at(span.start).sentence
    return sentence if document.at(span.end).sentence == sentence else None


def _listed(children: Sequence[Condition]) -> str:
    labels = [child.label for child in children[:MOST_LABELLED]]
    return ", ".join(labels + ["…"] * (len(children) > MOST_LABELLED))
