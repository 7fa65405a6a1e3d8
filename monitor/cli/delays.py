"""`feeds delays`: how long news takes from each publisher to the readers, and where the time goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from monitor.cli.common import Place, json_lines, reading_store, say, show_json, speaking
from monitor.cli.moments import Moment
from monitor.store.sqlite.delay_rows import STAGES

PERCENTILES = (50, 90, 99)
_HEADS = ("→ seen", "→ read", "→ matched", "→ posted", "in all")


@click.command()
@click.option("--since", type=Moment(), metavar="TIME", default="7d", show_default=True, help="Of what was seen since.")
@json_lines
@click.pass_obj
@speaking()
def delays(place: Place, since: datetime, as_json: bool) -> None:
    """How late each feed's news comes to readers.

    Medians and 90th percentiles of each part of the way; with --json in seconds. The first part is the publisher's and
    the schedule's, the others are this program's. The slowest feeds come first.
    """
    found = reading_store(place).delays.delays(since)
    rows = sorted(((name, summary(stages)) for name, stages in found.items()), key=_slowest_first)
    if not as_json and rows:
        say(" ".join(f"{head:>16}" for head in _HEADS) + "  feed")
    for name, stages in rows:
        if as_json:
            show_json({"feed": name, **stages})
            continue
        say(" ".join(f"{_cell(stages[stage]):>16}" for stage in STAGES) + f"  {name}")


def summary(stages: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Any]]:
    """Of each stage how often it was measured, and percentiles in seconds; null where it never was."""
    return {stage: _summed(stages.get(stage, ())) for stage in STAGES}


def _summed(seconds: Sequence[float]) -> dict[str, Any]:
    return {"n": len(seconds), **{f"p{p}": percentile(seconds, p) for p in PERCENTILES}}


def percentile(ascending: Sequence[float], p: int) -> float | None:
    """The smallest value that so many in a hundred do not exceed."""
    if not ascending:
        return None
    return round(ascending[max(-(-len(ascending) * p // 100), 1) - 1], 1)


def _slowest_first(row: tuple[str, Mapping[str, Mapping[str, Any]]]) -> tuple[float, str]:
    return -(row[1]["published_to_seen"]["p90"] or 0.0), row[0]


def _cell(stage: Mapping[str, Any]) -> str:
    return "-" if not stage["n"] else f"{_short(stage['p50'])} … {_short(stage['p90'])}"


def _short(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.1f}s" if seconds < 10 else f"{seconds:.0f}s"
