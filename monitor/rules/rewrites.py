"""Ways to make a rule narrower where it stands in its file. Whether one is any good is for `proposals.py` to say.

Each way is tried on every part of the rule that it fits, but for what stands under `none:`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any as Anything

from monitor.model import Zone
from monitor.rules import leaves, query
from monitor.rules.conditions import All, Any, ConceptRef, InZone, Near, Origin, SameSentence, Without, any_of
from monitor.rules.edits import Source, written
from monitor.rules.leaves import LeafError
from monitor.rules.mapping import PARAMETERS
from monitor.rules.terms import Condition, Word
from monitor.rules.written import to_query
from monitor.yaml_file import Place

MOST_WEIGHTS = 8  # of a score that are tried smaller
_ZONES = ("title", "lead", "body", "caption")
_FACTS = ("language", "feed", "tag")
_LISTS = ("all", "any", "near", "same_sentence")
_NUMBER = re.compile(r"\b(O?NEAR|COUNT|ATLEAST|SCORE)/(\d+(?:\.\d+)?)")


class Way(StrEnum):
    """Of making a rule narrower, in the order in which equals are told."""

    EXCLUDE = "exclude"
    SENTENCE = "same sentence"
    NEARER = "nearer"
    ZONE = "zone"
    SCORE = "score"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """`make` gives the changed file, or raises Unwritable."""

    way: Way
    what: str  # for people
    make: Callable[[], Source]


def rewrites(source: Source, match: Place, terms: Sequence[Sequence[str]]) -> Iterator[Rewrite]:
    """`match`: the place of a rule's condition; `terms`: what may be excluded, each by itself or several together."""
    for some in terms:
        named = ", ".join(f'"{term}"' for term in some)
        yield Rewrite(Way.EXCLUDE, f"not where {named} is said", partial(_excluding, source, match, some))
    for place, value in _conditions(source.at(match), match):
        if isinstance(value, str):
            yield from _of_query(source, place, value)
        elif isinstance(value, dict):
            yield from _of_mapping(source, place, value)
    yield from _zones(source, match)


def _conditions(value: Anything, place: Place) -> Iterator[tuple[Place, Anything]]:
    """A condition and all that it is made of, but for what must not hold."""
    yield place, value
    for key, inner in value.items() if isinstance(value, dict) else ():
        parts = inner.get("of") if key in ("at_least", "count") else inner
        where = (*place, key, "of") if parts is not inner else (*place, key)
        if key in ("at_least", *_LISTS):
            for index, one in enumerate(parts):
                yield from _conditions(one, (*where, index))
        elif key in ("count", *_ZONES):
            yield from _conditions(parts, where)


# ---- exclude ----


def _excluding(source: Source, match: Place, terms: Sequence[str]) -> Source:
    value = source.at(match)
    if isinstance(value, str):
        return source.with_value(match, _but_not(value, terms))
    if "none" not in value:
        return source.with_pair(match, "none", list(map(_item, terms)))
    for term in terms:
        source = source.with_item((*match, "none"), _item(term))
    return source


def _but_not(wanted: str, terms: Sequence[str]) -> str:
    unwanted = to_query(any_of([leaves.phrase(term) for term in terms]))
    found = f"({wanted})" if isinstance(_parsed(wanted), Any) else wanted
    return f"{found} NOT {f'({unwanted})' if len(terms) > 1 else unwanted}"


def _item(term: str) -> str:
    """Without quotes, if it is then still read as these words."""
    phrase = leaves.phrase(term)
    try:
        return term if query.parse(term) == phrase else to_query(phrase)
    except LeafError:
        return to_query(phrase)


def _parsed(text: str) -> Condition:
    """Concepts are as good as their names here: it is only written out again."""
    return query.parse(text, lambda name, _: ConceptRef(name, Word(name, name), ""))


# ---- nearness, counts and scores ----


def _of_query(source: Source, place: Place, text: str) -> Iterator[Rewrite]:
    for found in _NUMBER.finditer(text):
        operator, number = found[1], float(found[2])
        way, numbers = _OF_OPERATOR[operator]
        for other in numbers(number):
            changed = f"{text[: found.start(2)]}{other:g}{text[found.end(2) :]}"
            what = f"{operator}/{other:g} instead of {found[0]}"
            yield Rewrite(way, what, partial(source.with_value, place, changed))
    if "NEAR/" in text:
        for condition, near in _in_sentences(_parsed(text)):
            changed, what = to_query(condition), f"in one sentence instead of {near.label}"
            yield Rewrite(Way.SENTENCE, what, partial(source.with_value, place, changed))


def _of_mapping(source: Source, place: Place, value: dict[str, Anything]) -> Iterator[Rewrite]:
    if "near" in value:
        yield from _numbers(source, (*place, "within"), value["within"], Way.NEARER, "within")
        if "ordered" not in value:
            what = f"in one sentence instead of within {value['within']} words"
            yield Rewrite(Way.SENTENCE, what, partial(_in_one_sentence, source, place))
    for key in ("count", "at_least"):
        if key in value:
            yield from _numbers(source, (*place, key, "n"), value[key]["n"], Way.COUNT, f"{key}: n")
    if "score" in value:
        yield from _numbers(source, (*place, "score", "threshold"), value["score"]["threshold"], Way.SCORE, "threshold")
        yield from _weights(source, (*place, "score", "terms"), value["score"]["terms"])


def _numbers(source: Source, place: Place, number: float, way: Way, name: str) -> Iterator[Rewrite]:
    for other in _SEQUELS[way](number):
        what = f"{name}: {other:g} instead of {number:g}"
        yield Rewrite(way, what, partial(source.with_value, place, _plain(other)))


def _smaller(number: float) -> list[float]:
    return sorted({float(number * share // 4) for share in (1, 2, 3)} - {0.0, float(number)}, reverse=True)


def _next(number: float) -> list[float]:
    return [number + 1, number + 2]


def _larger(number: float) -> list[float]:
    return sorted({number + 1, number * 1.25, number * 1.5, number * 2})


_SEQUELS = {Way.NEARER: _smaller, Way.COUNT: _next, Way.SCORE: _larger}
_OF_OPERATOR = {
    "NEAR": (Way.NEARER, _smaller),
    "ONEAR": (Way.NEARER, _smaller),
    "COUNT": (Way.COUNT, _next),
    "ATLEAST": (Way.COUNT, _next),
    "SCORE": (Way.SCORE, _larger),
}


def _weights(source: Source, place: Place, terms: Anything) -> Iterator[Rewrite]:
    """Half of what each term weighs."""
    if isinstance(terms, dict):
        weights = [((*place, term), term, weight) for term, weight in terms.items()]
    else:
        weights = [((*place, i, "weight"), written(one["term"]), one["weight"]) for i, one in enumerate(terms)]
    for where, term, weight in [one for one in weights if one[2] > 0][:MOST_WEIGHTS]:
        what = f"{term}: {weight / 2:g} instead of {weight:g}"
        yield Rewrite(Way.SCORE, what, partial(source.with_value, where, _plain(weight / 2)))


def _plain(number: float) -> int | float:
    return int(number) if float(number).is_integer() else number


def _in_one_sentence(source: Source, place: Place) -> Source:
    return source.without_pair((*place, "within")).with_key((*place, "near"), "same_sentence")


def _in_sentences(condition: Condition) -> Iterator[tuple[Condition, Near]]:
    """Each with one nearness that became a sentence."""
    match condition:
        case Near(_, False, children):
            yield SameSentence(children), condition
        case All(children) | Any(children):
            for index, child in enumerate(children):
                for changed, near in _in_sentences(child):
                    parts = (*children[:index], changed, *children[index + 1 :])
                    yield type(condition)(parts), near
        case Without(wanted, _):
            for changed, near in _in_sentences(wanted):
                yield replace(condition, wanted=changed), near


# ---- zones ----


def _zones(source: Source, place: Place) -> Iterator[Rewrite]:
    """A part of the whole that counts only in the headline, or only there and in the lead."""
    value = source.at(place)
    if isinstance(value, str):
        for zones, changed, part in _in_zones(_parsed(value)):
            what, text = f"{part.label}: only in the {zones}", to_query(changed)
            yield Rewrite(Way.ZONE, what, partial(source.with_value, place, text))
        return
    wanted = {key: inner for key, inner in value.items() if key != "none"}
    if "all" in wanted:
        for index in range(len(wanted["all"])):
            yield from _zones(source, (*place, "all", index))
    elif not wanted.keys() & {*_ZONES, *_FACTS}:
        yield from _of_part(source, place, value, wanted)


def _of_part(
    source: Source, place: Place, value: dict[str, Anything], wanted: dict[str, Anything]
) -> Iterator[Rewrite]:
    operators = {key: inner for key, inner in wanted.items() if key not in PARAMETERS}
    named = ", ".join(f"{key}: {inner}" if isinstance(inner, str) else f"{key}:" for key, inner in operators.items())
    what = f"{named} only in the title"
    if "none" not in value:
        yield Rewrite(Way.ZONE, what, partial(source.wrapped, place, "title"))
    elif len(wanted) == 1:
        yield Rewrite(Way.ZONE, what, partial(source.wrapped_pair, (*place, next(iter(wanted))), "title"))
    span = source.file.spans[place]
    if "none" not in value and "\n" not in source.text[span.start : span.end]:
        either = {"any": [{"title": value}, {"lead": value}]}
        yield Rewrite(Way.ZONE, f"{named} only in the title or lead", partial(source.with_value, place, either))


def _in_zones(condition: Condition) -> Iterator[tuple[str, Condition, Condition]]:
    """In which zones, the whole, and the part of it that is changed."""
    match condition:
        case Without(wanted, _):
            for zones, changed, part in _in_zones(wanted):
                yield zones, replace(condition, wanted=changed), part
        case All(children):
            for index, child in enumerate(children):
                for zones, changed, part in _in_zones(child):
                    yield zones, All((*children[:index], changed, *children[index + 1 :])), part
        case InZone() | Origin():
            return
        case _:
            title, lead = (InZone(zone, condition) for zone in (Zone.TITLE, Zone.LEAD))
            yield "title", title, condition
            yield "title or lead", Any((title, lead)), condition
