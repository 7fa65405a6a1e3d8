"""What a person may change by hand, while the daemon runs or when none does; and a record of who did."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.app.store_thread import StoreThread
from monitor.errors import Refused
from monitor.store.sqlite.store import Store

Verb = Callable[[Store, Sequence[str]], str]  # says what was done; raises Refused
SignedVerb = Callable[[Store, Sequence[str], str], str]  # one that must know by whom


@dataclass(frozen=True, slots=True)
class Command:
    """As on the command line: `stories merge` with its arguments. `by`: the user who asks."""

    name: str
    arguments: tuple[str, ...]
    by: str

    @property
    def asked(self) -> str:
        """In one line, for the log."""
        return " ".join((self.name, *self.arguments))


class Commands:
    """The verbs under one configuration."""

    def __init__(
        self,
        verbs: Mapping[str, Verb],
        store: StoreThread,
        clock: Callable[[], datetime],
        *,
        signed: Mapping[str, SignedVerb] = {},
    ) -> None:
        self._verbs: Mapping[str, SignedVerb] = {name: _unsigned(verb) for name, verb in verbs.items()} | dict(signed)
        self._store = store
        self._clock = clock

    async def perform(self, command: Command) -> str:
        """What was done, all of it or nothing. Raises Refused or StoreError."""
        verb = self._verbs.get(command.name)
        if verb is None:
            raise Refused(f"the daemon does not know {command.name!r}; it may be of an older version, restart it")
        return await self._store.change(lambda store: self._recorded(store, verb, command))

    def _recorded(self, store: Store, verb: SignedVerb, command: Command) -> str:
        outcome = verb(store, command.arguments, command.by)
        store.actions.add(
            name=command.name, arguments=command.arguments, by=command.by, outcome=outcome, now=self._clock()
        )
        return outcome


def _unsigned(verb: Verb) -> SignedVerb:
    return lambda store, arguments, _by: verb(store, arguments)
