"""The query string: `(kosov* OR pristina) AND troops NEAR/12 border NOT "friendly match"`, read into conditions.

NEAR binds tightest, then AND (and NOT), then OR. Words that merely stand side by side are a phrase. What takes several
parts has them in parentheses with semicolons between: `ATLEAST/2(a; b; c)`. Words go through the same tokeniser as
articles, so `F-16` is found wherever an article has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedToken

from monitor.model import Zone
from monitor.rules import leaves
from monitor.rules.conditions import (
    All,
    Any,
    ConceptRef,
    Count,
    Fact,
    InZone,
    Near,
    Origin,
    SameSentence,
    Without,
    any_of,
    at_least,
)
from monitor.rules.leaves import LeafError, QueryError
from monitor.rules.terms import Condition

LONGEST_QUERY = 10_000
DEEPEST_NESTING = 50
_ZONES_IN_ZONES = re.compile(rf"(?:[A-Za-z]{{1,8}}:\s*){{{DEEPEST_NESTING + 1}}}")
LONGEST_CHAIN = 10  # of NEAR
WIDEST_NEAR = 500  # words; far less than the gap between title and text
MOST_COUNTED = 1_000
QUOTES = '"“”„«»'

FindConcept = Callable[[str, Callable[[str], None]], ConceptRef | None]  # (name, how to complain)
NoteOrigin = Callable[[Origin, int], None]  # (what is asked of where an article is from, the column)

_GRAMMAR = r"""
    start: either
    ?either: both (_OR both)*
    ?both: _part (_AND _part | excluded)*
    _part: _operand | excluded
    excluded: NOT _operand
    _operand: near
    ?near: _place (NEAR _place)*
    _place: zone | field | run | phrase | close | several | score | "(" either ")"
    zone: ZONE _place
    field: FIELD (WORD | QUOTED)
    run: WORD+
    phrase: QUOTED
    close: QUOTED DISTANCE
    several: (NEAR | SEVERAL) "(" either (";" either)* ")"
    score: SCORE "(" weighted (";" weighted)* ")"
    weighted: either WEIGHT?

    _AND.2: /AND(?![^\s();"“”„«»])/
    _OR.2: /OR(?![^\s();"“”„«»])/
    NOT.2: /NOT(?![^\s();"“”„«»])/
    NEAR.2: /O?NEAR\/[0-9]+(?![^\s();"“”„«»])/
    SEVERAL.2: /(ATLEAST|COUNT)\/[0-9]+(?=\s*\()|SENTENCE(?=\s*\()/
    SCORE.2: /SCORE\/[0-9]+(\.[0-9]+)?(?=\s*\()/
    WEIGHT.2: /\^-?[0-9]+(\.[0-9]+)?/
    DISTANCE.2: /~[0-9]+(?![^\s();"“”„«»])/
    ZONE.2: /(title|lead|body|caption):/
    FIELD.2: /(concept|raw|acronym|name|stem-[a-z][a-z]|regex|language|feed|tag):/
    QUOTED: /"[^"]*"|“[^“”"]*[”"]|„[^“”"]*[“”"]|«[^«»]*»|»[^«»]*«/
    WORD: /[^\s();"“”„«»^]+/
    %ignore /\s+/
"""

# Words and nothing else need no parser; most terms of a vocabulary are such.
_ONLY_WORDS = re.compile(r"\s*\w[\w.'’-]*\*?(?:\s+\w[\w.'’-]*\*?)*\s*")
_LAST_WORD = re.compile(r"""[^\s();"“”„«»^]+\s*\Z""")
_OPERATORS = frozenset(("AND", "OR", "NOT"))

# What users of other search languages write, and what to write here.
_FOREIGN = (
    (re.compile(r".*~[\d.]*"), 'write ~ behind a phrase, as in "troops border"~5, or NEAR/5'),
    (
        re.compile(r"[^\W\d]\w*:.*"),
        "there is no such field; write title:, lead:, body: or caption:, language:, feed: or tag:, "
        "or put quotes around it",
    ),
    (re.compile(r"[-!].+|AND-?NOT|NOT/.*"), "exclusion is written NOT, as in: kosovo NOT football"),
    (re.compile(r"\+.*"), "every part joined by AND is required; delete the +"),
    (re.compile(r"&&?"), "write AND"),
    (re.compile(r"\|\|?"), "write OR"),
    (re.compile(r"(?i:NEAR/\d+F)"), "nearness in this order is written ONEAR, as in: troops ONEAR/12 border"),
    (re.compile(r"(?i:O?NEAR/\d+)"), "write it in capitals, as in: troops NEAR/12 border"),
    (
        re.compile(r"O?NEAR|(?i:O?NEAR/.*|O?NEAR\d+|(?:W|P|PRE)/\w+|(?:ADJ|WITHIN)/?\d+|/\d+)|AROUND"),
        "write NEAR/ with a number, as in: troops NEAR/12 border",
    ),
    (re.compile(r"/.+"), 'a regular expression is written regex:"F-?16"; other slashes need quotes around the phrase'),
    (re.compile(r"[-/]"), "this joins nothing; write AND or OR, or put quotes around the phrase"),
    (re.compile(r".*,|.*[^\W\d],[^\W\d].*"), "a comma joins nothing; write AND or OR, or put quotes around the phrase"),
    (
        re.compile(r"[\[{].*|.*[\]}]"),
        "brackets mean nothing here; an exact spelling is written raw:NATO, and ranges there are none",
    ),
    (
        re.compile(r"(?i:(?:atleast|count|score|sentence)/.*)|ATLEAST|COUNT|SCORE|SENTENCE"),
        "write it with its parts in parentheses, as in: ATLEAST/2(troops; tanks; border)",
    ),
    (re.compile(r".*\w[*?]\w.*|[*?].*"), "a star can only stand at the end of a word, as in deploy*"),
    (re.compile(r".*\*\*"), "one star is enough"),
    (re.compile(r".*\w\?"), "a question mark stands for nothing here; delete it"),
)


def parse(query: str, find_concept: FindConcept | None = None, note_origin: NoteOrigin = lambda *_: None) -> Condition:
    """Raises QueryError. Without `find_concept` there are no concepts."""
    if not query.strip():
        raise QueryError("the query is empty; write the words to look for", query, 1)
    if len(query) > LONGEST_QUERY:
        raise QueryError(f"the query is longer than {LONGEST_QUERY} characters; divide it up", query, LONGEST_QUERY)
    if _ONLY_WORDS.fullmatch(query) and _OPERATORS.isdisjoint(query.split()):
        return _words(query, [(match[0], match.start()) for match in re.finditer(r"\S+", query)])
    _refuse_deep_nesting(query)
    try:
        tree = _parser().parse(query)
    except UnexpectedCharacters as e:
        raise _unexpected_character(query, e.pos_in_stream or 0) from e
    except UnexpectedToken as e:
        raise _unexpected(e, query) from e
    return _Builder(query, find_concept or _no_concepts, note_origin).build(tree.children[0])


def _no_concepts(name: str, complain: Callable[[str], None]) -> None:
    complain(f"there is no concept {name!r}; concepts are defined in the directory concepts")


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic")


def _refuse_deep_nesting(query: str) -> None:
    depth = 0
    for place, character in enumerate(query):
        depth += (character == "(") - (character == ")")
        if depth > DEEPEST_NESTING:
            raise QueryError(f"more than {DEEPEST_NESTING} parentheses are open; divide the query up", query, place + 1)
    if zones := _ZONES_IN_ZONES.search(query):
        message = f"more than {DEEPEST_NESTING} zones stand in one another; divide the query up"
        raise QueryError(message, query, zones.start() + 1)


def _unexpected_character(query: str, place: int) -> QueryError:
    if query[place] == "^":
        return QueryError("^ gives a weight, as in SCORE/10(troops^5; football^-3); delete it", query, place + 1)
    return QueryError("the quotation mark has no partner; add or delete one", query, place + 1)


def _unexpected(error: UnexpectedToken, query: str) -> QueryError:
    token = error.token
    if token.type == "$END":
        message = "a parenthesis is not closed; add )" if error.accepts and "RPAR" in error.accepts else ""
        return QueryError(message or "something must follow here; add the words to look for", query, len(query) + 1)
    column = (token.start_pos or 0) + 1
    if token.type == "RPAR":
        return QueryError("this parenthesis closes nothing, or stands too early; delete it", query, column)
    if token.type == "SEMICOLON":
        message = "a semicolon parts what stands in ATLEAST/2(…) and the like; delete it, or write OR"
        return QueryError(message, query, column)
    if token.type == "WEIGHT":
        return QueryError("weights (^) belong in SCORE/10(troops^5; football^-3); delete it", query, column)
    if token.type == "DISTANCE":
        return QueryError('~ stands behind a phrase, as in "troops border"~5; write NEAR/5 here', query, column)
    if error.accepts == {"LPAR"}:
        return QueryError("write NEAR/12 between two things, or before a list, as in NEAR/12(a; b)", query, column)
    if token.type in ("WORD", "QUOTED", "LPAR", "ZONE", "FIELD", "SEVERAL", "SCORE"):
        foreign = _foreign(str(token)) if token.type == "WORD" else None
        before = _LAST_WORD.search(query, 0, column - 1)
        if foreign is None and before is not None and (foreign := _foreign(before[0].strip())) is not None:
            column = before.start() + 1
        return QueryError(foreign or "write AND, OR, NOT or NEAR/12 between these two", query, column)
    return QueryError(
        f"{token.lstrip('_')} has nothing before it to join; write as in: kosovo AND troops", query, column
    )


class _Builder:
    """From the parser's tree to conditions, with the query at hand for what is wrong."""

    def __init__(self, query: str, find_concept: FindConcept, note_origin: NoteOrigin) -> None:
        self._query = query
        self._find_concept = find_concept
        self._note_origin = note_origin

    def build(self, tree: Tree[Token] | Token) -> Condition:
        assert isinstance(tree, Tree)  # noqa: S101 - the grammar has no bare tokens where a condition stands
        condition: Condition = getattr(self, f"_{tree.data}")(tree)
        return condition

    def _each(self, trees: Iterable[Tree[Token] | Token]) -> list[Condition]:
        """All that is wrong in any of them is told."""
        built: list[Condition] = []
        wrong: list[QueryError] = []
        for tree in trees:
            try:
                built.append(self.build(tree))
            except QueryError as e:
                wrong.extend((e, *e.also))
        if wrong:
            wrong[0].also = tuple(wrong[1:])
            raise wrong[0]
        return built

    def _either(self, tree: Tree[Token]) -> Condition:
        return Any(tuple(self._each(tree.children)))

    def _both(self, tree: Tree[Token]) -> Condition:
        parts = list(_trees(tree))
        built = self._each(part.children[1] if part.data == "excluded" else part for part in parts)
        wanted = [one for one, part in zip(built, parts, strict=True) if part.data != "excluded"]
        unwanted = [one for one, part in zip(built, parts, strict=True) if part.data == "excluded"]
        if not wanted:
            raise self._error(tree, "there is only NOT here; add something to find, as in: kosovo NOT football")
        found = wanted[0] if len(wanted) == 1 else All(tuple(wanted))
        return Without(found, any_of(unwanted)) if unwanted else found

    def _excluded(self, tree: Tree[Token]) -> Condition:
        raise self._error(tree, "a NOT needs something to find beside it, as in: kosovo NOT football")

    def _zone(self, tree: Tree[Token]) -> Condition:
        zone, child = tree.children
        return InZone(Zone(str(zone).rstrip(":")), self.build(child))

    # ---- nearness and numbers ----

    def _near(self, tree: Tree[Token]) -> Condition:
        """From left to right: what stands left of an operator is one part of it."""
        operands, operators = tree.children[::2], tree.children[1::2]
        if len(operators) > LONGEST_CHAIN:
            raise self._error(tree, f"more than {LONGEST_CHAIN} NEAR follow one another; write NEAR/12(a; b; c)")
        left = self._placed(operands[0])
        for operator, operand in zip(operators, operands[1:], strict=True):
            within = self._number(operator, WIDEST_NEAR)
            left = Near(within, str(operator).startswith("ONEAR"), (left, self._placed(operand)))
        return left

    def _several(self, tree: Tree[Token]) -> Condition:
        operator, *parts = tree.children
        name = str(operator).partition("/")[0]
        match name:
            case "ATLEAST":
                built = tuple(self._each(parts))
                among = built[0].children if len(built) == 1 and isinstance(built[0], Any) else built
                return at_least(self._number(operator, len(among)), among)
            case "COUNT":
                if len(parts) > 1:
                    raise self._error(parts[1], f"{operator} counts one thing; write OR between them")
                return Count(self._number(operator, MOST_COUNTED), self._placed(parts[0]))
        placed = tuple(map(self._placed, parts))
        if len(parts) == 1 and not (name == "SENTENCE" and isinstance(placed[0], Near)):
            raise self._error(parts[0], f"{name} needs at least two parts, with a semicolon between them")
        if name == "SENTENCE":
            return SameSentence(placed)
        return Near(self._number(operator, WIDEST_NEAR), name == "ONEAR", placed)

    def _score(self, tree: Tree[Token]) -> Condition:
        operator = tree.children[0]
        terms = tuple(
            (self.build(one.children[0]), float(str(one.children[1])[1:]) if len(one.children) > 1 else 1.0)
            for one in _trees(tree)
        )
        try:
            return leaves.score(float(str(operator).partition("/")[2]), terms)
        except LeafError as e:
            raise self._error(operator, str(e)) from e

    def _close(self, tree: Tree[Token]) -> Condition:
        quoted, distance = tree.children
        phrase = self._leaf(quoted, leaves.phrase)
        words = getattr(phrase, "terms", ())
        if len(words) < 2:
            raise self._error(distance, '~ needs a phrase before it, as in "troops border"~5')
        return Near(self._number(distance, WIDEST_NEAR), False, words)

    def _number(self, operator: Tree[Token] | Token, most: int) -> int:
        name, _, digits = str(operator).rpartition("~" if str(operator).startswith("~") else "/")
        number = int(digits) if len(digits) <= len(str(most)) else most + 1
        if not 1 <= number <= most:
            raise self._error(
                operator, f"{name or '~'}/n takes a number from 1 to {most}, as in {name}/{min(most, 12)}"
            )
        return number

    def _placed(self, tree: Tree[Token] | Token) -> Condition:
        condition = self.build(tree)
        if not condition.placed:
            raise self._error(tree, "NEAR joins words, phrases and groups of them with OR, not groups with AND or NOT")
        return condition

    # ---- leaves ----

    def _phrase(self, tree: Tree[Token]) -> Condition:
        return self._leaf(_first_token(tree), leaves.phrase)

    def _run(self, tree: Tree[Token]) -> Condition:
        tokens = tree.scan_values(lambda value: isinstance(value, Token))
        return _words(self._query, [(str(token), token.start_pos or 0) for token in tokens])

    def _field(self, tree: Tree[Token]) -> Condition:
        field, value = tree.children
        name = str(field).rstrip(":")
        if name == "concept":
            return self._concept(_unquoted(value), value)
        if name in list(Fact):
            origin = self._leaf(value, lambda text, *_: leaves.origin(Fact(name), text.strip()))
            assert isinstance(origin, Origin)  # noqa: S101
            self._note_origin(origin, _column(value))
            return origin
        return self._leaf(value, lambda text, *_: leaves.named(name, text))

    def _concept(self, name: str, place: Tree[Token] | Token) -> Condition:
        complaints: list[str] = []
        concept = self._find_concept(name, complaints.append)
        if concept is None:
            raise self._error(place, *complaints[:1] or ["this concept is not in order; see its own file"])
        return concept

    def _leaf(self, token: Tree[Token] | Token, make: Callable[..., Condition]) -> Condition:
        assert isinstance(token, Token)  # noqa: S101
        quoted = str(token)[0] in QUOTES
        try:
            return make(_unquoted(token), self._query, (token.start_pos or 0) + quoted)
        except QueryError:
            raise
        except LeafError as e:
            raise self._error(token, str(e)) from e

    def _error(self, place: Tree[Token] | Token, message: str) -> QueryError:
        return QueryError(message, self._query, _column(place))


def _words(query: str, said: Sequence[tuple[str, int]]) -> Condition:
    """Words that stand side by side, each with its place in the query."""
    for word, place in said:
        if (message := _foreign(word)) is not None:
            raise QueryError(message, query, place + 1)
        if len(said) > 1 and word.upper() in _OPERATORS:
            message = f"write {word.upper()} for the operator, or put quotes around the phrase"
            raise QueryError(message, query, place + 1)
    start, (last, place) = said[0][1], said[-1]
    return leaves.phrase(query[start : place + len(last)], query, start)


def _column(place: Tree[Token] | Token) -> int:
    token = place if isinstance(place, Token) else _first_token(place)
    return (token.start_pos or 0) + 1


def _trees(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    return (child for child in tree.children if isinstance(child, Tree))


def _first_token(tree: Tree[Token]) -> Token:
    return next(iter(tree.scan_values(lambda value: isinstance(value, Token))))


def _foreign(word: str) -> str | None:
    return next((message for pattern, message in _FOREIGN if pattern.fullmatch(word)), None)


def _unquoted(token: Tree[Token] | Token) -> str:
    return str(token)[1:-1] if str(token)[0] in QUOTES else str(token)
