"""Conditions written out again, as a query string or as YAML: the two spellings of one tree.

What is written is read back as the same condition (test_rules_written.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any as Anything

from monitor.rules.conditions import (
    All,
    Any,
    AtLeast,
    ConceptRef,
    Count,
    InZone,
    Near,
    Origin,
    SameSentence,
    Score,
    Without,
)
from monitor.rules.terms import Acronym, Condition, Exact, Name, Pattern, Phrase, Stem, Word

_BARE = re.compile(r"\w[\w-]*\*?")
_OPERATORS = ("AND", "OR", "NOT", "and", "or", "not", "NEAR", "ONEAR", "ATLEAST", "COUNT", "SCORE", "SENTENCE")
_LOOSE, _BOTH, _PLACE = 0, 1, 2  # what may stand without parentheses: OR, then AND and NOT, then what NEAR joins


def to_query(condition: Condition) -> str:
    """On one line."""
    return _query(condition, _LOOSE)


def _query(condition: Condition, place: int) -> str:
    text, binding = _spelled(condition)
    return text if binding >= place else f"({text})"


def _spelled(condition: Condition) -> tuple[str, int]:
    match condition:
        case Any(children):
            return " OR ".join(_query(child, _BOTH) for child in children), _LOOSE
        case All(children):
            return " AND ".join(_query(child, _PLACE) for child in children), _BOTH
        case Without(wanted, unwanted):
            found = _spelled(wanted)[0] if isinstance(wanted, All) else _query(wanted, _PLACE)
            return f"{found} NOT {_query(unwanted, _PLACE)}", _BOTH
        case Near(within, ordered, children) if len(children) == 2:
            joint = f" {'O' * ordered}NEAR/{within} "
            return f"({joint.join(_query(child, _PLACE) for child in children)})", _PLACE
        case _:
            return _place(condition), _PLACE


def _place(condition: Condition) -> str:
    match condition:
        case Near(within, ordered, children):
            return _several(f"{'O' * ordered}NEAR/{within}", children)
        case SameSentence(children):
            return _several("SENTENCE", children)
        case AtLeast(count, children):
            return _several(f"ATLEAST/{count}", children)
        case Count(count, child):
            return _several(f"COUNT/{count}", (child,))
        case Score(threshold, terms):
            weighted = "; ".join(f"{_query(term, _PLACE)}^{_number(weight)}" for term, weight in terms)
            return f"SCORE/{_number(threshold)}({weighted})"
        case InZone(zone, child):
            return f"{zone}:{_query(child, _PLACE)}"
        case ConceptRef():
            return f"concept:{condition.name}"
        case Exact(written):
            return f'raw:"{written}"'
        case Acronym(written):
            return f"acronym:{written}"
        case Name(written):
            return f'name:"{written}"'
        case Stem(written, language):
            return f'stem-{language}:"{written}"'
        case Pattern(written):
            return f'regex:"{written}"'
        case Origin(fact, value):
            return f"{fact}:«{value}»" if '"' in value else f'{fact}:"{value}"'
        case Word(written) | Phrase(written):
            return written if _BARE.fullmatch(written) and written not in _OPERATORS else f'"{written}"'
        case _:
            raise TypeError(condition)


def _several(operator: str, parts: Sequence[Condition]) -> str:
    return f"{operator}({'; '.join(map(to_query, parts))})"


def to_yaml(condition: Condition) -> Anything:
    """As plain values: strings, lists and dicts."""
    match condition:
        case Any(children):
            return {"any": _list(children)}
        case All(children):
            return {"all": _list(children)}
        case Without(wanted, unwanted):
            excluded = _list(unwanted.children) if isinstance(unwanted, Any) else [to_yaml(unwanted)]
            if isinstance(wanted, All | Any):
                return {**to_yaml(wanted), "none": excluded}
            return {"all": [to_yaml(wanted)], "none": excluded}
        case Near(within, ordered, children):
            return {"near": _list(children), "within": within} | ({"ordered": True} if ordered else {})
        case SameSentence(children):
            return {"same_sentence": _list(children)}
        case AtLeast(count, children):
            return {"at_least": {"n": count, "of": _list(children)}}
        case Count(count, child):
            return {"count": {"n": count, "of": to_yaml(child)}}
        case Score(threshold, terms):
            weights = [{"term": to_yaml(term), "weight": _plain(weight)} for term, weight in terms]
            return {"score": {"threshold": _plain(threshold), "terms": weights}}
        case InZone(zone, child):
            return {str(zone): to_yaml(child)}
        case ConceptRef():
            return {"concept": condition.name}
        case Exact(written):
            return {"exact": written}
        case Acronym(written):
            return {"acronym": written}
        case Name(written):
            return {"name": written}
        case Stem(written, language):
            return {"stem": written, "language": language}
        case Pattern(written):
            return {"regex": written}
        case Origin(fact, value):
            return {str(fact): value}
        case _:
            return to_query(condition)


def _list(conditions: Sequence[Condition]) -> list[Anything]:
    return [to_yaml(condition) for condition in conditions]


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def _number(number: float) -> str:
    """Without an exponent, which a query does not take."""
    return f"{Decimal(str(_plain(number))):f}"
