"""What stands beside the work and watches it: the web server, the heartbeat. None of them can end the service."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.app.build import Parts
from monitor.app.store_thread import StoreThread
from monitor.app.vitals import Pulse, troubles
from monitor.app.workers import Workers
from monitor.errors import StoreError
from monitor.model import Notice
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

KIND = "setup"  # of the notices


@dataclass(frozen=True, slots=True)
class View:
    """The service under one configuration, to be looked at."""

    parts: Parts
    store: StoreThread
    workers: Workers
    pulse: Pulse
    clock: Callable[[], datetime]
    up_since: datetime

    async def troubles(self) -> tuple[str, ...]:
        """Why news may not come through, in words; none when it does."""
        stuck = self.pulse.stuck()
        if stuck:  # perhaps the store, which would not answer
            return stuck
        try:
            found = await self.store.ask(lambda store: troubles(store, self.clock(), up_since=self.up_since))
        except StoreError as e:
            return (str(e),)
        return (*found, self.pulse.store_error) if self.pulse.store_error else found


class Attendant(Protocol):
    """`name`: its section of monitor.yaml. Where that is not there, opening does nothing."""

    name: str

    async def open(self, view: View) -> None:
        """Raises OSError."""

    async def close(self) -> None: ...


class Attendants:
    """All of them, opened anew with each configuration."""

    def __init__(self, attendants: Sequence[Attendant]) -> None:
        self._attendants = attendants

    async def open(self, view: View) -> None:
        for attendant in self._attendants:
            wrong = None
            try:
                await attendant.open(view)
            except OSError as e:
                wrong = str(e)
                log.error("not there, the service goes on without", extra={"section": attendant.name, "why": wrong})
            await _notice(view, attendant.name, wrong)

    async def close(self) -> None:
        for attendant in self._attendants:
            await attendant.close()


async def _notice(view: View, name: str, wrong: str | None) -> None:
    now = view.clock()

    def change(store: Store) -> None:
        if wrong is None:
            store.notices.end(name, {KIND}, f"`{name}` works again.", now)
        else:
            words = f"`{name}` does not work: {wrong}; mend it in monitor.yaml"
            store.notices.add_anew(Notice(name, KIND, words), now)

    try:
        await view.store.change(change)
    except StoreError as e:
        log.error("operators cannot be told", extra={"why": str(e)})
