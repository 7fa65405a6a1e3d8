"""Alerts on a terminal or in a log. A line that was written cannot be looked up, so doubt is told, not settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TextIO

from monitor.alerts.message import caution, delay, matched_words, provenance, sentences
from monitor.model import Accepted, Delivery, FindOutcome, Message, NotSent, SendOutcome, Unreadable
from monitor.text import printable

TARGET = "console"


class ConsoleSink:
    """Writes to a text stream."""

    name = "console"
    pace = timedelta(0)
    settle_after = timedelta(0)

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    async def send(self, delivery: Delivery) -> SendOutcome:
        assert delivery.message is not None  # noqa: S101 - folded deliveries are never sent
        try:
            self._stream.write(render(delivery.message, datetime.now(UTC), thread=bool(delivery.thread_of)))
            self._stream.flush()
        except (OSError, ValueError) as e:
            return NotSent(f"console: {e}")
        return Accepted(receipt=f"console:{delivery.id}")

    async def find(self, delivery: Delivery) -> FindOutcome:  # noqa: ARG002 - the contract of Sink
        return Unreadable("a console keeps no history", lasting=True)

    async def close(self) -> None:
        """The stream belongs to whoever opened it."""


def render(message: Message, now: datetime, *, thread: bool = False) -> str:
    """Plain text without any control character: what comes from the web cannot drive the terminal."""
    mark = "↳ UPDATE" if thread else f"■ {message.severity.upper()}"
    lines = ["", f"{mark}  {message.headline}", f"  {provenance(message)}"]
    if message.url:
        lines.append(f"  {message.url}")
    lines += [f"  ! {note}" for note in (caution(message), delay(message, now)) if note]
    for reason in message.reasons:
        lines.append(f"  ● {reason.title} [{reason.rule}]: {', '.join(matched_words(reason.hits))}")
        lines += [f"      “{sentence}”" for sentence in sentences(reason.hits)]
    return "\n".join(printable(" ".join(line.splitlines())) for line in lines) + "\n"
