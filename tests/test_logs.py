"""What the operator reads on stderr."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from monitor.app import logs


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What goes to a stream while the program's own logging is set up."""
    root, ours = logging.getLogger(), logging.getLogger("monitor")
    before = root.handlers[:], root.level, ours.level, logging.raiseExceptions
    stream = io.StringIO()
    logs.set_up(stream)
    yield stream
    root.handlers[:], level, own, logging.raiseExceptions = before
    root.setLevel(level)
    ours.setLevel(own)


@pytest.mark.parametrize(
    ("fact", "shown"),
    [
        ("plain", "fact=plain"),
        ("two  words", 'fact="two words"'),
        (datetime(2026, 11, 25, 13, 30, tzinfo=timezone(timedelta(hours=1))), "fact=2026-11-25T12:30:00Z"),
        ("xoxb-1234-abcd", "fact=[secret]"),
        ("https://hooks.slack.com/services/T0/B0/x", "fact=https://[secret]"),
        ("\x1b[2J", "fact=\ufffd[2J"),
        ("\u202egnp.exe", "fact=\ufffdgnp.exe"),
    ],
)
def test_a_fact_is_shown_plainly_and_cannot_drive_the_terminal(lines: io.StringIO, fact: object, shown: str) -> None:
    """Times in UTC, tokens blotted out, and nothing that moves the cursor or turns text round."""
    logging.getLogger("monitor.test").info("something", extra={"fact": fact})
    assert lines.getvalue().endswith(f" info    something  {shown}\n")


def test_a_traceback_keeps_no_secret(lines: io.StringIO) -> None:
    """An error's words may be those of a request."""
    try:
        raise RuntimeError("refused: xoxb-1234-abcd")
    except RuntimeError:
        logging.getLogger("monitor.test").exception("failed")
    assert "RuntimeError: refused: [secret]" in lines.getvalue()
    assert "xoxb" not in lines.getvalue()
