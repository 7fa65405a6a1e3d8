"""Messages that no sink would take: a person has them tried again, or drops them with what waits in vain."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from monitor.app.commands import SignedVerb, Verb
from monitor.app.deliverer import WAITS
from monitor.errors import Refused
from monitor.model import DeliveryId
from monitor.store.sqlite.store import Store

ALL = "--all"
PLACE = "--place"


class DeadLetters:
    """`sinks`: those that are set up."""

    def __init__(self, clock: Callable[[], datetime], *, sinks: Collection[str]) -> None:
        self._clock = clock
        self._sinks = frozenset(sinks)

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """Each takes the arguments of its command and says what was done. Raises Refused."""
        return {"alerts release": self.release}

    @property
    def signed_verbs(self) -> Mapping[str, SignedVerb]:
        return {"alerts drop": self.drop}

    def release(self, store: Store, names: Sequence[str]) -> str:
        """`names`: the beginnings of the deliveries' ids, or --all; what was dropped must be named."""
        named = (_named(store.deliveries.dead(name, dropped=True), name) for name in names)
        found = set(store.deliveries.dead() if ALL in names else named)
        for delivery in found:
            store.deliveries.revive(delivery, self._clock())
        return f"{_messages(len(found))} that had been given up will be tried again."

    def drop(self, store: Store, arguments: Sequence[str], by: str) -> str:
        """The beginnings of the ids of dead letters; or --place, a sink and a target: all that waits there, too."""
        if PLACE in arguments:
            _, sink, target = arguments
            return self._drop_place(store, sink, target, by)
        found = {_named(store.deliveries.dead(name), name) for name in arguments}
        for delivery in found:
            store.deliveries.drop(delivery, by)
        return f"{_messages(len(found))} dropped."

    def _drop_place(self, store: Store, sink: str, target: str, by: str) -> str:
        """What may have arrived is dropped only where nobody will ever look: a sink that is there settles it."""
        owed = store.deliveries.owed(sink=sink, target=target, doubtful=sink not in self._sinks)
        if not owed:
            raise Refused(f"nothing waits for {sink} {target}; `status` shows what does")
        for delivery in owed:
            store.deliveries.drop(delivery, by)
        about = f"{sink} {target}"
        store.notices.end(about, WAITS, f"What waited for {about} was dropped by {by}.", self._clock())
        if all(head.sink != sink for head in store.deliveries.heads()):
            store.notices.end(sink, {"absent"}, f"What waited for {sink} was dropped by {by}.", self._clock())
        return f"{_messages(len(owed))} for {about} dropped."


def _named(found: Sequence[DeliveryId], name: str) -> DeliveryId:
    if len(found) == 1:
        return found[0]
    why = (
        "fits more than one message; write more of it"
        if found
        else "is no message that was given up; `alerts dead` lists those"
    )
    raise Refused(f"{name!r} {why}")


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"
