"""The console as a pipe: read slowly, not at all, or closed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import TextIO

import pytest

from monitor.alerts.sinks.console import ConsoleSink
from monitor.model import Accepted, Delivery, NotSent
from tests.builders import NOON, delivery, message

BIG = "tanks " * 40_000  # far more than the 64 KiB that a pipe holds


class Pipe:
    """A pipe whose reading end nobody reads until a test does."""

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        self.stream: TextIO = os.fdopen(writing, "w", encoding="utf-8")

    async def read_until(self, words: str) -> str:
        """Everything up to these words, which must come within seconds."""
        read = b""
        async with asyncio.timeout(20):
            while words.encode() not in read:
                read += await asyncio.to_thread(os.read, self._reading, 1 << 16)
        return read.decode()

    def rest(self) -> str:
        """What else was written before this end was closed."""
        self.stream.close()
        read = b""
        while part := os.read(self._reading, 1 << 16):
            read += part
        return read.decode()

    def hang_up(self) -> None:
        with suppress(OSError):
            os.close(self._reading)

    def close(self) -> None:
        self.hang_up()
        with suppress(OSError):
            self.stream.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


@pytest.fixture
async def sink(pipe: Pipe) -> AsyncIterator[ConsoleSink]:
    sink = ConsoleSink(pipe.stream, lambda: NOON)
    yield sink
    await sink.close()


def big(headline: str) -> Delivery:
    return delivery(headline, message=message(headline, caution=f"{BIG} end of {headline}"))


async def test_the_loop_lives_while_nobody_reads(sink: ConsoleSink, pipe: Pipe) -> None:
    """A full pipe holds up its message and nothing else; when it is read the message is there once."""
    sending = asyncio.create_task(sink.send(big("one")))
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert not sending.done()
    read = await pipe.read_until("end of one")
    assert Accepted("console:one") == await sending
    assert 1 == (read + pipe.rest()).count("end of one")


async def test_messages_keep_their_order(sink: ConsoleSink, pipe: Pipe) -> None:
    """One message is written to its end before the next begins."""
    names = [f"message {n}" for n in range(5)]
    sending = [asyncio.create_task(sink.send(big(name))) for name in names]
    read = await pipe.read_until("end of message 4")
    await asyncio.gather(*sending)
    read += pipe.rest()
    marks = [line.split("  ", 1)[1] for line in read.splitlines() if line.startswith("■")]
    assert names == marks
    assert [name for name in names if read.count(f"end of {name}") == 1] == names


async def test_a_cancelled_message_is_neither_lost_nor_halved(sink: ConsoleSink, pipe: Pipe) -> None:
    """What is being written is written to its end, and whoever sent it hears so."""
    sending = asyncio.create_task(sink.send(big("one")))
    await asyncio.sleep(0.05)
    sending.cancel()
    await asyncio.sleep(0.05)
    assert not sending.done()
    read = await pipe.read_until("end of one")
    assert Accepted("console:one") == await sending
    assert Accepted("console:two") == await sink.send(delivery("two"))
    assert 1 == (read + pipe.rest()).count("end of one")


async def test_a_message_that_waits_its_turn_can_be_cancelled(sink: ConsoleSink, pipe: Pipe) -> None:
    """Nothing of it is written."""
    first = asyncio.create_task(sink.send(big("one")))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(sink.send(big("two")))
    await asyncio.sleep(0.05)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    read = await pipe.read_until("end of one")
    await first
    assert "two" not in read + pipe.rest()


async def test_a_closed_pipe_is_a_clear_no(sink: ConsoleSink, pipe: Pipe) -> None:
    """Nobody hears the message, so it waits."""
    pipe.hang_up()
    outcome = await sink.send(delivery("one"))
    assert isinstance(outcome, NotSent)
    assert outcome.error.startswith("console: ")


async def test_lateness_is_told_by_the_clock_that_was_handed_in(pipe: Pipe) -> None:
    """The sink reads no clock of its own."""
    sink = ConsoleSink(pipe.stream, lambda: NOON + timedelta(hours=2))
    await sink.send(delivery("one"))
    assert "Delayed 2 h 0 min" in pipe.rest()
