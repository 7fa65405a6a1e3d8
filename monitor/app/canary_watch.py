"""Watching how far canaries come, and clearing away after them."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from monitor.app.attendants import View
from monitor.app.canary import FEED, RULE
from monitor.errors import StoreError
from monitor.model import Notice
from monitor.spans import spoken
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import Row

log = logging.getLogger(__name__)

LATE = ("canary", "late")

PATIENCE = timedelta(minutes=15)  # from when it should be seen until it should be told
GIVEN_UP = timedelta(hours=1)  # one that no rule matched
CHECK_SECONDS = 5.0


class CanaryWatch:
    """An attendant of the daemon."""

    name = "canary"

    def __init__(self) -> None:
        self._watching: asyncio.Task[None] | None = None
        self._every: timedelta | None = None
        self._since: datetime | None = None  # when canaries began to come so often

    async def open(self, view: View) -> None:
        section = view.parts.config.monitor.canary
        every = None if section is None else section.every
        if self._since is None or every != self._every:  # else a reload now and then would make none ever late
            self._every, self._since = every, view.clock()
        watch = _forget_lateness(view) if every is None else _watch(view, every, self._since)
        self._watching = asyncio.create_task(watch)

    async def close(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None


async def _forget_lateness(view: View) -> None:
    """Nobody waits for canaries any more."""
    try:
        await view.store.change(lambda store: store.notices.end(LATE[0], LATE[1:], None, view.clock()))
    except StoreError as e:
        log.error("cannot look after the canary", extra={"why": str(e)})


async def _watch(view: View, every: timedelta, since: datetime) -> None:
    while True:
        try:
            wrong = await view.store.change(lambda store: look(store, view.clock(), every, since))
            if wrong is not None:
                log.error("the canary did not arrive", extra={"why": wrong})
        except StoreError as e:
            log.error("cannot look after the canary", extra={"why": str(e)})
        except Exception:
            log.exception("cannot look after the canary")
        await asyncio.sleep(CHECK_SECONDS)


def look(store: Store, now: datetime, every: timedelta, since: datetime) -> str | None:
    """End those that have arrived. What is wrong when one is late, in words, the first time that it is seen.

    `since`: before it nobody waited for one.
    """
    for canary in store.canaries.on_their_way(FEED, RULE):
        is_lost = canary["delivery"] is None and now - datetime.fromisoformat(canary["seen_at"]) > GIVEN_UP
        is_well = canary["sent_at"] is not None or _is_copy(canary)
        if is_well or canary["delivery"] == "dead" or is_lost:
            store.canaries.end(canary, None if is_well else _stage(canary))
            store.outdated()
    last = max(store.canaries.last_told() or since, since)
    if now - last <= every + PATIENCE:
        store.notices.end(LATE[0], LATE[1:], "The canary arrives again.", now)
        return None
    is_news = LATE[1] not in store.load.notices()
    where = stuck_at(store, now - 2 * every)
    words = f"The canary has not arrived for {spoken(now - last)}, so news may not come through: {where}."
    if is_news:
        store.notices.add(Notice(*LATE, words), now)
    return words if is_news else None


def _is_copy(canary: Row) -> bool:
    """After a sleep of the machine two come at once. They say the same, so one message tells of both."""
    return canary["told_as"] == "update" and canary["delivery"] is None


def stuck_at(store: Store, since: datetime) -> str:
    """The part of the way that the latest canary did not get through, in words."""
    latest, over = next(reversed(store.canaries.on_their_way(FEED, RULE)), None), store.canaries.last()
    if latest is not None:
        return _stage(latest)
    if over is not None and over["why"] and datetime.fromisoformat(over["seen_at"]) >= since:
        return str(over["why"])
    return "its feed was not looked at, or not understood"


def _stage(canary: Row) -> str:
    if canary["article"] is None:
        return f"it was not read ({canary['reason'] or 'it waits'})"
    if canary["outcome"] != "matched":
        reason = "" if canary["quality"] == "full" else f", as its page could not be read ({canary['quality']})"
        return f"its rule did not match{reason}"
    return f"it was not told ({canary['error'] or canary['delivery'] or 'no message was made'})"
