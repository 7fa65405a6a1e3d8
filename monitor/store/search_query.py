"""What a person searches for: words, "phrases", AND OR NOT, parentheses, `word*`, `title:word`.

The result is in the language of SQLite's FTS5 and quoted throughout, so nothing that is typed reaches FTS5 as syntax.
Words are folded as those of the articles were, so Serbian in either script finds the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.errors import Refused
from monitor.text import words

LONGEST = 1_000  # characters
DEEPEST = 20  # parentheses in one another; FTS5 itself ends at 256
FEWEST_BEFORE_STAR = 2

_TOKEN = re.compile(r'\s*(?:(?P<mark>[()])|(?P<word>(?:title:)?(?:"[^"]*"\*?|[^\s()"]+)))')


@dataclass(frozen=True, slots=True)
class Term:
    """Folded words that follow one another. `open_ended`: the last one is the beginning of a word."""

    words: tuple[str, ...]
    open_ended: bool = False
    in_title: bool = False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """`expression` for FTS5; `terms`: what may be marked in what was found."""

    expression: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    column: int  # counts from 1


def parse(query: str) -> SearchQuery:
    """Raises Refused, with the column."""
    if len(query) > LONGEST:
        raise Refused(f"the query is longer than {LONGEST} characters; shorten it")
    return _Parser(_tokens(query), len(query) + 1).whole()


def _tokens(query: str) -> list[_Token]:
    tokens, place = [], 0
    while query[place:].strip():
        match = _TOKEN.match(query, place)
        if match is None:
            raise _wrong(query.index('"', place) + 1, 'the quotation mark has no second one; write "both words"')
        kind = "mark" if match["mark"] else "word"
        tokens.append(_Token(match[kind], match.start(kind) + 1))
        place = match.end()
    return tokens


class _Parser:
    """Recursive descent; AND and NOT bind closer than OR, and what stands side by side is ANDed."""

    def __init__(self, tokens: Sequence[_Token], end: int) -> None:
        self._tokens = tokens
        self._end = end  # the column after the query
        self._next = 0
        self._depth = 0

    def whole(self) -> SearchQuery:
        found = self._any()
        if token := self._peek():
            raise _wrong(token.column, "the parenthesis was never opened; delete it")
        return found

    def _any(self) -> SearchQuery:
        choices = [self._all()]
        while self._takes("OR"):
            choices.append(self._all())
        return _joined(choices, " OR ")

    def _all(self) -> SearchQuery:
        wanted: list[SearchQuery] = []
        unwanted: list[SearchQuery] = []
        column, is_unwanted = self._column, self._takes("NOT")
        while True:
            (unwanted if is_unwanted else wanted).append(self._one())
            token = self._peek()
            if token is None or token.text in ("OR", ")"):
                break
            self._takes("AND")
            is_unwanted = self._takes("NOT")
        if not wanted:
            raise _wrong(column, "NOT alone would find nearly everything; write what must be there beside it")
        found = _joined(wanted, " AND ")
        if not unwanted:
            return found
        return SearchQuery(f"({found.expression} NOT {_joined(unwanted, ' OR ').expression})", found.terms)

    def _one(self) -> SearchQuery:
        token = self._peek()
        if token is None or token.text in ("AND", "OR", "NOT", ")"):
            at = "at the end" if token is None else f"before {token.text}"
            raise _wrong(self._column, f"a word is missing {at}; write one, or put the operator's name in quotes")
        self._next += 1
        if token.text != "(":
            return _leaf(token)
        self._depth += 1
        if self._depth > DEEPEST:
            raise _wrong(token.column, f"more than {DEEPEST} parentheses in one another; write it flatter")
        inner = self._any()
        if not self._takes(")"):
            raise _wrong(token.column, "the parenthesis is never closed; close it")
        self._depth -= 1
        return inner

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _takes(self, text: str) -> bool:
        token = self._peek()
        if token is None or token.text != text:
            return False
        self._next += 1
        return True

    @property
    def _column(self) -> int:
        token = self._peek()
        return token.column if token else self._end


def _leaf(token: _Token) -> SearchQuery:
    text = token.text.removeprefix("title:")
    in_title, open_ended = text != token.text, text.endswith("*")
    said = words(text.removesuffix("*"))
    if text.startswith("-"):
        raise _wrong(token.column, f"a hyphen excludes nothing here; write NOT {text[1:] or 'word'}")
    if not said:
        raise _wrong(token.column, f"there is no word in {text}; write letters or digits")
    if "*" in text.removesuffix("*"):
        raise _wrong(token.column, f"a star stands for the end of a word only; write {text.split('*')[0] or 'word'}*")
    if open_ended and len(said[-1]) < FEWEST_BEFORE_STAR:
        raise _wrong(token.column, f"{text} has too few letters; write {FEWEST_BEFORE_STAR} or more before the star")
    # The folds are letters and digits only: there is no quotation mark in them to end the string.
    expression = f'"{" ".join(said)}"' + (" *" if open_ended else "")
    return SearchQuery(f"title : {expression}" if in_title else expression, (Term(said, open_ended, in_title),))


def _joined(parts: Sequence[SearchQuery], operator: str) -> SearchQuery:
    if len(parts) == 1:
        return parts[0]
    expression = "(" + operator.join(part.expression for part in parts) + ")"
    return SearchQuery(expression, tuple(term for part in parts for term in part.terms))


def _wrong(column: int, message: str) -> Refused:
    return Refused(f"query, column {column}: {message}")
