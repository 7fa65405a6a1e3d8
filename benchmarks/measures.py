"""How good a clustering is, against the true stories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.streams import Item


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an article was put, and whether the channel heard of it although it opened no story."""

    story: str
    told: bool = False


@dataclass(frozen=True, slots=True)
class Scores:
    """Rates of alerts are per true story; those of swallowed stories are shares of the true stories."""

    precision: float  # BCubed
    recall: float
    f1: float
    pair_precision: float
    pair_recall: float
    pair_f1: float
    alerts: float
    messages: float  # alerts and what else the channel hears
    swallowed: float  # the first article was put into another story: the false merge
    silent: float  # and nobody heard of it


def score(stream: Sequence[Item], placed: Sequence[Placed]) -> Scores:
    true = Counter(item.story for item in stream)
    found = Counter(place.story for place in placed)
    both = Counter((item.story, place.story) for item, place in zip(stream, placed, strict=True))
    precision = sum(n * n / found[put] for (_, put), n in both.items()) / len(stream)
    recall = sum(n * n / true[story] for (story, _), n in both.items()) / len(stream)
    pairs = sum(map(_pairs, both.values()))
    pair_precision = pairs / max(1, sum(map(_pairs, found.values())))
    pair_recall = pairs / max(1, sum(map(_pairs, true.values())))
    swallowed, silent = _swallowed(stream, placed)
    told = sum(place.told for place in placed)
    return Scores(
        precision=precision,
        recall=recall,
        f1=_f1(precision, recall),
        pair_precision=pair_precision,
        pair_recall=pair_recall,
        pair_f1=_f1(pair_precision, pair_recall),
        alerts=len(found) / len(true),
        messages=(len(found) + told) / len(true),
        swallowed=swallowed / len(true),
        silent=silent / len(true),
    )


def _swallowed(stream: Sequence[Item], placed: Sequence[Placed]) -> tuple[int, int]:
    swallowed = silent = 0
    begun: set[str] = set()
    opened: set[str] = set()
    for item, place in zip(stream, placed, strict=True):
        if item.story not in begun and place.story in opened:
            swallowed += 1
            silent += not place.told
        begun.add(item.story)
        opened.add(place.story)
    return swallowed, silent


def _pairs(size: int) -> int:
    return size * (size - 1) // 2


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
