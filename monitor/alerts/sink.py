"""What a sink must be able to do. The outbox trusts nothing else of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from monitor.model import Delivery, FindOutcome, SendOutcome

# Where matches are told first, by the names of the sinks; all others are places where they are told too.
SLACK, CONSOLE = "slack", "console"


class Sink(Protocol):
    """A place that alerts go to."""

    @property
    def name(self) -> str:
        """As it stands in the deliveries table."""

    @property
    def pace(self) -> timedelta:
        """The least time between two messages to one target."""

    @property
    def settle_after(self) -> timedelta:
        """How long after the start of an attempt the history is believed: request timeout plus margin."""

    async def send(self, delivery: Delivery) -> SendOutcome:
        """One attempt, never more: all retries are the outbox's. Raises nothing."""

    async def edit(self, delivery: Delivery) -> SendOutcome:
        """One attempt to let a message that was sent say what its delivery says now. Raises nothing."""

    async def find(self, delivery: Delivery) -> FindOutcome:
        """Is the message there already? Asked only of ambiguous deliveries."""

    async def close(self) -> None: ...
