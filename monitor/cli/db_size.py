"""The database's size in words, for `status` and `db check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitor.store.sqlite.size_rows import MEASURE, Size

_SHOWN = 5  # parts; together they are nearly all


def sentence(size: Size) -> str:
    """`98 MB with 34,000 articles: 280 MB for each 100,000`."""
    now = f"{_mb(size.file)} with {size.articles:,} articles"
    free = f", {_mb(size.free)} of it free" if size.free >= size.file // 10 else ""
    each = "" if size.per_measure is None else f": {_mb(size.per_measure)} for each {MEASURE:,}"
    return f"{now}{free}{each}"


def lines(size: Size, parts: Mapping[str, int] | None) -> Iterator[str]:
    """The parts that take most, each with what it takes for so many articles, or with what it takes now."""
    if parts is None:
        yield "  What takes most is not known: this Python's SQLite was built without dbstat."
        return
    whole, largest = max(sum(parts.values()), 1), dict(list(parts.items())[:_SHOWN])
    for name, taken in {**largest, "all the rest": sum(parts.values()) - sum(largest.values())}.items():
        share = size.share(taken)
        yield f"  {_mb(taken if share is None else share):>9} {taken / whole:4.0%}  {name}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 10e6 else f"{size / 1e6:.1f} MB"
