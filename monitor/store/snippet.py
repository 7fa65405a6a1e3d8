"""The part of an article that shows why a search found it. Offsets point into the text as it was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.model import Zone
from monitor.store.search_query import Term
from monitor.text import Token, document

WORDS_SHOWN = 36
WORDS_BEFORE = 8  # the first that is marked


@dataclass(frozen=True, slots=True)
class Snippet:
    """A run of words. `marks`: where in `text` the words stand that were searched for."""

    text: str
    marks: tuple[tuple[int, int], ...]

    def marked(self, before: str = "[", after: str = "]") -> str:
        shown, done = "", 0
        for start, end in self.marks:
            shown += f"{self.text[done:start]}{before}{self.text[start:end]}{after}"
            done = end
        return shown + self.text[done:]


def snippets(title: str, text: str, terms: Sequence[Term]) -> tuple[Snippet, Snippet]:
    """The whole title, and the passage of the text with the most different terms; without any, its beginning."""
    tokens = document(title, text).tokens
    head = [token for token in tokens if token.zone is Zone.TITLE]
    body = [token for token in tokens if token.zone in (Zone.LEAD, Zone.BODY)]
    in_body = [term for term in terms if not term.in_title]
    found = _found(head, terms)
    return Snippet(title, tuple(_span(head, first, last) for first, last, _ in found)), _passage(text, body, in_body)


def _passage(text: str, tokens: Sequence[Token], terms: Sequence[Term]) -> Snippet:
    if not tokens:
        return Snippet("", ())
    found = _found(tokens, terms)
    starts = [first for first, _, _ in found]
    best = max(
        starts, key=lambda start: (len({n for f, _, n in found if start <= f < start + WORDS_SHOWN}), -start), default=0
    )
    first = max(0, best - WORDS_BEFORE)
    last = min(first + WORDS_SHOWN, len(tokens)) - 1
    start, end = tokens[first].start, tokens[last].end
    marks = (_span(tokens, f, to) for f, to, _ in found if first <= f and to <= last)
    return Snippet(_one_line(text[start:end]), tuple((a - start, b - start) for a, b in marks))


def _one_line(text: str) -> str:
    """Of the same length."""
    return "".join(" " if c.isspace() else c for c in text)


def _span(tokens: Sequence[Token], first: int, last: int) -> tuple[int, int]:
    return tokens[first].start, tokens[last].end


def _found(tokens: Sequence[Token], terms: Sequence[Term]) -> list[tuple[int, int, int]]:
    """First and last token and number of each term that stands there, in order, none inside another."""
    found: list[tuple[int, int, int]] = []
    for first, last, number in sorted(_all_found(tokens, terms), key=lambda one: (one[0], -one[1])):
        if not found or first > found[-1][1]:
            found.append((first, last, number))
    return found


def _all_found(tokens: Sequence[Token], terms: Sequence[Term]) -> Iterator[tuple[int, int, int]]:
    said = [token.folded for token in tokens]
    for number, term in enumerate(terms):
        length = len(term.words)
        for first in range(len(said) - length + 1):
            *whole, last = said[first : first + length]
            ends = last.startswith(term.words[-1]) if term.open_ended else last == term.words[-1]
            if ends and whole == list(term.words[:-1]):
                yield first, first + length - 1, number
