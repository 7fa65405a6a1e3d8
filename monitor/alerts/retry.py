"""What becomes of a delivery after the sink answered. Pure arithmetic; the laws of *visibly once* are here.

A clear yes is `sent`. A clear no waits and tries again for as long as it takes. Anything else is `ambiguous` and is
settled by reading the target's history before another word is sent.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model import (
    Accepted,
    AlertId,
    CorrectionId,
    Crashed,
    Delivery,
    DeliveryId,
    DeliveryState,
    Digest,
    Edit,
    FindOutcome,
    Message,
    Missing,
    NotSent,
    Refused,
    Report,
    SendOutcome,
    SinkLocked,
    TargetBroken,
    ThreadBroken,
    Unclear,
)

FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=5)
LONGEST_RETRY_AFTER = timedelta(minutes=15)
TARGET_PROBE = timedelta(hours=1)
LOCKED_PROBE = timedelta(minutes=5)
# A history that cannot be read for this long will not settle anything: better told twice than not at all.
GIVE_UP_SETTLING = timedelta(minutes=10)
LONGEST_SETTLING_WAIT = timedelta(seconds=30)  # a read does no harm, and the whole target waits for it
GIVE_UP_CRASHING = timedelta(hours=1)
MOST_EDIT_ATTEMPTS = 200  # some eight hours

UNSETTLED = "sent again unsettled: the history could not be read, so this may stand twice"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a sink may take to show a message that it did not clearly accept: request timeout plus margin."""

    settle_after: timedelta


def pending(
    id_: DeliveryId,
    *,
    sink: str,
    target: str,
    at: datetime,
    message: Message | Report | Digest | None,
    alert_id: AlertId | None = None,
    correction_id: CorrectionId | None = None,
    thread_of: DeliveryId | None = None,
    broadcast: bool = False,
) -> Delivery:
    """One that nothing was tried of yet; it is due as soon as it is made."""
    return Delivery(
        id=id_,
        alert_id=alert_id,
        sink=sink,
        target=target,
        state=DeliveryState.PENDING,
        attempts=0,
        next_attempt_at=at,
        created_at=at,
        thread_of=thread_of,
        broadcast=broadcast,
        message=message,
        correction_id=correction_id,
    )


def begin(delivery: Delivery, now: datetime, timing: Timing) -> Delivery:
    """To be on disk before the first byte is sent. Unless more is heard of it, it is looked up when due."""
    return replace(
        delivery,
        state=DeliveryState.SENDING,
        attempts=delivery.attempts + 1,
        attempt_started_at=now,
        next_attempt_at=now + timing.settle_after,
    )


def after_send(delivery: Delivery, outcome: SendOutcome, now: datetime, timing: Timing) -> Delivery:
    """The delivery's next state."""
    match outcome:
        case Accepted():
            return _sent(delivery, outcome, now)
        case NotSent():
            return _wait(delivery, now, outcome.error, _wait_for(delivery, outcome.retry_after))
        case Unclear():
            started = delivery.attempt_started_at or now
            return replace(
                delivery,
                state=DeliveryState.AMBIGUOUS,
                error=_keeping_doubt(delivery, outcome.error),
                next_attempt_at=started + timing.settle_after,
            )
        case TargetBroken():
            return _block(delivery, now + TARGET_PROBE, outcome.error)
        case SinkLocked():
            return _block(delivery, now + LOCKED_PROBE, outcome.error)
        case ThreadBroken():
            return replace(_wait(delivery, now, outcome.error, timedelta(0)), thread_of=None, thread_receipt=None)
        case Refused() if not delivery.plain:
            return replace(_wait(delivery, now, outcome.error, timedelta(0)), plain=True)
        case Refused():
            return replace(delivery, state=DeliveryState.DEAD, error=outcome.error)
        case Crashed():
            return _after_crash(delivery, outcome.error, now, timing)


def _after_crash(delivery: Delivery, error: str, now: datetime, timing: Timing) -> Delivery:
    """Looked up and tried again for a while, then once more in the plain form; then the others get their turn."""
    if now - delivery.created_at < GIVE_UP_CRASHING:
        due = max((delivery.attempt_started_at or now) + timing.settle_after, now + _wait_for(delivery, None))
        attempts = delivery.attempts + 1  # so that the waits grow
        doubt = _keeping_doubt(delivery, error)
        return replace(delivery, state=DeliveryState.AMBIGUOUS, attempts=attempts, error=doubt, next_attempt_at=due)
    if not delivery.plain:
        return replace(_wait(delivery, now, f"{UNSETTLED} ({error})", timedelta(0)), plain=True)
    return replace(delivery, state=DeliveryState.DEAD, error=error)


def after_find(delivery: Delivery, outcome: FindOutcome, now: datetime) -> Delivery:
    """An ambiguous delivery's next state, now that the target's history was looked at."""
    if isinstance(outcome, Accepted):
        return _sent(delivery, outcome, now)
    if isinstance(outcome, Missing):
        return _wait(delivery, now, delivery.error, timedelta(0))
    if outcome.lasting or now - (delivery.attempt_started_at or delivery.created_at) > GIVE_UP_SETTLING:
        return _wait(delivery, now, f"{UNSETTLED} ({outcome.error})", timedelta(0))
    return replace(
        delivery,
        attempts=delivery.attempts + 1,
        error=_keeping_doubt(delivery, outcome.error),
        next_attempt_at=now + _settling_wait(delivery, outcome.retry_after),
    )


def after_edit(edit: Edit, outcome: SendOutcome, now: datetime) -> Edit | None:
    """The edit to be tried again, or None when it is done or will never be: the message as sent has to do then.

    Nothing is looked up: an edit that is made twice stands once.
    """
    match outcome:
        case NotSent() | Unclear() | Crashed() | SinkLocked() if edit.attempts < MOST_EDIT_ATTEMPTS:
            wait = _wait_for(
                edit.delivery, outcome.retry_after if isinstance(outcome, NotSent) else None, edit.attempts
            )
            return replace(edit, attempts=edit.attempts + 1, due_at=now + wait, error=outcome.error)
        case Refused() if not edit.delivery.plain:
            return replace(edit, delivery=replace(edit.delivery, plain=True), attempts=edit.attempts + 1, due_at=now)
        case _:
            return None


def _sent(delivery: Delivery, outcome: Accepted, now: datetime) -> Delivery:
    doubt = delivery.error if delivery.error and delivery.error.startswith(UNSETTLED) else None
    return replace(delivery, state=DeliveryState.SENT, sent_at=now, receipt=outcome.receipt, error=doubt)


def _wait(delivery: Delivery, now: datetime, error: str | None, wait: timedelta) -> Delivery:
    return replace(
        delivery, state=DeliveryState.PENDING, error=_keeping_doubt(delivery, error), next_attempt_at=now + wait
    )


def _keeping_doubt(delivery: Delivery, error: str | None) -> str | None:
    """Once a message may stand twice, no later trouble makes that untrue."""
    before = delivery.error or ""
    if not before.startswith(UNSETTLED) or (error or "").startswith(UNSETTLED):
        return error
    return f"{UNSETTLED}; {error}"


def _block(delivery: Delivery, until: datetime, error: str) -> Delivery:
    return replace(delivery, state=DeliveryState.BLOCKED, error=_keeping_doubt(delivery, error), next_attempt_at=until)


def _settling_wait(delivery: Delivery, retry_after: timedelta | None) -> timedelta:
    wait = _wait_for(delivery, retry_after)
    return wait if retry_after is not None else min(wait, LONGEST_SETTLING_WAIT)


def _wait_for(delivery: Delivery, retry_after: timedelta | None, attempts: int | None = None) -> timedelta:
    """`attempts`: None means the delivery's own."""
    if retry_after is not None:
        return min(retry_after, LONGEST_RETRY_AFTER)
    attempts = delivery.attempts if attempts is None else attempts
    longest: timedelta = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempts, 10))
    # Full jitter, seeded by the attempt, so that the function stays one of its arguments.
    return longest * random.Random(f"{delivery.id}{attempts}").random()  # noqa: S311
