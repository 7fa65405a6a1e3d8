"""A heartbeat that somebody else listens for: when it stops coming, he speaks up, whatever became of this machine.

It beats only while news comes through (`View.troubles`); otherwise it says so at `…/fail`, as healthchecks.io and its
kin have it. The address is a secret: whoever knows it can feign our health, so it is in no log.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

from monitor.app.attendants import View
from monitor.errors import FetchError

log = logging.getLogger(__name__)

RETRY = timedelta(seconds=30)  # after a beat that did not get through
MAX_ANSWER_BYTES = 10_000


class DeadManSwitch:
    """An attendant of the daemon."""

    name = "heartbeat"

    def __init__(self) -> None:
        self._beating: asyncio.Task[None] | None = None

    async def open(self, view: View) -> None:
        section = view.parts.config.monitor.heartbeat
        if section is None:
            return
        if section.url is None:
            log.warning("no heartbeat: the secret that `heartbeat.url` names is not set")
            return
        self._beating = asyncio.create_task(_beat(view, section.url, section.every))

    async def close(self) -> None:
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
            self._beating = None


async def _beat(view: View, url: str, every: timedelta) -> None:
    was_well = True
    while True:
        wrong = await view.troubles()
        if wrong and was_well:
            log.error("news may not come through, the heartbeat says so", extra={"why": "; ".join(wrong)})
        was_well = not wrong
        heard = await _call(view, failing(url) if wrong else url)
        await asyncio.sleep((every if heard else min(every, RETRY)).total_seconds())


async def _call(view: View, url: str) -> bool:
    """Whether it was heard."""
    try:
        response = await view.parts.http.get(url, max_bytes=MAX_ANSWER_BYTES, cut=True)
    except FetchError as e:
        why = str(e).replace(url, "[secret]")
    except Exception as e:
        # It must beat on, whatever we fail over; of that only the kind, as the words may have the address.
        why = type(e).__name__
    else:
        if 200 <= response.status < 300:
            return True
        why = f"it was answered with {response.status}"
    log.warning("the heartbeat was not heard", extra={"why": why})
    return False


def failing(url: str) -> str:
    """Where trouble is told: a query stays where it is."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))
