"""What may be expected of stories never seen: `python -m benchmarks.stories_held_out FOLDER`, about two minutes.

The stories of FOLDER's `stream.jsonl` are dealt into five parts. Each article is judged with weights that were fitted
without the stories of its part, in a stream that holds all of them. Prints what each pair of thresholds would have
done, the mean of some drawings of the times: where silence is bought with stories swallowed, and messages with
silence. Last the same where the days of the week are those of the stream: real stories of one week name the days of
that week, and these are from many years.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from zlib import crc32

from benchmarks.fit_stories import fit, pairs
from benchmarks.measures import Placed, Scores, score
from benchmarks.stories import arrive
from benchmarks.streams import Item, given_folder, load, retimed
from monitor.model import Certainty
from monitor.stories import cluster
from monitor.stories.window import MemoryWindow

PARTS = 5
RETIMINGS = (201, 202, 203, 204)  # others than those fitted on
POSSIBLY = (0.25, 0.33, 0.4, 0.5)
SURELY = (0.7, 0.8, 0.83, 0.86, 0.9, 0.95)
BY_HAND = ("same_outlet", "other_place")  # as the monitor has them, whatever is fitted

Weights = tuple[cluster.Evidence, float]
Joined = list[tuple[str, cluster.Judgement]]


def main(folder: Path) -> None:
    stream = load(folder / "stream.jsonl")
    fitted = _fitted(stream)
    streams = [stream, *(retimed(stream, seed) for seed in RETIMINGS)]
    chosen = cluster.POSSIBLY, cluster.SURELY
    print("possibly  surely    alerts  messages  silently %  (of the drawings)    BCubed F1")
    for possibly in POSSIBLY:
        joined = [_joined(one, fitted, possibly) for one in streams]
        for surely in SURELY:
            _print(possibly, surely, _scores(streams, joined, surely))
    print("with the days of the stream's own weeks")
    streams = [in_its_week(one) for one in streams]
    _print(*chosen, _scores(streams, [_joined(one, fitted, chosen[0]) for one in streams], chosen[1]))


def part(story: str) -> int:
    """Two stories of one topic, the second marked so, are not told apart by chance."""
    return crc32(story.removesuffix("plus").encode()) % PARTS


def _fitted(stream: Sequence[Item]) -> Mapping[int, Weights]:
    """The weights for each part, fitted without it."""
    found = pairs(stream)
    fitted = {}
    for held in range(PARTS):
        weights, bias = fit([pair for pair in found if held not in (part(pair.story), part(pair.candidate))])
        fitted[held] = weights._replace(**{name: getattr(cluster.WEIGHTS, name) for name in BY_HAND}), bias
    return fitted


def _joined(stream: Sequence[Item], fitted: Mapping[int, Weights], possibly: float) -> Joined:
    """Silent wherever nothing is doubtful: whether it is likely enough is asked afterwards."""
    cluster.POSSIBLY, cluster.SURELY = possibly, 0.0
    window = MemoryWindow()
    joined: Joined = []
    for item in stream:
        cluster.WEIGHTS, cluster.BIAS = fitted[part(item.story)]
        joined.append(arrive(item, window))
    return joined


def _scores(streams: Sequence[Sequence[Item]], joined: Sequence[Joined], surely: float) -> list[Scores]:
    return [
        score(stream, [Placed(story, told=_told(judged, surely)) for story, judged in one])
        for stream, one in zip(streams, joined, strict=True)
    ]


def _told(judged: cluster.Judgement, surely: float) -> bool:
    doubtful = judged.certainty is Certainty.POSSIBLY
    return judged.story_id is not None and (doubtful or judged.probability < surely)


def _print(possibly: float, surely: float, scores: Sequence[Scores]) -> None:
    silent = [100 * one.silent for one in scores]
    print(
        f"{possibly:8.2f}{surely:8.2f}{mean(one.alerts for one in scores):10.3f}"
        f"{mean(one.messages for one in scores):10.3f}{mean(silent):12.2f}  ({min(silent):.2f} to {max(silent):.2f})"
        f"{mean(one.f1 for one in scores):15.3f}"
    )


# ---- the days of the week ----

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = re.compile("|".join(_DAYS))
TOLD_NEXT_DAY = 0.3  # of the stories


def in_its_week(stream: Sequence[Item]) -> list[Item]:
    """With each story's days turned so that the one it names most is the one it began on, or the one before."""
    begun: dict[str, Item] = {}
    named: dict[str, Counter[int]] = defaultdict(Counter)
    for item in stream:
        begun.setdefault(item.story, item)
        named[item.story].update(map(_DAYS.index, _DAY.findall(f"{item.title} {item.text}")))
    draw = random.Random(1)
    turns = {
        story: begun[story].at.weekday() - (draw.random() < TOLD_NEXT_DAY) - days.most_common(1)[0][0]
        for story, days in named.items()
        if days
    }
    return [_turned(item, turns.get(item.story, 0)) for item in stream]


def _turned(item: Item, turn: int) -> Item:
    def turned(text: str) -> str:
        return _DAY.sub(lambda match: _DAYS[(_DAYS.index(match[0]) + turn) % 7], text)

    return replace(item, title=turned(item.title), text=turned(item.text))


if __name__ == "__main__":
    main(given_folder(__doc__))
