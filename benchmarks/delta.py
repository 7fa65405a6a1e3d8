"""What reading a feed's document costs, and that the cheap way reads the same: `python -m benchmarks.delta FOLDER`.

FOLDER holds feed bodies, as they are, gzipped, or in tar archives. Each is grown as a publisher would: a part of its
items is there at the first poll, all at the second, under a head that was stamped anew. What is read then must be what
the whole document gives for the items that were not there before, field by field. Times are CPU of one process, the
least of several runs; parsing runs in a worker otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import random
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import ParamSpec, TypeVar

from monitor.errors import ParseError
from monitor.feeds import delta
from monitor.feeds.charset import decoded
from monitor.feeds.delta import RECORD
from monitor.feeds.parse import parse
from monitor.feeds.reading import read
from monitor.feeds.split import Json, Xml, split
from monitor.model import FeedDocument, FeedId, Fetched, Unchanged

P = ParamSpec("P")
T = TypeVar("T")

URL = "https://feed.example/news.xml"
FEED = FeedId("feed")
NOW = datetime(2027, 1, 1, tzinfo=UTC)
RUNS = 5
SHARES = (0.0, 0.1, 0.5, 0.9, 1.0)  # of the items that are new at the second poll; 0: the first one alone
SIZES = ((0, 60_000), (60_000, 300_000), (300_000, 1_000_000), (1_000_000, 10_000_000))


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of CPU."""

    size: int
    light: bool
    whole: float
    unchanged: float
    one_new: float


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    bodies = dict(_bodies(arguments.folder))
    feeds = {name: body for name, body in bodies.items() if _is_feed(body)}
    print(f"{len(bodies)} files, {len(feeds)} of them feeds")
    proved = _prove(feeds, random.Random(arguments.seed))
    _measure(feeds)
    return 0 if proved else 1


def _prove(feeds: dict[str, bytes], chance: random.Random) -> bool:
    polls = read_whole = entries = wrong = 0
    for name, body in feeds.items():
        parts = split(decoded(body, "").body)
        if parts is None:
            continue
        # As cut and joined again: JSON comes out in another spelling.
        now = parts.only(range(len(parts.items)))
        expected = _whole(now)
        for share in SHARES:
            unseen = _unseen(parts, share, chance)
            before = _whole(parts.only(frozenset(range(len(parts.items))) - unseen))
            found = _read(now, before.memory)
            polls += 1
            if isinstance(found, FeedDocument):
                read_whole += not found.known
                entries += len(found.entries)
            for fault in _compare(found, expected, parts, unseen):
                wrong += 1
                print(f"{name}: {fault}")
    print(
        f"growth: {polls} polls ({read_whole} read whole), {entries} entries read, {wrong} differences from the whole"
    )
    return not wrong


def _unseen(parts: Xml | Json, share: float, chance: random.Random) -> frozenset[int]:
    """The numbers of items that are to come later: the first, or a share of them, but never all."""
    count = len(parts.items)
    if share == 0:
        return frozenset({0} if count > 1 else ())
    return frozenset(chance.sample(range(count), min(count - 1, max(1, round(count * share)))))


def _compare(
    found: FeedDocument | Unchanged, expected: FeedDocument, parts: Xml | Json, unseen: frozenset[int]
) -> Iterator[str]:
    """What is wrong. `expected` is the whole; its entries of unseen items are told by reading those one by one."""
    known = {item for number, item in enumerate(parts.items) if number not in unseen}
    new = frozenset(number for number, item in enumerate(parts.items) if item not in known)
    if isinstance(found, Unchanged):
        if new:
            yield "nothing new found"
        return
    entries = {entry.id: entry for entry in found.entries}
    ids = {entry.id for entry in expected.entries}
    due = _of_items(parts, new) & ids if found.known else ids
    for entry in expected.entries:
        if entry.id in due and entries.get(entry.id) != entry:
            yield f"{entry.guid[:80]} differs"
    for id_ in entries.keys() - ids:
        yield f"{id_} is not in the whole"
    for name in ("title", "language", "hints", "shown", "memory"):
        if getattr(found, name) != getattr(expected, name):
            yield f"{name} differs"


def _of_items(parts: Xml | Json, numbers: frozenset[int]) -> set[str]:
    return {entry.id for number in numbers for entry in _whole(parts.only(frozenset({number}))).entries}


def _measure(feeds: dict[str, bytes]) -> None:
    figures = [_figures(body) for body in feeds.values() if _whole(body).memory]
    unremembered = len(feeds) - len(figures)
    print(f"\nms of CPU, median and most, for {len(figures)} feeds; {unremembered} are read whole each time")
    print(f"{'bytes':>22} {'feeds':>5} {'whole':>15} {'nothing new':>15} {'one new item':>15}")
    for least, most in SIZES:
        chosen = [one for one in figures if least <= one.size < most]
        if chosen:
            columns = (_column([getattr(one, name) for one in chosen]) for name in ("whole", "unchanged", "one_new"))
            print(f"{least:>10,}-{most:>11,} {len(chosen):>5}", *columns)
    held_up = [one.unchanged for one in figures if one.light]
    print(f"longest hold-up of the main process: {max(held_up):.1f} ms; {len(figures) - len(held_up)} go to a worker")


def _figures(body: bytes) -> Figures:
    """Of a body that is remembered; then the memory begins with its first item."""
    everything = _whole(body).memory
    fewer = everything[RECORD:]
    return Figures(
        len(body),
        delta.is_light(body),
        _time(lambda: _whole(body)),
        _time(lambda: delta.is_light(body) and delta.compare(body, everything, url=URL, content_type="")),
        _time(lambda: _read(body, fewer)),
    )


def _time(work: Callable[[], object]) -> float:
    spent: list[float] = []
    for _ in range(RUNS):
        start = time.process_time_ns()
        work()
        spent.append((time.process_time_ns() - start) / 1e6)
    return min(spent)


def _column(values: Sequence[float]) -> str:
    return f"{median(values):>7.2f} {max(values):>7.2f}"


def _read(body: bytes, memory: bytes) -> FeedDocument | Unchanged:
    fetched = Fetched(URL, body, "", None, None, None)
    return asyncio.run(read(fetched, memory, feed_id=FEED, now=NOW, run=_here, run_quick=_here))


async def _here(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return function(*args, **kwargs)


def _whole(body: bytes) -> FeedDocument:
    return parse(body, feed_id=FEED, url=URL, content_type="", now=NOW)


def _is_feed(body: bytes) -> bool:
    try:
        return bool(_whole(body).entries)
    except ParseError:
        return False


def _bodies(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if ".tar" in path.suffixes:
            with tarfile.open(path) as archive:
                for member in archive:
                    if (file := archive.extractfile(member)) is not None:
                        yield member.name, file.read()
        elif path.suffix == ".gz":
            yield path.name, gzip.decompress(path.read_bytes())
        elif path.is_file():
            yield path.name, path.read_bytes()


if __name__ == "__main__":
    sys.exit(main())
