"""Messages that no sink would take, put back by a person once what stood in their way is mended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from monitor.app.commands import Verb
from monitor.errors import Refused
from monitor.model import DeliveryId
from monitor.store.sqlite.store import Store

ALL = "--all"


class DeadLetters:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """Each takes the arguments of its command and says what was done. Raises Refused."""
        return {"alerts release": self.release}

    def release(self, store: Store, names: Sequence[str]) -> str:
        """`names`: the beginnings of the deliveries' ids, or --all."""
        found = store.deliveries.dead() if ALL in names else [self._named(store, name) for name in names]
        for delivery in dict.fromkeys(found):
            store.deliveries.revive(delivery, self._clock())
        count = len(set(found))
        return f"{count} message{'' if count == 1 else 's'} that had been given up will be tried again."

    def _named(self, store: Store, name: str) -> DeliveryId:
        found = store.deliveries.dead(name)
        if len(found) == 1:
            return found[0]
        why = (
            "fits more than one message; write more of it"
            if found
            else "is no message that was given up; `alerts dead` lists those"
        )
        raise Refused(f"{name!r} {why}")
