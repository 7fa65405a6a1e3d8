"""The query string: `(kosov* OR pristina) AND troops NEAR/12 border NOT "friendly match"`, read into conditions.

NEAR binds tightest, then AND (and NOT), then OR. Words that merely stand side by side are a phrase. Words go through
the same tokeniser as articles, so `F-16` is found wherever an article has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken

from monitor.errors import NewsMonitorError
from monitor.model import Zone
from monitor.rules.conditions import All, Any, InZone, Near, Without, any_of
from monitor.rules.terms import Condition, Phrase, Prefix, Word
from monitor.text import words

LONGEST_QUERY = 10_000
DEEPEST_NESTING = 50
SHORTEST_PREFIX = 3
LONGEST_CHAIN = 10  # of NEAR
WIDEST_NEAR = 500  # words; far less than the gap between title and text
_SHOWN = 70  # characters of a long query, on either side of the caret

_GRAMMAR = r"""
    start: either
    ?either: both (_OR both)*
    ?both: _part (_AND _part | excluded)*
    _part: _operand | excluded
    excluded: NOT _operand
    _operand: near
    ?near: _place (NEAR _place)*
    _place: zone | run | phrase | "(" either ")"
    zone: ZONE _place
    run: WORD+
    phrase: QUOTED

    _AND.2: /AND(?![^\s()"“”„«»])/
    _OR.2: /OR(?![^\s()"“”„«»])/
    NOT.2: /NOT(?![^\s()"“”„«»])/
    NEAR.2: /O?NEAR\/[0-9]+(?![^\s()"“”„«»])/
    ZONE.2: /(title|lead|body|caption):/
    QUOTED: /"[^"]*"|“[^“”"]*[”"]|„[^“”"]*[“”"]|«[^«»]*»|»[^«»]*«/
    WORD: /[^\s()"“”„«»]+/
    %ignore /\s+/
"""

# What users of other search languages write, and what to write here.
_FOREIGN = (
    (re.compile(r"raw:.*"), "raw: is not available yet; use exact: in the YAML for words whose case counts"),
    (re.compile(r".*~\d*"), "~ is not available yet; for words near one another write NEAR/5"),
    (re.compile(r".*\^\d+(\.\d+)?"), "weights (^) are not available yet; delete it"),
    (
        re.compile(r"[^\W\d]\w*:.*"),
        "there is no such zone; write title:, lead:, body: or caption:, or put quotes around it",
    ),
    (re.compile(r"[-!].+"), "exclusion is written NOT, as in: kosovo NOT football"),
    (re.compile(r"\+.+"), "every part joined by AND is required; delete the +"),
    (re.compile(r"&&?"), "write AND"),
    (re.compile(r"\|\|?"), "write OR"),
    (re.compile(r"O?NEAR|(?i:O?NEAR/.*)"), "write NEAR/ with a number, as in: troops NEAR/12 border"),
    (re.compile(r".*\w[*?]\w.*|[*?].*"), "a star can only stand at the end of a word, as in deploy*"),
    (re.compile(r".*\*\*"), "one star is enough"),
    (re.compile(r".*\w\?"), "a question mark stands for nothing here; delete it"),
)
_AFTER_A_WORD = re.compile(r"[^\w*]+$")


class QueryError(NewsMonitorError):
    """What is wrong with a query, with a caret under the place. `column` counts from 1."""

    def __init__(self, message: str, query: str, column: int) -> None:
        self.column = column
        if not query.strip():
            super().__init__(message)
            return
        start = max(0, column - 1 - _SHOWN)
        shown = re.sub(r"\s", " ", query[start : column - 1 + _SHOWN])
        super().__init__(f"column {column}: {message}\n    {shown}\n    {' ' * (column - 1 - start)}^")


def parse(query: str) -> Condition:
    """Raises QueryError."""
    if not query.strip():
        raise QueryError("the query is empty; write the words to look for", query, 1)
    if len(query) > LONGEST_QUERY:
        raise QueryError(f"the query is longer than {LONGEST_QUERY} characters; divide it up", query, LONGEST_QUERY)
    _refuse_deep_nesting(query)
    try:
        tree = _parser().parse(query)
    except UnexpectedCharacters as e:
        raise QueryError(
            "the quotation mark has no partner; add or delete one", query, (e.pos_in_stream or 0) + 1
        ) from e
    except UnexpectedToken as e:
        raise _unexpected(e, query) from e
    return _Builder(query).build(tree.children[0])


def phrase(text: str) -> Word | Phrase:
    """Words that follow one another, each with a star at its end or not. Raises QueryError."""
    return _leaf(text, text, 0)


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True)


def _refuse_deep_nesting(query: str) -> None:
    depth = 0
    for place, character in enumerate(query):
        depth += (character == "(") - (character == ")")
        if depth > DEEPEST_NESTING:
            raise QueryError(f"more than {DEEPEST_NESTING} parentheses are open; divide the query up", query, place + 1)


def _unexpected(error: UnexpectedToken, query: str) -> QueryError:
    token = error.token
    if token.type == "$END":
        message = "a parenthesis is not closed; add )" if error.accepts and "RPAR" in error.accepts else ""
        return QueryError(message or "something must follow here; add the words to look for", query, len(query) + 1)
    column = (token.start_pos or 0) + 1
    if token.type == "RPAR":
        return QueryError("this parenthesis closes nothing, or stands too early; delete it", query, column)
    if token.type in ("WORD", "QUOTED", "LPAR", "ZONE"):
        foreign = _foreign(str(token)) if token.type == "WORD" else None
        return QueryError(foreign or "write AND, OR, NOT or NEAR/12 between these two", query, column)
    return QueryError(
        f"{token.lstrip('_')} has nothing before it to join; write as in: kosovo AND troops", query, column
    )


class _Builder:
    """From the parser's tree to conditions, with the query at hand for what is wrong."""

    def __init__(self, query: str) -> None:
        self._query = query

    def build(self, tree: Tree[Token] | Token) -> Condition:
        assert isinstance(tree, Tree)  # noqa: S101 - the grammar has no bare tokens where a condition stands
        match tree.data:
            case "either":
                return Any(tuple(map(self.build, tree.children)))
            case "both":
                return self._both(tree)
            case "near":
                return self._near(tree)
            case "zone":
                zone, child = tree.children
                return InZone(Zone(str(zone).rstrip(":")), self.build(child))
            case "excluded":
                raise self._error(tree, "a NOT needs something to find beside it, as in: kosovo NOT football")
            case "phrase":
                return self._phrase(tree)
            case _:
                return self._run(tree)

    def _both(self, tree: Tree[Token]) -> Condition:
        wanted, unwanted = [], []
        for child in _trees(tree):
            if child.data == "excluded":
                unwanted.append(self.build(child.children[1]))
            else:
                wanted.append(self.build(child))
        if not wanted:
            raise self._error(tree, "there is only NOT here; add something to find, as in: kosovo NOT football")
        found = wanted[0] if len(wanted) == 1 else All(tuple(wanted))
        return Without(found, any_of(unwanted)) if unwanted else found

    def _near(self, tree: Tree[Token]) -> Condition:
        """From left to right: what stands left of an operator is one part of it."""
        operands, operators = tree.children[::2], tree.children[1::2]
        if len(operators) > LONGEST_CHAIN:
            raise self._error(tree, f"more than {LONGEST_CHAIN} NEAR follow one another; use near: in the YAML")
        left = self._placed(operands[0])
        for operator, operand in zip(operators, operands[1:], strict=True):
            name, _, number = str(operator).partition("/")
            within = int(number) if len(number) <= len(str(WIDEST_NEAR)) else WIDEST_NEAR + 1
            if not 1 <= within <= WIDEST_NEAR:
                raise self._error(operator, f"{name}/n takes a number from 1 to {WIDEST_NEAR}, as in {name}/12")
            left = Near(within, name == "ONEAR", (left, self._placed(operand)))
        return left

    def _placed(self, tree: Tree[Token] | Token) -> Condition:
        condition = self.build(tree)
        if not condition.placed:
            raise self._error(tree, "NEAR joins words, phrases and groups of them with OR, not groups with AND or NOT")
        return condition

    def _phrase(self, tree: Tree[Token]) -> Condition:
        token = _first_token(tree)
        return _leaf(str(token)[1:-1], self._query, (token.start_pos or 0) + 1)

    def _run(self, tree: Tree[Token]) -> Condition:
        tokens = list(tree.scan_values(lambda value: isinstance(value, Token)))
        for token in tokens:
            if (message := _foreign(str(token))) is not None:
                raise self._error(token, message)
            if len(tokens) > 1 and str(token) in ("and", "or", "not"):
                raise self._error(token, f"write {token.upper()} for the operator, or put quotes around the phrase")
        start, end = tokens[0].start_pos or 0, tokens[-1].end_pos or 0
        return _leaf(self._query[start:end], self._query, start)

    def _error(self, place: Tree[Token] | Token, message: str) -> QueryError:
        token = place if isinstance(place, Token) else _first_token(place)
        return QueryError(message, self._query, (token.start_pos or 0) + 1)


def _trees(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    return (child for child in tree.children if isinstance(child, Tree))


def _first_token(tree: Tree[Token]) -> Token:
    return next(iter(tree.scan_values(lambda value: isinstance(value, Token))))


def _foreign(word: str) -> str | None:
    return next((message for pattern, message in _FOREIGN if pattern.fullmatch(word)), None)


def _leaf(text: str, query: str, offset: int) -> Word | Phrase:
    """`offset`: where the text begins in the query."""
    terms: list[Word] = []
    for match in re.finditer(r"\S+", text):
        terms.extend(_terms(match[0], query, offset + match.start() + 1))
    if not terms:
        raise QueryError("there is no letter or digit here; write the words to look for", query, offset + 1)
    written = " ".join(text.split())
    if len(terms) > 1:
        return Phrase(written, tuple(terms))
    return type(terms[0])(written, terms[0].folded)


def _terms(chunk: str, query: str, column: int) -> list[Word]:
    chunk = _AFTER_A_WORD.sub("", chunk)
    starred, stem = chunk.endswith("*"), chunk.removesuffix("*")
    if "*" in stem:
        raise QueryError("a star can only stand at the end of a word, as in deploy*", query, column)
    folded = words(stem)
    terms: list[Word] = [Word(word, word) for word in folded]
    if not starred:
        return terms
    if not folded or len(folded[-1]) < SHORTEST_PREFIX:
        raise QueryError(
            f"a star needs at least {SHORTEST_PREFIX} letters before it, as in deploy*; "
            "for a shorter word write out its forms, joined by OR",
            query,
            column,
        )
    terms[-1] = Prefix(f"{folded[-1]}*", folded[-1])
    return terms
