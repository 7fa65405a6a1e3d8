"""Numbers as facts: how many, of what.

A figure is a number with what it counts (dead, injured, soldiers, percent, euros), in English, Serbian and Albanian;
two texts disagree when the same thing is counted differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from itertools import takewhile
from typing import NamedTuple

from monitor.stories import vocabulary
from monitor.text import fold

NEAR = 4  # words between a number and what it counts

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_TOKEN = re.compile(
    r"[$€£¥]|%|(?<![\d.,])\d{1,3}(?:[^\S\n]\d{3})+(?![\d.,]*\d)|\d+(?:[.,]\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*|[.,;:!?]"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:([.,\s])\d{3})(?:\1\d{3})*")
_ONE = {"one": 1, "jedan": 1, "jedna": 1, "jedno": 1, "nje": 1}  # alone it is an article or a pronoun
_JOINERS = {True: frozenset({"and", "i", "e"}), False: frozenset({"i", "e"})}  # after hundreds, after tens
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
    return tuple(_figures(_joined([(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text)])))


def _joined(tokens: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Numbers of several words in one token, in digits: twenty-one, njëzet e një, twelve hundred and five."""
    joined, place = list[tuple[str, int, int]](), 0
    while place < len(tokens):
        token, start, end = tokens[place]
        number, place = _in_words(token), place + 1
        while number is not None and place < len(tokens):
            word = fold(tokens[place][0])
            follows = place + (word in _JOINERS[number % 100 == 0])
            more = _in_words(tokens[follows][0], _ONE) if follows < len(tokens) else None
            if word == "hundred" and number < 100:
                number *= 100
            elif more is not None and more < _room(number):
                number, place = number + more, follows
            else:
                break
            end, place = tokens[place][2], place + 1
        joined.append((token if number is None else str(number), start, end))
    return joined


def _in_words(token: str, others: Mapping[str, int] = {}) -> int | None:
    """What a word says, or two with a hyphen."""
    whole, *more = fold(token).split("-")
    value = vocabulary.NUMBER_WORDS.get(whole)
    if value is None:
        return others.get(whole)
    added = _in_words(more[0], _ONE) if len(more) == 1 else None
    return int(value) + added if added is not None and added < _room(int(value)) else int(value)


def _room(number: int) -> int:
    """What is added to it is less."""
    return 100 if number % 100 == 0 else 10 if number % 10 == 0 and number > 10 else 1


def _figures(tokens: list[tuple[str, int, int]]) -> Iterator[Figure]:
    for place, (token, start, end) in enumerate(tokens):
        value = _value(token)
        if value is not None:
            for slot in _slots(tokens, place):
                yield Figure(slot, _spelt(value, _scale(tokens, place)), start, end)


def _slots(tokens: list[tuple[str, int, int]], place: int) -> list[str]:
    """What stands behind a number is counted by it, and so is the toll before it: `death toll rises to 12`.

    Of the words between two numbers the first has all but a toll right before the second: `killed 12 and wounded 40`,
    but `12 killed, 40 wounded`.
    """
    if place and tokens[place - 1][0] in _SIGNS:
        return [_SIGNS[tokens[place - 1][0]]]
    behind, next_number = _reached([token for token, _, _ in tokens[place + 1 : place + 2 + NEAR]])
    ahead, last_number = _reached([token for token, _, _ in tokens[max(0, place - NEAR - 1) : place][::-1]])
    if next_number and behind and vocabulary.tolled(fold(behind[-1])):
        behind.pop()
    found = [
        *(_SIGNS.get(token) or vocabulary.counted(fold(token)) for token in behind[:NEAR]),
        *(vocabulary.tolled(fold(token)) for token in (ahead[:1] if last_number else ahead)),
    ]
    return list(dict.fromkeys(slot for slot in found if slot))


def _reached(tokens: list[str]) -> tuple[list[str], bool]:
    """The words up to the next number or the end of the clause, and whether it was a number that came next."""
    words = list(takewhile(lambda token: not _ends(token) and _value(token) is None, tokens))
    return words, len(words) < len(tokens) and not _ends(tokens[len(words)])


def _ends(token: str) -> bool:
    return token in (".", ";", ":", "!", "?")


def _scale(tokens: list[tuple[str, int, int]], place: int) -> str:
    following = fold(tokens[place + 1][0]) if place + 1 < len(tokens) else ""
    return vocabulary.SCALES.get(following, "")


def _spelt(value: str, scale: str) -> str:
    """In one way: 2 thousand is 2000, and 1,200,000 is 1.2m."""
    try:
        number = Decimal(value) * 10 ** vocabulary.ZEROS.get(scale, 0)
    except InvalidOperation:  # a date, or a version
        return value + scale
    for name, zeros in reversed(vocabulary.ZEROS.items()):
        if number >= 10**zeros and name != "k":
            return f"{(number / 10**zeros).normalize():f}{name}"
    return f"{number.normalize():f}"


def _value(token: str) -> str | None:
    return _plain(token) if token[0].isdigit() else vocabulary.NUMBER_WORDS.get(fold(token))


def _plain(number: str) -> str:
    if _THOUSANDS.fullmatch(number):
        return re.sub(r"[.,\s]", "", number)
    return number.replace(",", ".")
