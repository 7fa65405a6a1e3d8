"""Fits the weights in `monitor/stories/cluster.py` to labelled streams: `python -m benchmarks.fit_stories FOLDER`.

A logistic regression over (article, candidate story) pairs, met as they would be if every decision so far had been
right, on the stream as it is and with its times drawn anew. Prints the weights; what they are worth on stories that
they were not fitted on is told by `benchmarks.stories_held_out`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from pathlib import Path
from typing import NamedTuple

from benchmarks.streams import Item, given_folder, load, retimed
from monitor.model import ArticleId, StoryId
from monitor.stories import cluster
from monitor.stories.features import read
from monitor.stories.window import MemoryWindow, posted

RETIMED = 4
PENALTY = 1.0
STEPS = 12


class Pair(NamedTuple):
    """An article beside a story that it may belong to."""

    story: str  # the article's own
    candidate: str
    evidence: cluster.Evidence

    @property
    def right(self) -> bool:
        return self.story == self.candidate


def main(folder: Path) -> None:
    weights, bias = fit(pairs(load(folder / "stream.jsonl")))
    print(f"BIAS = {bias:.2f}")
    for name, weight in weights._asdict().items():
        print(f"    {name}={weight:.2f},")


def pairs(stream: Sequence[Item]) -> list[Pair]:
    """Of the stream, and of its stories at other times."""
    return [pair for seed in range(RETIMED + 1) for pair in _pairs(retimed(stream, seed) if seed else stream)]


def _pairs(stream: Sequence[Item]) -> list[Pair]:
    window, found = MemoryWindow(), []
    for item in stream:
        reading = read(item.title, item.text)
        features, frequencies = cluster.weighed(reading, item.outlet, window)
        window.count(reading.seen)
        profiles = cluster.candidates(features, item.at, frequencies, window)
        fresh = frozenset(posted(features))
        for compared in cluster.comparisons(features, item.at, frequencies, profiles):
            if compared.profile.story_id == item.story:
                fresh = fresh.difference(compared.terms, *(member.names for member in compared.members))
            if compared.evidence is not None:
                found.append(Pair(item.story, compared.profile.story_id, compared.evidence))
        window.add(ArticleId(item.id), StoryId(item.story), features, item.at, fresh)
    return found


def fit(found: Sequence[Pair]) -> tuple[cluster.Evidence, float]:
    """The weights and the bias, by Newton's method. The bias is the last in the sums, and is not penalised."""
    rows = [((*pair.evidence, 1.0), float(pair.right)) for pair in found]
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
    return cluster.Evidence(*weights[:-1]), weights[-1]


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
    main(given_folder(__doc__))
