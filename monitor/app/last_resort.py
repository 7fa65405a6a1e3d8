"""The end of a stop that does not end: whatever hangs, the process says what it waits for, and goes.

What is due is in the database before it is done, so going is safe. It stands in a thread of its own, as the event loop
may be what hangs, and is begun by the signal itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from queue import SimpleQueue
from typing import Final

log = logging.getLogger(__name__)

# A message that is being sent gets 30 s. systemd waits 90 s, and would not say what for.
STOP_AT_MOST: Final = timedelta(seconds=60)
# Once all is closed only threads are left that nobody needs any more, such as those that ask a dead name server.
LEAVE_AT_MOST: Final = timedelta(seconds=3)
EXIT_HUNG: Final = 1
MOST_NAMES: Final = 20
_TICK_SECONDS: Final = 0.2
_SAY_SECONDS: Final = 2.0


@dataclass(slots=True)
class Stopping:
    """How far a stop has come."""

    begun: SimpleQueue[None] = field(default_factory=SimpleQueue)  # what a signal handler may use, also within another
    closed: bool = False  # all that matters
    waits_for: str = "the daemon's own round"


def end_by_force(stopping: Stopping, *, within: timedelta = STOP_AT_MOST, leave: timedelta = LEAVE_AT_MOST) -> None:
    """Ends the process so long after the stop began, or after all is closed, if it still runs then."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        stopping.begun.get()
        hung_at = time.monotonic() + within.total_seconds()
        while not stopping.closed and time.monotonic() < hung_at:
            time.sleep(_TICK_SECONDS)
        if stopping.closed:
            time.sleep(leave.total_seconds())
            _say(log.info, "left without waiting for threads that nobody needs", threads=_threads())
            os._exit(0)
        words = "the stop hangs and is ended; what is due is in the database"
        _say(log.error, words, waits_for=stopping.waits_for, tasks=_tasks(loop), threads=_threads())
        os._exit(EXIT_HUNG)

    threading.Thread(target=watch, name="last-resort", daemon=True).start()


def _say(level: Callable[..., None], words: str, **facts: str) -> None:
    """Not for long: it may be the log that hangs, as a pipe that nobody reads does."""
    saying = threading.Thread(target=level, args=[words], kwargs={"extra": facts}, daemon=True)
    saying.start()
    saying.join(_SAY_SECONDS)


def _tasks(loop: asyncio.AbstractEventLoop) -> str:
    try:
        return _some(f"{task.get_name()} in {_place(task)}" for task in asyncio.all_tasks(loop))
    except RuntimeError:  # they change while we look
        return "unknown"


def _place(task: asyncio.Task[object]) -> str:
    return getattr(task.get_coro(), "__qualname__", "?")


def _threads() -> str:
    """Where each of the others is; those of a pool together."""
    frames = sys._current_frames()
    others = (thread for thread in threading.enumerate() if thread is not threading.current_thread())
    codes = [
        (thread.name.partition("_")[0], frames[thread.ident].f_code) for thread in others if thread.ident in frames
    ]
    places = Counter(f"{name} in {code.co_qualname}" for name, code in codes)
    return _some(place if number == 1 else f"{number} times {place}" for place, number in places.items())


def _some(names: Iterable[str]) -> str:
    every = sorted(names)
    more = f" and {len(every) - MOST_NAMES} more" if len(every) > MOST_NAMES else ""
    return ", ".join(every[:MOST_NAMES]) + more
