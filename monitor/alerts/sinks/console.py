"""Alerts on a terminal or in a log. A line that was written cannot be looked up, so doubt is told, not settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TextIO

from monitor.alerts.plain_text import text
from monitor.alerts.sink import CONSOLE
from monitor.model import Accepted, Delivery, FindOutcome, Message, NotSent, SendOutcome, Unreadable
from monitor.text import printable

TARGET = "console"


class ConsoleSink:
    """Writes to a text stream, one message after the other."""

    name = CONSOLE
    pace = timedelta(0)
    settle_after = timedelta(0)

    def __init__(self, stream: TextIO, clock: Callable[[], datetime]) -> None:
        self._stream = stream
        self._clock = clock
        self._turn = asyncio.Lock()

    async def send(self, delivery: Delivery) -> SendOutcome:
        """A pipe that nobody reads holds up this message, and nothing else.

        Cancelled while it is being written, the message is written to its end: half of it cannot be taken back, and
        an outcome that nobody heard would have it told twice.
        """
        assert delivery.message is not None  # noqa: S101 - folded deliveries are never sent
        return await self._say(delivery, text(delivery.message, self._clock(), thread=bool(delivery.thread_of)))

    async def edit(self, delivery: Delivery) -> SendOutcome:
        """What was written stays; a line says what has changed."""
        message = delivery.message
        assert isinstance(message, Message)  # noqa: S101 - reports never change
        return await self._say(delivery, _correction(message))

    async def _say(self, delivery: Delivery, text: str) -> SendOutcome:
        async with self._turn:
            writing = asyncio.create_task(asyncio.to_thread(self._write, text))
            with suppress(asyncio.CancelledError):
                await asyncio.shield(writing)
            error = await writing
        return NotSent(f"console: {error}") if error else Accepted(receipt=f"console:{delivery.id}")

    def _write(self, text: str) -> Exception | None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError) as e:
            return e
        return None

    async def find(self, delivery: Delivery) -> FindOutcome:  # noqa: ARG002 - the contract of Sink
        return Unreadable("a console keeps no history", lasting=True)

    async def close(self) -> None:
        """The stream belongs to whoever opened it."""


def _correction(message: Message) -> str:
    changed = (message.caution or message.standing or "Its page has been read: it says so too.").splitlines()
    return "\n" + "\n".join(printable(line) for line in (f"↳ {message.headline}", f"  ! {' '.join(changed)}")) + "\n"
