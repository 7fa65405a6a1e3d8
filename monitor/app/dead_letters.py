"""Messages that are given up, by a sink or a person, and put back by a person who mended what stood in their way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from monitor.app.commands import SignedVerb, Verb
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

    @property
    def signed_verbs(self) -> Mapping[str, SignedVerb]:
        """As `verbs`, with whoever asks."""
        return {"alerts drop": self.drop}

    def release(self, store: Store, names: Sequence[str]) -> str:
        """`names`: the beginnings of the deliveries' ids, or --all."""
        found = store.deliveries.dead() if ALL in names else [self._named(store, name) for name in names]
        for delivery in dict.fromkeys(found):
            store.deliveries.revive(delivery, self._clock())
        count = len(set(found))
        return f"{counted(count)} that had been given up will be tried again."

    def drop(self, store: Store, place: Sequence[str], by: str) -> str:
        """`place`: a sink and a target there, of which nothing is to be heard any more."""
        sink, target = place
        count = store.deliveries.give_up(sink=sink, target=target, error=f"dropped by {by}")
        if not count:
            raise Refused(f"nothing waits for {sink} {target}; `status` shows what waits, and for which place")
        over = f"What waited for {sink} {target} was dropped by {by}."
        store.notices.end(f"{sink} {target}", {"blocked"}, over, self._clock())
        return (
            f"{counted(count)} for {sink} {target} will not be sent; `alerts dead` lists what was dropped, "
            "`alerts release` has it sent all the same."
        )

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


def counted(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"
