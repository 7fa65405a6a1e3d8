"""Fits the weights in `monitor/stories/cluster.py` to labelled streams: `python -m benchmarks.fit_stories FOLDER`.

A logistic regression over (article, candidate story) pairs, met as they would be if every decision so far had been
right, on the stream as it is and with its times drawn anew. Prints the weights, and the loss on the half of the
stories that was not fitted on.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from zlib import crc32

from benchmarks.streams import Item, load, retimed
from monitor.model import ArticleId, StoryId
from monitor.stories import cluster
from monitor.stories.features import read
from monitor.stories.window import MemoryWindow, posted

RETIMED = 2
PENALTY = 0.05
STEPS = 12

Pair = tuple[str, tuple[float, ...], bool]  # the article's story, the evidence, whether it is the story's


def main(folder: Path) -> None:
    stream = load(folder / "stream.jsonl")
    pairs = [pair for seed in range(RETIMED + 1) for pair in _pairs(retimed(stream, seed) if seed else stream)]
    halves = [[p for p in pairs if _half(p[0]) == half] for half in (0, 1)]
    for fitted, other in (halves, halves[::-1]):
        print(f"fitted on {len(fitted)} pairs, loss on the other {len(other)}: {_loss(_fit(fitted), other):.5f}")
    *weights, bias = _fit(pairs)
    print(f"BIAS = {bias:.2f}")
    for name, weight in zip(cluster.Evidence._fields, weights, strict=True):
        print(f"    {name}={weight:.2f},")


def _half(story: str) -> int:
    return crc32(story.encode()) % 2


def _pairs(stream: Sequence[Item]) -> list[Pair]:
    window, found = MemoryWindow(), []
    for item in stream:
        reading = read(item.title, item.text)
        features, frequencies = cluster.weighed(reading, item.outlet, window)
        window.count(reading.seen)
        profiles = cluster.candidates(features, item.at, frequencies, window)
        fresh = frozenset(posted(features))
        for compared in cluster.comparisons(features, item.at, frequencies, profiles):
            right = compared.profile.story_id == item.story
            if right:
                fresh = fresh.difference(compared.terms, *(member.names for member in compared.members))
            if compared.evidence is not None:
                found.append((item.story, tuple(compared.evidence), right))
        window.add(ArticleId(item.id), StoryId(item.story), features, item.at, fresh)
    return found


def _fit(pairs: Sequence[Pair]) -> list[float]:
    """Newton's method. The last weight is the bias, and is not penalised."""
    rows = [((*evidence, 1.0), float(right)) for _, evidence, right in pairs]
    size = len(rows[0][0])
    penalties = [PENALTY] * (size - 1) + [0.0]
    weights = [0.0] * size
    for _ in range(STEPS):
        slope = [penalty * weight for penalty, weight in zip(penalties, weights, strict=True)]
        curve = [[penalties[i] if i == j else 0.0 for j in range(size)] for i in range(size)]
        for values, right in rows:
            p = _probability(weights, values)
            for i, value in enumerate(values):
                slope[i] += (p - right) * value
                for j in range(i + 1):
                    curve[i][j] += p * (1 - p) * value * values[j]
        for i in range(size):
            for j in range(i):
                curve[j][i] = curve[i][j]
        weights = [weight - step for weight, step in zip(weights, _solved(curve, slope), strict=True)]
    return weights


def _loss(weights: Sequence[float], pairs: Sequence[Pair]) -> float:
    """Mean logarithmic loss."""
    lost = 0.0
    for _, evidence, right in pairs:
        p = _probability(weights, (*evidence, 1.0))
        lost -= log(max(p if right else 1 - p, 1e-12))
    return lost / len(pairs)


def _probability(weights: Sequence[float], values: Sequence[float]) -> float:
    score = sum(weight * value for weight, value in zip(weights, values, strict=True))
    return 1 / (1 + exp(-max(-40.0, min(40.0, score))))


def _solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Gaussian elimination with pivots."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda i: abs(rows[i][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for i in range(size):
            if i != column:
                factor = rows[i][column] / rows[column][column]
                rows[i] = [value - factor * above for value, above in zip(rows[i], rows[column], strict=True)]
    return [rows[i][size] / rows[i][i] for i in range(size)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
