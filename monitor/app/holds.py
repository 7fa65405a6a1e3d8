"""What hosts asked for outlives the process: a restart is no way around a Retry-After."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from monitor.app.store_thread import StoreThread
from monitor.http import Http


class Holds:
    """Writes down how long hosts want to be left alone, and takes it up again."""

    def __init__(self, store: StoreThread, http: Http, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._http = http
        self._clock = clock
        self._kept: Mapping[str, datetime] = {}

    async def keep(self) -> None:
        """To be called after requests."""
        holds = self._http.holds()
        if holds != self._kept:
            self._kept = holds
            await self._store.change(lambda store: store.feeds.save_holds(holds))

    async def take_up(self) -> None:
        """To be called before the first request."""
        now = self._clock()
        for host, until in (await self._store.ask(lambda store: store.feeds.holds(now))).items():
            self._http.hold(host, until)
