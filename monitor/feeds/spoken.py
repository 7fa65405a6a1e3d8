"""Lengths of time as people say them, and as the configuration wants them written."""

from __future__ import annotations

from datetime import timedelta

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_ROOM = 2  # of a unit, before the next smaller one is said instead


def spoken(duration: timedelta) -> str:
    """`90 minutes`, `3 days`: one unit, rounded down."""
    seconds = max(int(duration.total_seconds()), 0)
    name, size = next((unit for unit in _UNITS if seconds >= _ROOM * unit[1]), _UNITS[-1])
    count = seconds // size
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def written(duration: timedelta) -> str:
    """`90m`, `2h`: exact to the second."""
    seconds = int(duration.total_seconds())
    size, letter = next(((size, name[0]) for name, size in _UNITS if seconds % size == 0), (1, "s"))
    return f"{seconds // size}{letter}"
