"""Labelled streams of articles: reading them, and drawing their times anew."""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = timedelta(days=30)
LONGEST_DELAY = timedelta(days=7)
MEDIAN_DELAY = timedelta(hours=5)
SPREAD = 1.3  # of the logarithm of the delay


@dataclass(frozen=True, slots=True)
class Item:
    """One article, with the story it truly belongs to."""

    id: str
    at: datetime
    story: str
    title: str
    text: str
    outlet: str


def given_folder(what: str | None, otherwise: Path | None = None) -> Path:
    """The folder of the command line; `what`: the program's docstring, of which the first line says what it does."""
    parser = argparse.ArgumentParser(description=(what or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?" if otherwise else None, default=otherwise)
    folder: Path = parser.parse_args().folder
    if not (folder / "stream.jsonl").is_file():
        parser.error(f"{folder}: there is no stream.jsonl in it")
    return folder


def load(path: Path) -> list[Item]:
    """JSON lines with `t` (seconds), `story`, `title`, `text` and perhaps `outlet`, in order of arrival."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Item(
            id=f"{place:06}",
            at=START + timedelta(seconds=row["t"]),
            story=row["story"],
            title=row["title"],
            text=row["text"],
            outlet=row.get("outlet", ""),
        )
        for place, row in enumerate(rows)
    ]


def retimed(stream: Sequence[Item], seed: int) -> list[Item]:
    """The same stories, begun at other times of a month and told in another order, with log-normal delays."""
    draw = random.Random(seed)
    stories: dict[str, list[Item]] = {}
    for item in stream:
        stories.setdefault(item.story, []).append(item)
    moved = []
    for story in sorted(stories):
        items = draw.sample(stories[story], len(stories[story]))
        begun = START + MONTH * draw.random()
        for place, item in enumerate(items):
            delay = min(LONGEST_DELAY, MEDIAN_DELAY * draw.lognormvariate(0, SPREAD)) if place else timedelta(0)
            moved.append(replace(item, at=begun + delay))
    moved.sort(key=lambda item: item.at)
    return [replace(item, id=f"{place:06}") for place, item in enumerate(moved)]
