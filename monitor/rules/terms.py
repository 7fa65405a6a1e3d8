"""The leaves of a rule: what stands in a text, and where.

Every term has a place (`spans`); combinations of them are in conditions.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from monitor.rules import needs, pattern
from monitor.rules.needs import Needs
from monitor.rules.scope import Found, Scope, Span
from monitor.text import Document, Token, fold, spelling, words

MOST_SHOWN = 5  # hits for one part of a rule; the title's come first
LONGEST_ENDING = 3  # small letters that an acronym may end in: NATOs, NATOn


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

    def shortfall(self, scope: Scope) -> str | None:  # noqa: ARG002 - most say nothing
        """For what does not hold: how near the text came to it, if it came near."""
        return None

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
        pairs = [needs.pair(*pair) for pair in pairwise(self.said or ())]
        whole = needs.together((*(term.needs for term in self.terms), *pairs))
        return whole if len(pairs) == len(self.terms) - 1 <= 1 else needs.unproven(whole)

    @cached_property
    def said(self) -> tuple[str, ...] | None:
        """The words, if they are whole ones."""
        whole = all(type(term) is Word for term in self.terms)
        return tuple(term.folded for term in self.terms) if whole else None

    def holds(self, scope: Scope) -> bool:
        return bool(self.spans(scope)) if self.said is None else scope.follow(self.said)

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


@dataclass(frozen=True, slots=True)
class Acronym(Place):
    """Letters in capitals: NATO, NATO's, NATO-s, NATOs, N.A.T.O. and НАТО, but not Nato, a senator or a word."""

    written: str
    folded: str

    @property
    def label(self) -> str:
        return f"acronym {self.written}"

    @property
    def needs(self) -> Needs:
        spelled_out = needs.together(needs.key(letter) for letter in self.folded)
        return needs.unproven(needs.either((needs.key(f"{self.folded}*"), spelled_out)))

    def spans(self, scope: Scope) -> Sequence[Span]:
        at = scope.document.at
        whole = [Span(place, place) for place in scope.positions_of_prefix(self.folded) if self._begins(at(place).text)]
        return sorted((*whole, *self._spelled_out(scope)))

    def _begins(self, word: str) -> bool:
        """The letters in capitals, then perhaps an ending in small ones, or a number: NATOs, EU27, G20s."""
        endings = "".join(filter(str.islower, word)), word.lower()
        return any(
            letters.isupper() and fold(letters) == self.folded and len(word) - len(letters) <= LONGEST_ENDING
            for letters in map(word.rstrip, endings)
        )

    def _spelled_out(self, scope: Scope) -> Iterator[Span]:
        """With full stops between the letters, and only these."""
        letters = Phrase(self.written, tuple(Word(letter, letter) for letter in self.folded))
        for span in letters.spans(scope):
            first, last = scope.document.at(span.start), scope.document.at(span.end)
            source = scope.document.source(first.zone)[first.start : last.end]
            if source.isupper() and "".join(source.split()).count(".") == len(self.folded) - 1:
                yield span


@dataclass(frozen=True, slots=True)
class Name(Place):
    """A proper name with the endings it takes: Kosovo, Kosova, Kosovom, Kosovës. Capitals count, as it was written."""

    written: str
    forms: tuple[frozenset[str], ...]

    @property
    def label(self) -> str:
        return f"name {self.written}"

    @property
    def needs(self) -> Needs:
        each = (needs.either(map(needs.key, sorted(forms))) for forms in self.forms)
        return needs.unproven(needs.together(each))

    def spans(self, scope: Scope) -> Sequence[Span]:
        here = [scope.words & forms for forms in self.forms]
        if not all(here):
            return ()
        last = len(self.forms) - 1
        starts = sorted(place for word in here[0] for place in scope.positions(word))
        for offset, forms in enumerate(here[1:], 1):
            following = {place for word in forms for place in scope.positions(word)}
            starts = [start for start in starts if start + offset in following]
        return [Span(start, start + last) for start in starts if self._capital(scope.document, start, start + last)]

    def _capital(self, document: Document, start: int, end: int) -> bool:
        """In a sentence that is all capitals these say nothing."""
        said = [document.at(place) for place in range(start, end + 1)]
        shouted = all(token.text.isupper() and len(token.text) > 1 for token in said) and not self.written.isupper()
        if not all(token.text[0].isupper() or not token.text[0].isalpha() for token in said):
            return False
        return not shouted or _in_a_shout(document, said)


def _in_a_shout(document: Document, said: Sequence[Token]) -> bool:
    """Whether the words stand in a sentence that is all capitals and has more words than these."""
    sentence = document.sentence_of(said[0])
    around = document.source(sentence.zone)[sentence.start : sentence.end]
    return around.isupper() and len(words(around)) > 2 * len(said)


@dataclass(frozen=True, slots=True)
class Stem(Place):
    """Every form of a word in a language: deploys, deployed, deployment."""

    written: str
    language: str
    stem: str

    @property
    def label(self) -> str:
        return f"stem {self.written}"

    @property
    def needs(self) -> Needs:
        return needs.key(f"~{self.language}/{self.stem}")

    def holds(self, scope: Scope) -> bool:
        return self.stem in scope.stems(self.language)

    def spans(self, scope: Scope) -> Sequence[Span]:
        words = scope.stems(self.language).get(self.stem, ())
        return sorted(Span(place, place) for word in words for place in scope.positions(word))


@dataclass(frozen=True, slots=True)
class Pattern(Place):
    """A regular expression that takes time in proportion to the text. It sees the text as it was published."""

    written: str

    @property
    def label(self) -> str:
        return f"regex {self.written}"

    @property
    def needs(self) -> Needs:
        return needs.UNKNOWN

    def spans(self, scope: Scope) -> Sequence[Span]:
        found = (
            scope.document.words_between(zone, start, end)
            for zone in scope.zones
            for start, end in pattern.find(self.written, scope.document.source(zone))
        )
        return sorted({Span(*ends) for ends in found if ends is not None and scope.within(ends[0])})
