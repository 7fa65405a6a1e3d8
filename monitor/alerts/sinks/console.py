"""Alerts on a terminal or in a log. A line that was written cannot be looked up, so doubt is told, not settled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TextIO

from monitor.alerts.digest import about, heading, more
from monitor.alerts.message import changed, matched_words, news, notes, provenance, report_lines, sentences
from monitor.model import Accepted, Delivery, Digest, FindOutcome, Message, NotSent, Report, SendOutcome, Unreadable
from monitor.text import printable

TARGET = "console"


class ConsoleSink:
    """Writes to a text stream, one message after the other."""

    name = "console"
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
        return await self._say(delivery, _rendered(delivery.message, self._clock(), thread=bool(delivery.thread_of)))

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


def _rendered(message: Message | Report | Digest, now: datetime, *, thread: bool) -> str:
    if isinstance(message, Digest):
        return "\n".join(printable(line) for line in _digest(message)) + "\n"
    if isinstance(message, Report):
        return "\n".join(printable(f"▲ {line}") for line in ("OPERATIONS", *report_lines(message))) + "\n"
    return render(message, now, thread=thread)


def _digest(digest: Digest) -> Iterator[str]:
    yield ""
    yield f"▣ {heading(digest)}"
    yield from (f"  {line}" for line in digest.lines)
    for item in digest.items:
        yield f"  ■ {item.severity.upper()}  {item.headline}"
        yield f"      {' · '.join(about(item))}"
        if item.url:
            yield f"      {item.url}"
    if rest := more(digest):
        yield f"  {rest}"


def render(message: Message, now: datetime, *, thread: bool = False) -> str:
    """Plain text without any control character: what comes from the web cannot drive the terminal."""
    follows = "↳ CORRECTION" if message.changes else "↳ UPDATE"
    mark = follows if thread else f"■ {message.severity.upper()}"
    lines = ["", f"{mark}  {message.headline}", f"  {provenance(message)}"]
    if message.url:
        lines.append(f"  {message.url}")
    lines += [f"  ! {note}" for note in notes(message, now)]
    for label, *shown in map(changed, message.changes):
        lines += [f"  ± {label}", *(f"      {line}" for line in shown)]
    for added in message.additions if thread else ():
        lines += [f"  + {news(added)}", f"      “{added.sentence}”"]
    for reason in message.reasons:
        lines.append(f"  ● {reason.title} [{reason.rule}]: {', '.join(matched_words(reason.hits))}")
        lines += [f"      “{sentence}”" for sentence in sentences(reason.hits)]
    return "\n".join(printable(" ".join(line.splitlines())) for line in lines) + "\n"
