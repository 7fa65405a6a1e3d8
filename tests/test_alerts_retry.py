"""What becomes of a delivery after the sink answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerts.retry import (
    FIRST_WAIT,
    GIVE_UP_CRASHING,
    GIVE_UP_SETTLING,
    LONGEST_RETRY_AFTER,
    UNSETTLED,
    Timing,
    after_edit,
    after_find,
    after_send,
    begin,
)
from monitor.model import (
    Accepted,
    Crashed,
    DeliveryId,
    DeliveryState,
    Edit,
    Missing,
    NotSent,
    Refused,
    SendOutcome,
    SinkLocked,
    TargetBroken,
    ThreadBroken,
    Unclear,
    Unreadable,
)
from tests.builders import NOON, delivery

TIMING = Timing(settle_after=timedelta(seconds=30))
SENDING = begin(delivery(), NOON, TIMING)
LATER = NOON + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("outcome", "state", "wait"),
    [
        (Accepted("C1:1.2"), DeliveryState.SENT, None),
        (NotSent("slow down", timedelta(seconds=7)), DeliveryState.PENDING, timedelta(seconds=7)),
        (NotSent("slow down", timedelta(days=7)), DeliveryState.PENDING, LONGEST_RETRY_AFTER),
        (Unclear("no answer"), DeliveryState.AMBIGUOUS, timedelta(seconds=28)),
        (TargetBroken("archived"), DeliveryState.BLOCKED, timedelta(hours=1)),
        (SinkLocked("bad token"), DeliveryState.BLOCKED, timedelta(minutes=5)),
        (ThreadBroken("parent gone"), DeliveryState.PENDING, timedelta(0)),
        (Refused("bad blocks"), DeliveryState.PENDING, timedelta(0)),
    ],
)
def test_every_answer_has_its_state(outcome: SendOutcome, state: DeliveryState, wait: timedelta | None) -> None:
    """The state, and how long after the answer the next look is."""
    after = after_send(SENDING, outcome, LATER, TIMING)
    assert state == after.state
    if wait is not None:
        assert wait == after.next_attempt_at - LATER


def test_an_attempt_is_on_record_before_it_is_made() -> None:
    """State, count and time are set, so that a crash leaves a trace."""
    assert (DeliveryState.SENDING, 1, NOON) == (SENDING.state, SENDING.attempts, SENDING.attempt_started_at)
    assert NOON + TIMING.settle_after == SENDING.next_attempt_at


def test_a_refused_message_is_sent_plain_and_only_then_given_up() -> None:
    """Our rendering may be wrong; the news is still told."""
    plain = after_send(SENDING, Refused("invalid_blocks"), LATER, TIMING)
    assert plain.plain
    assert DeliveryState.DEAD is after_send(begin(plain, LATER, TIMING), Refused("no_text"), LATER, TIMING).state


def test_a_broken_thread_sends_the_message_to_the_channel() -> None:
    """The parent may have been deleted."""
    reply = replace(SENDING, thread_of=SENDING.id, thread_receipt="C1:1.2")
    after = after_send(reply, ThreadBroken("gone"), LATER, TIMING)
    assert (None, None) == (after.thread_of, after.thread_receipt)


def test_found_in_the_history_is_sent() -> None:
    """The answer was lost, the message was not."""
    doubtful = after_send(SENDING, Unclear("reset"), LATER, TIMING)
    after = after_find(doubtful, Accepted("C1:9.9"), LATER)
    assert (DeliveryState.SENT, "C1:9.9", LATER) == (after.state, after.receipt, after.sent_at)


def test_missing_from_the_history_is_sent_again_at_once() -> None:
    """After the grace period, absence means it never arrived."""
    doubtful = after_send(SENDING, Unclear("reset"), LATER, TIMING)
    after = after_find(doubtful, Missing(), LATER)
    assert (DeliveryState.PENDING, LATER) == (after.state, after.next_attempt_at)


@pytest.mark.parametrize(
    ("unreadable", "passed", "state"),
    [
        (Unreadable("busy"), timedelta(seconds=40), DeliveryState.AMBIGUOUS),
        (Unreadable("missing_scope", lasting=True), timedelta(seconds=40), DeliveryState.PENDING),
        (Unreadable("busy"), GIVE_UP_SETTLING + timedelta(seconds=1), DeliveryState.PENDING),
    ],
)
def test_an_unreadable_history_never_loses_the_alert(
    unreadable: Unreadable, passed: timedelta, state: DeliveryState
) -> None:
    """It stays in doubt for a while; then it is sent, and marked as possibly doubled for good."""
    doubtful = after_send(SENDING, Unclear("reset"), LATER, TIMING)
    after = after_find(doubtful, unreadable, NOON + passed)
    assert state == after.state
    if state is DeliveryState.PENDING:
        sent = after_send(begin(after, LATER, TIMING), Accepted("C1:2.2"), LATER, TIMING)
        assert (sent.error or "").startswith(UNSETTLED)


def test_what_may_stand_twice_is_marked_for_good() -> None:
    """Also when its second attempt is in doubt and cannot be looked up."""
    doubtful = replace(SENDING, state=DeliveryState.AMBIGUOUS, error=f"{UNSETTLED} (missing_scope)")
    after = after_find(doubtful, Unreadable("busy"), LATER)
    assert (after.error or "").startswith(UNSETTLED)


def test_what_is_in_doubt_is_looked_up_often_enough() -> None:
    """However often it was tried before: a history that mostly fails is read many times before anybody gives up."""
    doubtful, now, reads = replace(SENDING, state=DeliveryState.AMBIGUOUS, attempts=20), NOON, 0
    while doubtful.state is DeliveryState.AMBIGUOUS:
        doubtful = after_find(doubtful, Unreadable("HTTP 500"), now)
        now, reads = max(doubtful.next_attempt_at, now), reads + 1
    assert 20 <= reads <= 60
    assert GIVE_UP_SETTLING <= now - NOON <= GIVE_UP_SETTLING + timedelta(minutes=1)


def test_waits_grow_and_are_bounded() -> None:
    """From about a second to five minutes, however often it fails."""
    waits = [
        (after_send(replace(SENDING, attempts=n), NotSent("down"), NOON, TIMING).next_attempt_at - NOON).total_seconds()
        for n in range(1, 40)
    ]
    assert waits[0] <= 2
    assert 150 <= waits[-1] <= 300


def test_a_message_that_we_fail_over_does_not_hold_up_its_channel_for_ever() -> None:
    """Looked up and tried for a while, then once more in the plain form, marked as possibly twice; then it is dead."""
    crashed = after_send(SENDING, Crashed("a bug"), LATER, TIMING)
    assert DeliveryState.AMBIGUOUS == crashed.state
    assert crashed.next_attempt_at > LATER
    late = NOON + GIVE_UP_CRASHING
    plain = after_send(crashed, Crashed("a bug"), late, TIMING)
    assert (DeliveryState.PENDING, True) == (plain.state, plain.plain)
    assert UNSETTLED in (plain.error or "")
    assert DeliveryState.DEAD == after_send(begin(plain, late, TIMING), Crashed("a bug"), late, TIMING).state


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        (Accepted("C:1"), False),
        (NotSent("busy", timedelta(seconds=7)), True),
        (Unclear("500"), True),
        (SinkLocked("token_revoked"), True),
        (Crashed("our fault"), True),
        (ThreadBroken("message_not_found"), False),
        (TargetBroken("is_archived"), False),
        (Refused("invalid_blocks"), True),
    ],
)
def test_an_edit_is_tried_again_only_where_that_helps(outcome: SendOutcome, *, again: bool) -> None:
    """Nothing is looked up, as an edit that is made twice stands once."""
    after = after_edit(Edit(delivery(), 0, NOON), outcome, NOON)
    assert again == (after is not None)
    if after is not None and isinstance(outcome, NotSent):
        assert NOON + timedelta(seconds=7) == after.due_at


def test_edits_are_given_up_in_the_end() -> None:
    """After the plain form was refused too, and after hours of trouble."""
    assert after_edit(Edit(delivery(plain=True), 0, NOON), Refused("no_text"), NOON) is None
    edit, now = Edit(delivery(), 0, NOON), NOON
    while (following := after_edit(edit, Unclear("500"), now)) is not None:
        assert following.due_at > now
        edit, now = following, following.due_at
    assert timedelta(hours=4) < now - NOON < timedelta(hours=12)


def test_waits_are_spread_over_all_of_their_time() -> None:
    """Full jitter: what failed together does not come back together."""
    waits = [
        after_send(replace(SENDING, id=DeliveryId(f"d{n}"), attempts=3), NotSent("no"), LATER, TIMING).next_attempt_at
        - LATER
        for n in range(400)
    ]
    longest = FIRST_WAIT * 2**3
    assert timedelta(0) <= min(waits) < longest * 0.05
    assert longest * 0.95 < max(waits) <= longest
    assert sum(wait < longest / 2 for wait in waits) == pytest.approx(200, abs=50)
