"""Logs for the operator, on stderr: an event in plain words, the facts as fields. Never a secret."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from monitor.text import printable

_SECRETS = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|hooks\.slack\.com/services/\S+")
_TIME = "%Y-%m-%dT%H:%M:%SZ"
QUIET_SECONDS = 600.0
MOST_REMEMBERED = 1_000  # kinds of trouble
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class _Line(logging.Formatter):
    """`2026-11-25T03:04:05Z level event key=value …`; control characters and secrets are blotted out."""

    def format(self, record: logging.LogRecord) -> str:
        moment = self.formatTime(record, _TIME)
        facts = " ".join(f"{key}={_quoted(value)}" for key, value in vars(record).items() if key not in _STANDARD)
        line = f"{moment} {record.levelname.lower():7} {record.getMessage()}" + (f"  {facts}" if facts else "")
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redact(printable(line))


class _Once(logging.Filter):
    """The same trouble again and again is one line in ten minutes, which says how many were left out."""

    def __init__(self, steady: Callable[[], float]) -> None:
        super().__init__()
        self._steady = steady
        self._told: OrderedDict[tuple[object, ...], tuple[float, int]] = OrderedDict()  # when, and how often since

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        # Times are left out: "trying again at" is another one each time.
        facts = sorted(
            (key, str(value))
            for key, value in vars(record).items()
            if key not in _STANDARD and not isinstance(value, datetime)
        )
        what, now = (record.name, record.levelno, record.getMessage(), *facts), self._steady()
        at, left_out = self._told.pop(what, (-QUIET_SECONDS, 0))
        if now - at < QUIET_SECONDS:
            self._told[what] = at, left_out + 1
            return False
        self._told[what] = now, 0
        if len(self._told) > MOST_REMEMBERED:
            self._told.popitem(last=False)
        if left_out:
            record.left_out = left_out
        return True


def redact(text: str) -> str:
    """Tokens and webhook addresses become `[secret]`."""
    return _SECRETS.sub("[secret]", text)


def set_up(
    stream: TextIO | None = None, *, verbose: bool = False, steady: Callable[[], float] = time.monotonic
) -> None:
    """The program's own words at INFO; libraries only when something is wrong. `steady`: seconds, for repetitions."""
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = _Line()
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(_Once(steady))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("monitor").setLevel(logging.DEBUG if verbose else logging.INFO)
    # Its every tick would be a line.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.raiseExceptions = False  # a closed stderr must not stop the daemon


def _quoted(value: object) -> str:
    shown = value.astimezone(UTC).strftime(_TIME) if isinstance(value, datetime) else str(value)
    text = " ".join(shown.split())
    return f'"{text}"' if " " in text else text
