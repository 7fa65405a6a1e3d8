"""Logs for the operator, on stderr: an event in plain words, the facts as fields. Never a secret."""

from __future__ import annotations

import logging
import re
import sys
import time
from datetime import UTC, datetime
from typing import TextIO

from monitor.text import printable

_SECRETS = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|hooks\.slack\.com/services/\S+")
_TIME = "%Y-%m-%dT%H:%M:%SZ"
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


def redact(text: str) -> str:
    """Tokens and webhook addresses become `[secret]`."""
    return _SECRETS.sub("[secret]", text)


def set_up(stream: TextIO | None = None, *, verbose: bool = False) -> None:
    """The program's own words at INFO; libraries only when something is wrong."""
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = _Line()
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
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
