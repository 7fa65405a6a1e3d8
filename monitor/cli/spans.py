"""Options that say how far back to look, as in `--since 30d`, and what is shown while looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from monitor.app.config_values import duration

SHOWN_EVERY = 200  # articles


class _Span(click.ParamType[timedelta]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return duration(value)
        except ValueError as e:
            self.fail(f"{value!r} {e}", param, ctx)


since = click.option("--since", default="30d", show_default=True, type=_Span(), help="How far back: 12h, 30d.")


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """Takes (articles done, of so many); a bar on stderr, if that is a terminal."""
    console = Console(stderr=True)
    columns = TextColumn("Reading the archive"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def show(done: int, total: int) -> None:
            if done % SHOWN_EVERY == 0:
                bar.update(task, completed=done, total=total)

        yield show
