"""Lengths of time: as people write them in the configuration and in commands, and as they are told."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_SIZES = {name[0]: size for name, size in UNITS}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_LONGEST = timedelta(days=100_000)  # more means nothing, and a number may be of any length
_ROOM = 2  # of a unit, before the next smaller one is said instead


def span(text: object) -> timedelta | None:
    """What `30s`, `1.5h` or `2 d` says, in s, m, h, d or w; None for what says nothing."""
    match = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    return timedelta(seconds=min(float(match[1]) * _SIZES[match[2]], _LONGEST.total_seconds()))


def spoken(duration: timedelta) -> str:
    """`90 minutes`, `3 days`: one unit, rounded down."""
    seconds = max(int(duration.total_seconds()), 0)
    name, size = next((unit for unit in UNITS[1:] if seconds >= _ROOM * unit[1]), UNITS[-1])
    count = seconds // size
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def written(duration: timedelta) -> str:
    """`90m`, `2h`: exact to the second."""
    seconds = int(duration.total_seconds())
    size, letter = next(((size, name[0]) for name, size in UNITS[1:] if seconds % size == 0), (1, "s"))
    return f"{seconds // size}{letter}"


def brief(duration: timedelta) -> str:
    """`90 s`, `10 min`, `2 h`: exact to the second."""
    seconds = round(duration.total_seconds())
    if seconds % 3_600 == 0:
        return f"{seconds // 3_600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"
