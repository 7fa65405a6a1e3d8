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
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

log = logging.getLogger(__name__)

# A message that is being sent gets 30 s. systemd waits 90 s, and would not say what for.
STOP_AT_MOST: Final = timedelta(seconds=60)
# Once all is closed only threads are left that nobody needs any more, such as those that ask a dead name server.
LEAVE_AT_MOST: Final = timedelta(seconds=3)
EXIT_HUNG: Final = 1
_TICK_SECONDS: Final = 0.2
_SAY_SECONDS: Final = 2.0


@dataclass(slots=True)
class Stopping:
    """How far a stop has come."""

    begun: threading.Event = field(default_factory=threading.Event)
    closed: bool = False  # all that matters
    waits_for: str = "the daemon's own round"


def end_by_force(
    stopping: Stopping,
    *,
    within: timedelta = STOP_AT_MOST,
    leave: timedelta = LEAVE_AT_MOST,
    end: Callable[[int], object] = os._exit,
) -> None:
    """Ends the process so long after the stop began, or after all is closed, if it still runs then."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        stopping.begun.wait()
        hung_at = time.monotonic() + within.total_seconds()
        while not stopping.closed and time.monotonic() < hung_at:
            time.sleep(_TICK_SECONDS)
        if stopping.closed:
            time.sleep(leave.total_seconds())
            _say(log.warning, "left without waiting for threads that nobody needs", threads=_threads())
            end(0)
            return
        words = "the stop hangs and is ended; what is due is in the database"
        _say(log.error, words, waits_for=stopping.waits_for, tasks=_tasks(loop), threads=_threads())
        end(EXIT_HUNG)

    threading.Thread(target=watch, name="last-resort", daemon=True).start()


def _say(level: Callable[..., None], words: str, **facts: str) -> None:
    """Not for long: it may be the log that hangs, as a pipe that nobody reads does."""
    saying = threading.Thread(target=level, args=[words], kwargs={"extra": facts}, daemon=True)
    saying.start()
    saying.join(_SAY_SECONDS)


def _tasks(loop: asyncio.AbstractEventLoop) -> str:
    try:
        return ", ".join(sorted(map(_name, asyncio.all_tasks(loop))))
    except RuntimeError:  # they change while we look
        return "unknown"


def _name(task: asyncio.Task[object]) -> str:
    return f"{task.get_name()} in {getattr(task.get_coro(), '__qualname__', '?')}"


def _threads() -> str:
    """Where each of the others is."""
    frames = sys._current_frames()
    others = (thread for thread in threading.enumerate() if thread is not threading.current_thread())
    places = {thread.name: frames[thread.ident].f_code for thread in others if thread.ident in frames}
    return ", ".join(f"{name} in {code.co_qualname}" for name, code in sorted(places.items()))
