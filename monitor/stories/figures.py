"""Numbers as facts: how many, of what.

A figure is a number with what it counts (dead, injured, soldiers, percent, euros), in English, Serbian and Albanian;
two texts disagree when the same thing is counted differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple

from monitor.stories import vocabulary
from monitor.text import fold

NEAR = 4  # words between a number and what it counts

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TOKEN = re.compile(r"[$€£¥]|%|\d+(?:[.,]\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*|[.;:!?]")
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yuan", "%": "percent"}


class Figure(NamedTuple):
    """`value` in plain digits; `slot` names what is counted."""

    slot: str
    value: str
    start: int
    end: int


def numbers(text: str) -> tuple[str, ...]:
    """The numbers written in digits, in one spelling: 1,900 and 1.900 are 1900, and 3,5 is 3.5."""
    return tuple(dict.fromkeys(_plain(match[0]) for match in _NUMBER.finditer(text)))


def figures(text: str) -> tuple[Figure, ...]:
    """The numbers of which it is said what they count, in order."""
    return tuple(_figures([(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)]))


def _figures(tokens: list[tuple[str, int, int]]) -> Iterator[Figure]:
    for place, (token, start, end) in enumerate(tokens):
        value = _value(token)
        if value is not None:
            for slot in _slots(tokens, place):
                yield Figure(slot, value + _scale(tokens, place), start, end)


def _slots(tokens: list[tuple[str, int, int]], place: int) -> list[str]:
    """What stands behind a number is counted by it, and so is the toll before it: `death toll rises to 12`."""
    if place and tokens[place - 1][0] in _SIGNS:
        return [_SIGNS[tokens[place - 1][0]]]
    behind = _reached(token for token, _, _ in tokens[place + 1 : place + 1 + NEAR])
    ahead = _reached(token for token, _, _ in reversed(tokens[max(0, place - NEAR - 1) : place]))
    found = [
        *(_SIGNS.get(token) or vocabulary.counted(fold(token)) for token in behind),
        *(vocabulary.tolled(fold(token)) for token in ahead),
    ]
    return list(dict.fromkeys(slot for slot in found if slot))


def _reached(tokens: Iterable[str]) -> Iterator[str]:
    """Up to the next number, and within the sentence."""
    return takewhile(lambda token: not _ends(token) and _value(token) is None, tokens)


def _ends(token: str) -> bool:
    return token in (".", ";", ":", "!", "?")


def _scale(tokens: list[tuple[str, int, int]], place: int) -> str:
    following = fold(tokens[place + 1][0]) if place + 1 < len(tokens) else ""
    return vocabulary.SCALES.get(following, "")


def _value(token: str) -> str | None:
    return _plain(token) if token[0].isdigit() else vocabulary.NUMBER_WORDS.get(fold(token))


def _plain(number: str) -> str:
    if _THOUSANDS.fullmatch(number):
        return re.sub("[.,]", "", number)
    return number.replace(",", ".")
