"""What is usually done instead: the same title, similar titles, MinHash of the text. Each in a few lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from zlib import crc32

from benchmarks.measures import Placed
from benchmarks.streams import Item
from monitor.text import words

TITLES_LIKE = 0.3
TITLES_WITHIN = timedelta(hours=72)
HASHES = 64
BAND = 4
TEXTS_LIKE = 0.5
_PRIME = (1 << 61) - 1
_DRAW = Random(1)
_HASHES = [(_DRAW.randrange(1, _PRIME), _DRAW.randrange(_PRIME)) for _ in range(HASHES)]


def same_title(stream: Sequence[Item]) -> list[Placed]:
    """The items have no address to compare as well; a reader that compares both finds no more."""
    first: dict[tuple[str, ...], str] = {}
    return [Placed(first.setdefault(words(item.title), item.id)) for item in stream]


def title_jaccard(stream: Sequence[Item]) -> list[Placed]:
    recent: list[tuple[datetime, frozenset[str], str]] = []
    placed = []
    for item in stream:
        title = frozenset(words(item.title))
        recent = [known for known in recent if item.at - known[0] <= TITLES_WITHIN]
        best = max(((_jaccard(title, other), story) for _, other, story in recent), default=(0.0, ""))
        story = best[1] if best[0] >= TITLES_LIKE else item.id
        placed.append(Placed(story))
        recent.append((item.at, title, story))
    return placed


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def minhash(stream: Sequence[Item]) -> list[Placed]:
    """Three-word runs, 64 hashes in bands of four."""
    buckets: dict[tuple[int, ...], list[tuple[list[int], str]]] = defaultdict(list)
    placed = []
    for item in stream:
        signature = _signature(words(f"{item.title} {item.text}"))
        bands = [(band, *signature[band : band + BAND]) for band in range(0, HASHES, BAND)]
        near = [known for band in bands for known in buckets[band]]
        best = max(((_agreement(signature, other), story) for other, story in near), default=(0.0, ""))
        story = best[1] if best[0] >= TEXTS_LIKE else item.id
        placed.append(Placed(story))
        for band in bands:
            buckets[band].append((signature, story))
    return placed


def _signature(told: tuple[str, ...]) -> list[int]:
    runs = {crc32(" ".join(told[i : i + 3]).encode()) for i in range(max(1, len(told) - 2))}
    return [min((run * a + b) % _PRIME for run in runs) for a, b in _HASHES]


def _agreement(one: list[int], other: list[int]) -> float:
    return sum(a == b for a, b in zip(one, other, strict=True)) / HASHES
