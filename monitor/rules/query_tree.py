"""The grammar of the query string: from its characters to a tree, with no say in what its parts mean.

    either:   both { OR both }
    both:     part { AND part | excluded }
    part:     near | excluded
    excluded: NOT near
    near:     place { NEAR place }
    place:    ZONE place | FIELD (WORD | QUOTED) | WORD { WORD } | QUOTED [DISTANCE] | "(" either ")"
              | (NEAR | SEVERAL) "(" either { ";" either } ")"
              | SCORE "(" either [WEIGHT] { ";" either [WEIGHT] } ")"

One character too many is enough to know that a query is wrong, so it is read once from left to right; the first token
that cannot stand where it does is the one that is told. A parser made from a grammar took ten times as long, and a
fifth of a second to load.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from monitor.errors import NewsMonitorError

DEEPEST_NESTING = 50


class Kind(StrEnum):
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    NEAR = "NEAR"
    SEVERAL = "SEVERAL"
    SCORE = "SCORE"
    WEIGHT = "WEIGHT"
    DISTANCE = "DISTANCE"
    ZONE = "ZONE"
    FIELD = "FIELD"
    QUOTED = "QUOTED"
    WORD = "WORD"
    OPEN = "OPEN"
    CLOSE = "CLOSE"
    SEMICOLON = "SEMICOLON"
    STRAY = "STRAY"  # a character that begins nothing: a quotation mark without a partner, or ^
    END = "END"


_END_OF_WORD = r'(?![^\s();"“”„«»])'
# The first that fits counts, and an operator is one before it is a word.
_TOKENS = re.compile(
    r"\s*(?:"
    + "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in (
            (Kind.AND, f"AND{_END_OF_WORD}"),
            (Kind.OR, f"OR{_END_OF_WORD}"),
            (Kind.NOT, f"NOT{_END_OF_WORD}"),
            (Kind.NEAR, rf"O?NEAR/[0-9]+{_END_OF_WORD}"),
            (Kind.SEVERAL, r"(?:ATLEAST|COUNT)/[0-9]+(?=\s*\()|SENTENCE(?=\s*\()"),
            (Kind.SCORE, r"SCORE/[0-9]+(?:\.[0-9]+)?(?=\s*\()"),
            (Kind.WEIGHT, r"\^-?[0-9]+(?:\.[0-9]+)?"),
            (Kind.DISTANCE, rf"~[0-9]+{_END_OF_WORD}"),
            (Kind.ZONE, "(?:title|lead|body|caption):"),
            (Kind.FIELD, "(?:concept|raw|acronym|name|stem-[a-z][a-z]|regex|language|feed|tag):"),
            (Kind.QUOTED, '"[^"]*"|“[^“”"]*[”"]|„[^“”"]*[“”"]|«[^«»]*»|»[^«»]*«'),
            (Kind.WORD, r'[^\s();"“”„«»^]+'),
            (Kind.OPEN, r"\("),
            (Kind.CLOSE, r"\)"),
            (Kind.SEMICOLON, ";"),
            (Kind.STRAY, r"\S"),
            (Kind.END, r"\Z"),
        )
    )
    + ")"
)
_BEGINS_PLACE = frozenset(
    (Kind.ZONE, Kind.FIELD, Kind.WORD, Kind.QUOTED, Kind.OPEN, Kind.NEAR, Kind.SEVERAL, Kind.SCORE)
)


class Token(NamedTuple):
    kind: Kind
    text: str
    start: int  # in the query

    def __str__(self) -> str:
        return self.text


class Tree(NamedTuple):
    """`name`: the part of the grammar that it is. Brackets, commas and what joins parts evenly are left out."""

    name: str
    children: Sequence[Tree | Token]


class Unexpected(NewsMonitorError):
    """The first token that cannot stand where it does. `closes`: whether a parenthesis could be closed there."""

    def __init__(self, token: Token, *, closes: bool) -> None:
        super().__init__(token.text)
        self.token = token
        self.closes = closes


class TooDeep(NewsMonitorError):
    """`start`: of the token with which the query is nested too deeply."""

    def __init__(self, start: int) -> None:
        super().__init__(f"nested more than {DEEPEST_NESTING} levels deep")
        self.start = start


def parse(query: str) -> Tree:
    """Raises Unexpected or TooDeep."""
    reader = _Reader(query)
    tree = reader.either()
    reader.take(Kind.END)
    return tree


class _Reader:
    """A method for each part of the grammar; `next` is the token that comes then."""

    def __init__(self, query: str) -> None:
        self._tokens = _tokens(query)
        self._depth = 0
        self.next = next(self._tokens)

    def take(self, *kinds: Kind) -> Token:
        token = self.next
        if token.kind not in kinds:
            raise Unexpected(token, closes=Kind.CLOSE in kinds)
        if token.kind is not Kind.END:
            self.next = next(self._tokens)
        return token

    def either(self) -> Tree:
        parts = [self._both()]
        while self.next.kind is Kind.OR:
            self.take(Kind.OR)
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Tree("either", parts)

    def _both(self) -> Tree:
        parts = [self._part()]
        while self.next.kind in (Kind.AND, Kind.NOT):
            if self.next.kind is Kind.AND:
                self.take(Kind.AND)
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else Tree("both", parts)

    def _part(self) -> Tree:
        if self.next.kind is Kind.NOT:
            return Tree("excluded", (self.take(Kind.NOT), self._near()))
        return self._near()

    def _near(self) -> Tree:
        parts: list[Tree | Token] = [left := self._place()]
        while self.next.kind is Kind.NEAR:
            parts += (self.take(Kind.NEAR), self._place())
        return left if len(parts) == 1 else Tree("near", parts)

    def _place(self) -> Tree:
        first = self.take(*_BEGINS_PLACE)
        match first.kind:
            case Kind.WORD:
                words = [first]
                while self.next.kind is Kind.WORD:
                    words.append(self.take(Kind.WORD))
                return Tree("run", words)
            case Kind.QUOTED if self.next.kind is Kind.DISTANCE:
                return Tree("close", (first, self.take(Kind.DISTANCE)))
            case Kind.QUOTED:
                return Tree("phrase", (first,))
            case Kind.FIELD:
                return Tree("field", (first, self.take(Kind.WORD, Kind.QUOTED)))
            case Kind.ZONE:
                return Tree("zone", (first, self._deeper(first, self._place)))
            case Kind.OPEN:
                inner = self._deeper(first, self.either)
                self.take(Kind.CLOSE)
                return inner
            case Kind.SCORE:
                return self._list("score", first, self._weighted)
        return self._list("several", first, self.either)

    def _list(self, name: str, operator: Token, item: Callable[[], Tree]) -> Tree:
        bracket = self.take(Kind.OPEN)
        parts: list[Tree | Token] = [operator, self._deeper(bracket, item)]
        while self.take(Kind.SEMICOLON, Kind.CLOSE).kind is Kind.SEMICOLON:
            parts.append(self._deeper(bracket, item))
        return Tree(name, parts)

    def _weighted(self) -> Tree:
        term = self.either()
        return Tree("weighted", (term, self.take(Kind.WEIGHT)) if self.next.kind is Kind.WEIGHT else (term,))

    def _deeper(self, token: Token, item: Callable[[], Tree]) -> Tree:
        if self._depth == DEEPEST_NESTING:
            raise TooDeep(token.start)
        self._depth += 1
        tree = item()
        self._depth -= 1
        return tree


def _tokens(query: str) -> Iterator[Token]:
    for match in _TOKENS.finditer(query):
        kind = match.lastgroup
        assert kind is not None  # noqa: S101 - each alternative has a name
        yield Token(Kind(kind), match[kind], match.start(kind))
