"""The conservation law: every match has exactly one fate, and every fate that is to be told has its delivery.

What is told of an article after its alerts is no match: it is counted by itself, must have its delivery, and may go
only where somebody was told of that article. What is held is told when its time has come: in a digest, with every match
that it tells folded into its delivery.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor.app.clock import utc_now
from monitor.model import DeliveryState, Fate
from monitor.store.sqlite.store import Store


@dataclass(frozen=True, slots=True)
class Balance:
    """matches = posted + threaded + held + suppressed, and the rows that break a law."""

    matches: int
    posted: int
    threaded: int
    held: int
    suppressed: int
    corrections: int
    deliveries: dict[str, int]
    offenders: tuple[tuple[str, dict[str, Any]], ...]
    dead: tuple[dict[str, Any], ...]  # accounted for, but nobody was told: messages that no sink would take
    file: str | None  # "ok", or what SQLite says is damaged; None when it was not looked at

    @property
    def balanced(self) -> bool:
        told = self.posted + self.threaded + self.held + self.suppressed
        return self.matches == told and not self.offenders and self.file in ("ok", None)


def audit(store: Store, now: datetime | None = None) -> Balance:
    """The balance of one moment, and a look at the search index and at the whole file. `now`: None is this moment."""
    with store.snapshot():
        found = _balance(store, now or utc_now())
        offenders = found.offenders + store.ledger.violations_in_archive()
        return replace(found, offenders=offenders, file=store.ledger.check_file())


def balance(store: Store, now: datetime | None = None) -> Balance:
    """The balance of one moment; the file is not looked at, which takes long when it is large."""
    with store.snapshot():
        return _balance(store, now or utc_now())


def _balance(store: Store, now: datetime) -> Balance:
    fates = store.ledger.fates()
    states = store.ledger.delivery_states()
    return Balance(
        matches=store.ledger.matches(),
        posted=fates.get(Fate.POST, 0),
        threaded=fates.get(Fate.THREAD, 0),
        held=fates.get(Fate.HOLD, 0),
        suppressed=fates.get(Fate.SUPPRESS, 0),
        corrections=store.ledger.corrections(),
        deliveries={state: states.get(state, 0) for state in (*map(str, DeliveryState), "dropped")},
        offenders=store.ledger.violations(now),
        dead=store.ledger.dead_letters(),
        file=None,
    )
