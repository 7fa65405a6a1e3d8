"""The time, so that tests can hand in another one, and a watch on the clock that tells it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LEAST_STEP = timedelta(seconds=2)  # what is less is drift that the time service takes out


def utc_now() -> datetime:
    return datetime.now(UTC)


class ClockWatch:
    """Notices that the wall clock was set back, by a clock that cannot be.

    A step ahead needs nothing: what was planned is due earlier. After a step back all plans would wait for as long as
    the step was. A process that was held, or a machine that slept, sees no step back.
    """

    def __init__(self, clock: Callable[[], datetime], steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._offset = self._measured()

    def set_back_by(self) -> timedelta | None:
        """How far the clock was set back since the last call; None when it was not."""
        offset = self._measured()
        step = self._offset - offset
        self._offset = offset
        return step if step >= LEAST_STEP else None

    def _measured(self) -> timedelta:
        return self._clock() - datetime.fromtimestamp(0, UTC) - timedelta(seconds=self._steady())
