"""The YAML form of a condition: a query string, or a mapping of operators, read into the same tree as the query's.

Every problem is noted with its line, and reading goes on; what could not be read is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any as Anything
from typing import TypeGuard

from monitor.errors import Problem
from monitor.model import Zone
from monitor.rules import leaves, query
from monitor.rules.conditions import (
    All,
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
from monitor.rules.query import FindConcept
from monitor.rules.rule import Asked
from monitor.rules.terms import Condition
from monitor.yaml_file import Place, YamlFile

LARGEST_WEIGHT = 1e6
PARAMETERS = {"within": "near", "ordered": "near"}  # what only says more about another operator


class Notes:
    """Where the problems of one file are noted."""

    def __init__(self, file: YamlFile, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems

    def note(self, place: Place, message: str) -> None:
        problem = Problem(self.file.name, self.file.line(place), message, self.file.column(place))
        self.problems.append(problem)

    def note_inside(self, place: Place, column: int, message: str) -> None:
        """What is wrong at a character of a text."""
        line, column = self.file.inside(place, column)
        self.problems.append(Problem(self.file.name, line, message, column))

    def unknown_keys(
        self, mapping: Mapping[str, object], known: Sequence[str], place: Place, *, kind: str = "key"
    ) -> None:
        for key in mapping:
            if key in known:
                continue
            close = get_close_matches(key, known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
            self.note((*place, key), f"unknown {kind} {key!r}; {hint}")

    def mapping(self, value: object, place: Place, *, what: str, example: str) -> dict[str, Anything] | None:
        """The value if it is a mapping with something in it."""
        if isinstance(value, dict) and value:
            return value
        self.note(place, f"{what} must be a mapping, as in {example}")
        return None

    def items(self, value: object, place: Place, *, what: str, example: str) -> list[Anything]:
        """The value if it is a list with something in it."""
        if isinstance(value, list) and value:
            return value
        wrong = "is empty" if value in (None, []) else "must be a list"
        self.note(place, f"{what} {wrong}; write it as in {example}")
        return []


class ConditionReader(Notes):
    """Reads conditions out of one file, and remembers which concepts, feeds and tags they refer to."""

    def __init__(self, file: YamlFile, problems: list[Problem], find_concept: FindConcept) -> None:
        super().__init__(file, problems)
        self.concepts: dict[str, ConceptRef] = {}
        self.asked: list[Asked] = []  # feeds and tags
        self.language: str | None = None  # of the words that are being read
        self._find_concept = find_concept

    def read(self, value: object, place: Place) -> Condition | None:
        match value:
            case str():
                return self._query(value, place)
            case dict() if value:
                return self._mapping(value, place)
            case list():
                self.note(place, "a list does not say how its parts belong together; write any: or all: before it")
            case None | {}:
                self.note(place, "is empty; write a query such as `kosovo AND troops`, or operators such as any:")
            case _:
                shown = str(value).lower() if isinstance(value, bool) else value
                self.note(place, f'{shown} is not text; put quotes around it: "{shown}"')
        return None

    def read_all(self, values: Iterable[object], place: Place) -> list[Condition] | None:
        """None if one of them could not be read, or if there is none."""
        read = [self.read(value, (*place, index)) for index, value in enumerate(values)]
        conditions = [condition for condition in read if condition is not None]
        return conditions if conditions and len(conditions) == len(read) else None

    # ---- operators ----

    def _query(self, value: str, place: Place) -> Condition | None:
        def note_origin(origin: Origin, column: int) -> None:
            line, start = self.file.inside(place, column)
            self.asked.append(Asked(origin.fact, origin.value, line, start, value, column))

        return self._leaf(place, lambda: query.parse(value, self._known, note_origin))

    def _leaf(self, place: Place, make: Callable[[], Condition], before: str = "") -> Condition | None:
        try:
            return make()
        except QueryError as e:
            for one in (e, *e.also):
                self.note_inside(place, one.column, f"{before}{one}")
        except LeafError as e:
            self.note(place, f"{before}{e}")
        return None

    def _known(self, name: str, complain: Callable[[str], None]) -> ConceptRef | None:
        found = self._find_concept(name, complain)
        if found is not None:
            self.concepts[name] = found
        return found

    def _mapping(self, value: dict[str, Anything], place: Place) -> Condition | None:
        """Several operators in one mapping must hold together."""
        parts: list[Condition | None] = []
        self._refuse_unknown(value, place)
        for key, inner in value.items():
            if key == "all":
                parts.extend(self._list("all", inner, (*place, key)) or [None])
            elif key in _OPERATORS and not (key == "language" and "stem" in value):
                parts.append(_OPERATORS[key](self, inner, (*place, key), value))
        unwanted = self._list("none", value["none"], (*place, "none")) if "none" in value else None
        if not parts and "none" in value:
            self.note((*place, "none"), "none: alone matches nearly everything; add what to find, with any: or all:")
        wanted = [part for part in parts if part is not None]
        if not wanted or len(wanted) < len(parts):
            return None
        found = wanted[0] if len(wanted) == 1 else All(tuple(wanted))
        return Without(found, any_of(unwanted)) if unwanted else found

    def _refuse_unknown(self, value: dict[str, Anything], place: Place) -> None:
        for key, operator in PARAMETERS.items():
            if key in value and operator not in value:
                self.note((*place, key), f"{key}: belongs beside near:, as in {{near: [troops, border], within: 12}}")
        others = {key: inner for key, inner in value.items() if key not in PARAMETERS}
        self.unknown_keys(others, OPERATORS, place, kind="operator")

    def _list(self, key: str, value: object, place: Place) -> list[Condition] | None:
        items = self.items(value, place, what=f"{key}:", example=f"{key}: [troops, tank*]")
        return self.read_all(items, place)

    def _any(self, value: object, place: Place, _: object) -> Condition | None:
        conditions = self._list("any", value, place)
        return any_of(conditions) if conditions else None

    def _at_least(self, value: object, place: Place, _: object) -> Condition | None:
        example = "at_least: {n: 2, of: [troops, tanks, border]}"
        given = self.mapping(value, place, what="at_least:", example=example)
        if given is None:
            return None
        self.unknown_keys(given, ("n", "of"), place)
        items = self.items(given.get("of"), (*place, "of"), what="of:", example=example)
        conditions, n = self.read_all(items, (*place, "of")), given.get("n")
        if not items:
            return None
        if not _is_number(n) or not 1 <= n <= len(items):
            self.note((*place, "n"), f"n: must be a number from 1 to {len(items)}, as in {example}")
            return None
        return at_least(n, conditions) if conditions else None

    def _count(self, value: object, place: Place, _: object) -> Condition | None:
        example = "count: {n: 3, of: kosov*}"
        given = self.mapping(value, place, what="count:", example=example)
        if given is None:
            return None
        self.unknown_keys(given, ("n", "of"), place)
        n, child = given.get("n"), self.read(given.get("of"), (*place, "of"))
        if not _is_number(n) or not 1 <= n <= query.MOST_COUNTED:
            self.note((*place, "n"), f"n: must be a number from 1 to {query.MOST_COUNTED}, as in {example}")
            return None
        if child is None or not self._are_placed("count", [((*place, "of"), child)]):
            return None
        return Count(n, child)

    def _score(self, value: object, place: Place, _: object) -> Condition | None:
        example = "score: {threshold: 10, terms: {troops: 5, title:kosovo: 5, football: -8}}"
        given = self.mapping(value, place, what="score:", example=example)
        if given is None:
            return None
        self.unknown_keys(given, ("threshold", "terms"), place)
        threshold, terms = given.get("threshold"), self._weighted(given.get("terms"), (*place, "terms"), example)
        if not _is_amount(threshold):
            self.note((*place, "threshold"), f"threshold: must be a number, as in {example}")
            return None
        return self._leaf(place, lambda: leaves.score(threshold, terms), "score: ") if terms else None

    def _weighted(self, value: object, place: Place, example: str) -> list[tuple[Condition, float]] | None:
        """A mapping of queries to weights, or a list of `{term: …, weight: …}` for terms that are no queries."""
        pairs: list[tuple[Place, Condition | None, object]] = []
        if isinstance(value, dict):
            pairs = [((*place, term), self._query(term, (*place, term)), weight) for term, weight in value.items()]
        else:
            for index, item in enumerate(self.items(value, place, what="terms:", example=example)):
                one = self.mapping(item, (*place, index), what="this", example="{term: {concept: kosovo}, weight: 5}")
                if one is None:
                    return None
                self.unknown_keys(one, ("term", "weight"), (*place, index))
                term = self.read(one.get("term"), (*place, index, "term"))
                pairs.append(((*place, index, "weight"), term, one.get("weight")))
        for where, _, weight in pairs:
            if not _is_amount(weight):
                self.note(where, f"a weight must be a number, as in {example}")
        good = [(term, weight) for _, term, weight in pairs if term is not None and _is_amount(weight)]
        return good if good and len(good) == len(pairs) else None

    def _near(self, value: object, place: Place, beside: dict[str, Anything]) -> Condition | None:
        conditions = self._placed("near", value, place)
        within, ordered = beside.get("within"), beside.get("ordered", False)
        example = "{near: [troops, border], within: 12}"
        around = place[:-1]
        if not isinstance(ordered, bool):
            self.note((*around, "ordered"), "ordered: must be true or false")
        if not _is_number(within) or not 1 <= within <= query.WIDEST_NEAR:
            self.note(
                (*around, "within"), f"within: must be a number of words from 1 to {query.WIDEST_NEAR}, as in {example}"
            )
            return None
        return Near(within, ordered is True, conditions) if conditions else None

    def _same_sentence(self, value: object, place: Place, _: object) -> Condition | None:
        conditions = self._placed("same_sentence", value, place, alone=Near)
        return SameSentence(conditions) if conditions else None

    def _placed(
        self, key: str, value: object, place: Place, *, alone: type[Condition] | tuple[()] = ()
    ) -> tuple[Condition, ...] | None:
        """`alone`: what may be the only one."""
        conditions = self._list(key, value, place)
        if conditions is None:
            return None
        if len(conditions) == 1 and not isinstance(conditions[0], alone):
            self.note(place, f"{key}: needs at least two parts; add the other, or delete {key}:")
            return None
        parts = [((*place, index), condition) for index, condition in enumerate(conditions)]
        return tuple(conditions) if self._are_placed(key, parts) else None

    def _are_placed(self, key: str, parts: Sequence[tuple[Place, Condition]]) -> bool:
        astray = [where for where, condition in parts if not condition.placed]
        for where in astray:
            self.note(
                where,
                f"cannot stand inside {key}: it is about the whole article; "
                "use words, phrases, concepts or any: of them",
            )
        return not astray

    def _concept(self, value: object, place: Place, _: object) -> Condition | None:
        if not isinstance(value, str):
            self.note(place, "concept: takes one name, as in {concept: kosovo}")
            return None
        return self._known(value, lambda message: self.note(place, message))

    def _word(self, value: object, place: Place, _: object) -> Condition | None:
        if isinstance(value, str) and len(value.split()) > 1:
            self.note(place, f'word: takes one word; write {{phrase: "{value}"}}')
            return None
        return self._phrase(value, place, _, key="word")

    def _phrase(self, value: object, place: Place, _: object, key: str = "phrase") -> Condition | None:
        text = self._text(key, value, place)
        return self._leaf(place, lambda: leaves.phrase(text)) if text else None

    def _term(self, value: object, place: Place, _: object) -> Condition | None:
        key = str(place[-1])
        kind, text = "raw" if key == "exact" else key, self._text(key, value, place)
        return self._leaf(place, lambda: leaves.named(kind, text), f"{key}: ") if text else None

    def _stem(self, value: object, place: Place, beside: dict[str, Anything]) -> Condition | None:
        text, language = self._text("stem", value, place), beside.get("language", self.language)
        if not isinstance(language, str):
            self.note(place, "stem: needs its language beside it, as in {stem: deploy, language: en}")
            return None
        return self._leaf(place, lambda: leaves.stemmed(text, language), "stem: ") if text else None

    def _origin(self, value: object, place: Place, _: object) -> Condition | None:
        fact = Fact(str(place[-1]))
        text = self._text(fact, value, place)
        if not text:
            return None
        self.asked.append(Asked(fact, text, self.file.line(place), self.file.column(place)))
        return self._leaf(place, lambda: leaves.origin(fact, text), f"{fact}: ")

    def _text(self, key: str, value: object, place: Place) -> str | None:
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.note(place, f'{key}: takes text, as in {{{key}: "troops"}}')
        return None

    def _zone(self, value: object, place: Place, _: object) -> Condition | None:
        child = self.read(value, place)
        return InZone(Zone(str(place[-1])), child) if child is not None else None


def _is_amount(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_WEIGHT


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


_OPERATORS: dict[str, Callable[[ConditionReader, Anything, Place, dict[str, Anything]], Condition | None]] = {
    "any": ConditionReader._any,
    "at_least": ConditionReader._at_least,
    "near": ConditionReader._near,
    "same_sentence": ConditionReader._same_sentence,
    "concept": ConditionReader._concept,
    "word": ConditionReader._word,
    "phrase": ConditionReader._phrase,
    "exact": ConditionReader._term,
    "acronym": ConditionReader._term,
    "name": ConditionReader._term,
    "regex": ConditionReader._term,
    "stem": ConditionReader._stem,
    "count": ConditionReader._count,
    "score": ConditionReader._score,
    "language": ConditionReader._origin,
    "feed": ConditionReader._origin,
    "tag": ConditionReader._origin,
    "title": ConditionReader._zone,
    "lead": ConditionReader._zone,
    "body": ConditionReader._zone,
    "caption": ConditionReader._zone,
}

OPERATORS = ("all", *_OPERATORS, "none")
