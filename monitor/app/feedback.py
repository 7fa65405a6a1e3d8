"""Verdicts of people on what they were told, as a command that is recorded like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from monitor.errors import Refused
from monitor.model import DeliveryId
from monitor.store.sqlite.store import Store

VERDICTS = {"relevant": "relevant", "not-relevant": "not relevant"}


class Feedback:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock

    @property
    def verbs(self) -> Mapping[str, Callable[[Store, Sequence[str]], str]]:
        """`feedback VERDICT MESSAGE USER BY`: the message by its delivery's id. Raises Refused."""
        return {"feedback": self.judge}

    def judge(self, store: Store, arguments: Sequence[str]) -> str:
        """Of every alert that the message tells."""
        verdict, message, user, by = arguments
        alerts = store.feedback.alerts_in(DeliveryId(message))
        if verdict not in VERDICTS:
            raise Refused(f"{verdict!r} is no verdict; there are {', '.join(VERDICTS)}")
        if not alerts:
            raise Refused("this message tells of no alert that the database still knows")
        for alert in alerts:
            store.feedback.save(alert, verdict=verdict, user=user, by=by, now=self._clock())
        return f"Noted as {VERDICTS[verdict]}. Another click changes it."
