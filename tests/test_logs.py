"""What the operator reads on stderr."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

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


@pytest.fixture
def hours() -> Iterator[tuple[io.StringIO, list[float]]]:
    """The program's log by a clock that the test turns."""
    ours, now, stream = logging.getLogger("monitor"), [0.0], io.StringIO()
    before, root = ours.level, logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    logs.set_up(stream, steady=lambda: now[0])
    yield stream, now
    root.handlers[:], logging.raiseExceptions = handlers, raises
    root.setLevel(level)
    ours.setLevel(before)


def test_the_same_trouble_is_told_once_in_ten_minutes(hours: tuple[io.StringIO, list[float]]) -> None:
    """Then with how many lines were left out; other trouble, and news, are told at once."""
    stream, now = hours
    log, at = logging.getLogger("monitor.test"), datetime(2026, 11, 25, tzinfo=UTC)
    for second in range(0, 3_600, 10):
        now[0] = float(second)
        log.warning("feed failed", extra={"feed": "A", "next": at + timedelta(seconds=second)})
        log.info("alert sent", extra={"target": "C1"})
    log.warning("feed failed", extra={"feed": "B"})
    lines = stream.getvalue().splitlines()
    assert 6 == sum("feed=A" in line for line in lines)
    assert 5 == sum("left_out=59" in line for line in lines)
    assert 1 == sum("feed=B" in line for line in lines)
    assert 360 == sum("alert sent" in line for line in lines)


def test_what_is_remembered_of_trouble_is_bounded(hours: tuple[io.StringIO, list[float]]) -> None:
    """A million feeds that fail once each take no memory."""
    log = logging.getLogger("monitor.test")
    for number in range(3 * logs.MOST_REMEMBERED):
        log.warning("feed failed", extra={"feed": number})
    (kept,) = logging.getLogger().handlers[0].filters
    assert logs.MOST_REMEMBERED == len(kept._told)  # type: ignore[union-attr]
