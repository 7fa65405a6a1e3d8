"""The leaves of a rule: what stands in a text, and where.

Every term has a place (`spans`); combinations of them are in conditions.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from monitor.rules import needs
from monitor.rules.needs import Needs
from monitor.rules.scope import Found, Scope, Span
from monitor.text import Document, spelling

MOST_SHOWN = 5  # hits for one part of a rule; the title's come first


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
