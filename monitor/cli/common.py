"""What the commands share: where the configuration is, how results and errors are shown."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click

from monitor.app import config as configuration
from monitor.errors import ConfigError, NewsMonitorError, StoreBusy, StoreError, StoreUnusable
from monitor.store.sqlite.connection import store_error
from monitor.store.sqlite.store import Store
from monitor.text import printable

P = ParamSpec("P")
T = TypeVar("T")

# sysexits.h has numbers for these two; 0, 1 and 2 mean good, "found something wrong" and "wrong usage".
EXIT_FOUND = 1
EXIT_USAGE = 2
EXIT_BUSY = 75
EXIT_CONFIG = 78
EXIT_INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT

SYSTEM_DIRECTORY = Path("/etc/news-monitor")

json_document = click.option("--json", "as_json", is_flag=True, help="One JSON document.")
json_lines = click.option("--json", "as_json", is_flag=True, help="One JSON document a line.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the configuration is; found out only when a command needs it."""

    given: Path | None

    @property
    def directory(self) -> Path:
        if self.given is not None:
            return self.given
        named = os.environ.get("NEWS_MONITOR_CONFIG")
        if named:
            return Path(named)
        local = Path("config")
        return local if local.is_dir() or not SYSTEM_DIRECTORY.is_dir() else SYSTEM_DIRECTORY


def speaking(*, unusable: int = EXIT_USAGE, failed: int = EXIT_USAGE) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Our errors become sentences on stderr and an exit code; anything else is a bug and keeps its traceback.

    `unusable`: the exit code when a person must mend the configuration or the database first; `failed`: when trying
    again may help.
    """

    def decorate(command: Callable[P, T]) -> Callable[P, T]:
        @wraps(command)
        def spoken(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return command(*args, **kwargs)
            except ConfigError as e:
                show_problems(e.problems)
                sys.exit(unusable)
            except StoreBusy as e:
                complain(str(e))
                sys.exit(EXIT_BUSY)
            except (StoreError, sqlite3.Error) as e:
                trouble = store_error(e) if isinstance(e, sqlite3.Error) else e
                complain(str(trouble))
                sys.exit(unusable if isinstance(trouble, StoreUnusable) else failed)
            except NewsMonitorError as e:
                complain(str(e))
                sys.exit(failed)
            except BrokenPipeError:
                raise  # whoever read the results has enough; click ends quietly
            except OSError as e:
                complain(f"{e.filename or 'a file'}: {e.strerror or e}; check that it is there and that you may use it")
                sys.exit(failed)

        return spoken

    return decorate


def show_problems(problems: Iterable[object]) -> None:
    for problem in problems:
        complain(str(problem))


def complain(sentence: str) -> None:
    click.echo(printable(sentence), err=True)


def say(text: str = "") -> None:
    """A line of result. Text from the web cannot drive the terminal."""
    click.echo(printable(text))


def program() -> str:
    """The command as the user typed it, for hints that can be pasted."""
    return sys.argv[0] if sys.argv[0].endswith("news-monitor") else "news-monitor"


def show_json(value: Any) -> None:
    """On one line, in readable letters. What could drive a terminal, or turn its text round, is escaped."""
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    click.echo("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


def reading_store(place: Place) -> Store:
    """The database named by monitor.yaml, read-only. Raises ConfigError or StoreError."""
    return Store.reader(Path(configuration.load_monitor(place.directory).database))


def perform(place: Place, name: str, arguments: Sequence[str]) -> None:
    """Have the daemon do what a person asks for, or do it here when none runs; and say what was done."""
    from monitor.app import control
    from monitor.app.alone import perform_alone
    from monitor.app.commands import Command

    database = Path(configuration.load_monitor(place.directory).database)
    try:
        say(control.ask(database, name, arguments))
    except control.NoDaemon:
        command = Command(name, tuple(arguments), getpass.getuser())
        say(asyncio.run(perform_alone(configuration.load(place.directory), command)))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    return str(value)
