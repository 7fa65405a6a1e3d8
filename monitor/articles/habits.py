"""Blocks that a site shows with every article, learnt from what it has shown. Pure.

The store keeps one small value per site, of bounded size however much the site publishes. In doubt a block is the
article's own: the background of an ongoing story is repeated for days too, but not in nearly all that a site says.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from typing import Final

from monitor.articles.furniture import MAX_FURNITURE, MAX_LINES, is_prose

SEEN_OFTEN: Final = 200  # blocks seen more than once that are remembered
SEEN_ONCE: Final = 200
FORGOTTEN: Final = 200  # articles without it; sites are rebuilt

# Lines that are no sentences: buttons, tickers, titles of others. They are in a share of the articles, over days,
LINE_ARTICLES: Final = 5
LINE_DAYS: Final = 2
LINE_SHARE: Final = 0.3
# or in nearly all of many within a day.
TICKER_ARTICLES: Final = 12
# Sentences are in nearly all, over a week, before they count as furniture.
PROSE_ARTICLES: Final = 10
PROSE_DAYS: Final = 7
NEARLY_ALL: Final = 0.8

_ROW = struct.Struct("<QIIIHi")
_HEAD = struct.Struct("<BI")
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Block:
    """What is known of a block. Articles of the site are counted from its first one."""

    print: int  # 64 bits of its words
    first: int  # the number of the article that first had it
    last: int
    articles: int  # that had it
    days: int  # on which it was seen
    last_day: int  # proleptic ordinal

    def share(self, articles: int) -> float:
        """Of the articles since it was first seen."""
        return self.articles / (articles - self.first + 1)


@dataclass(frozen=True, slots=True)
class Habits:
    """What is remembered of a site."""

    articles: int = 0
    blocks: tuple[Block, ...] = ()

    def pack(self) -> bytes:
        """At most 12 kB."""
        rows = (
            _ROW.pack(block.print, block.first, block.last, block.articles, min(block.days, 65_535), block.last_day)
            for block in self.blocks
        )
        return _HEAD.pack(_VERSION, self.articles) + b"".join(rows)


def unpack(packed: bytes) -> Habits:
    """Of bytes that another version wrote, nothing is known: habits are learnt again within days."""
    if len(packed) < _HEAD.size or packed[0] != _VERSION or (len(packed) - _HEAD.size) % _ROW.size:
        return Habits()
    _, articles = _HEAD.unpack_from(packed)
    return Habits(articles, tuple(Block(*row) for row in _ROW.iter_unpack(packed[_HEAD.size :])))


def learn(habits: Habits, text: str, day: date) -> Habits:
    """The habits after one more article, to be told once of each. `text` is the page's, furniture included."""
    number = habits.articles + 1
    known = {block.print: block for block in habits.blocks}
    for print_ in set(_prints(_lines(text))):
        block = known.get(print_) or Block(print_, number, number, 0, 0, 0)
        known[print_] = replace(
            block,
            last=number,
            articles=block.articles + 1,
            days=block.days + (block.last_day != day.toordinal()),
            last_day=day.toordinal(),
        )
    recent = sorted(known.values(), key=lambda block: block.last, reverse=True)
    often = [block for block in recent if block.articles > 1 and number - block.last < FORGOTTEN]
    once = [block for block in recent if block.articles == 1]
    return Habits(number, (*often[:SEEN_OFTEN], *once[:SEEN_ONCE]))


def without(habits: Habits, text: str) -> str:
    """The text without the blocks that its site repeats. The first sentences of a text always stay."""
    lines = _lines(text)
    marks = _marks(habits, lines)
    lead = next((number for number, line in enumerate(lines) if is_prose(line)), None)
    kept = [line for number, line in enumerate(lines) if number == lead or not marks[number]]
    return "\n\n".join(kept) if any(marks) and kept else text


def is_all(habits: Habits, text: str) -> bool:
    """Whether the site shows all of this with its other articles too: then it is none."""
    return all(_marks(habits, _lines(text)))


def _marks(habits: Habits, lines: list[str]) -> list[bool]:
    known = {block.print: block for block in habits.blocks}
    return [
        (block := known.get(_print(line))) is not None and _is_habit(block, habits.articles, prose=is_prose(line))
        for line in lines
    ]


def _is_habit(block: Block, articles: int, *, prose: bool) -> bool:
    share = block.share(articles)
    if prose:
        return block.articles >= PROSE_ARTICLES and block.days >= PROSE_DAYS and share >= NEARLY_ALL
    if block.articles >= TICKER_ARTICLES and share >= NEARLY_ALL:
        return True
    return block.articles >= LINE_ARTICLES and block.days >= LINE_DAYS and share >= LINE_SHARE


def _lines(text: str) -> list[str]:
    return text.split("\n\n")[:MAX_LINES] if text.count("\n\n") < MAX_LINES else [text]


def _prints(lines: Iterable[str]) -> Iterator[int]:
    return (_print(line) for line in lines if len(line) <= MAX_FURNITURE)


def _print(line: str) -> int:
    """Counters and clocks of the page's works do not count; figures in sentences do."""
    words = re.findall(r"\w+", line[: MAX_FURNITURE + 1].casefold())
    if not is_prose(line):
        words = ["0" if word.isdecimal() else word for word in words]
    return int.from_bytes(blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
