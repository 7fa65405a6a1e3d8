"""Whether to tell: each match gets exactly one fate and the reason for it. Pure; what was told before is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from monitor.model import (
    Addition,
    AdditionKind,
    Certainty,
    Change,
    ChangeKind,
    Decision,
    Fate,
    Placement,
    Relation,
    Told,
    Verdict,
)

MOST_LIKELY = 0.99


@dataclass(frozen=True, slots=True)
class Telling:
    """The matches of one article that go into one message to one channel. The first one carries it."""

    fate: Fate
    decisions: tuple[Decision, ...]
    broadcast: bool = False  # a reply that the channel is to see too


Judged = tuple[tuple[Decision, Verdict], ...]


def _pass(judged: Judged) -> Judged:
    return judged


def verdicts(
    decisions: Sequence[Decision],
    placement: Placement,
    told: Sequence[Told],
    gate: Callable[[Judged], Judged] = _pass,
) -> Judged:
    """The fates of one article's matches in one channel, loudest first. A post takes the replies along.

    `gate`: holds what would be told, or lets it pass.
    """
    judged = gate(tuple((decision, verdict(decision, placement, told)) for decision in loudest_first(decisions)))
    if not any(given.fate is Fate.POST for _, given in judged):
        return judged
    return tuple((decision, _taken_along(given)) for decision, given in judged)


def _taken_along(given: Verdict) -> Verdict:
    if given.fate is not Fate.THREAD:
        return given
    return Verdict(Fate.POST, f"{given.reason}; told in the message of a louder rule")


def verdict(decision: Decision, placement: Placement, told: Sequence[Told]) -> Verdict:
    """One message per story and channel: what comes later goes to its thread, unless it is louder or adds nothing."""
    if not told:
        return Verdict(Fate.POST, "first word on this story in this channel")
    has_spoken = any(decision.rule == earlier.rule for earlier in told)
    loudest = max(earlier.severity.rank for earlier in told)
    if decision.severity.rank > loudest and not has_spoken:
        return Verdict(Fate.POST, f"{decision.severity} is louder than anything told of this story so far")
    if placement.certainty is Certainty.POSSIBLY:
        likely = f"{_likely(placement)} likely"
        return Verdict(Fate.THREAD, f"possibly the same happening ({likely}): told in the channel too")
    if placement.additions:
        return Verdict(Fate.THREAD, f"adds to the story: {addition(placement.additions[0])}")
    if has_spoken:
        return Verdict(Fate.SUPPRESS, _already_told(placement))
    return Verdict(Fate.THREAD, "a rule that had not matched this story before")


def _already_told(placement: Placement) -> str:
    if placement.relation is Relation.COPY:
        return f"copy: {placement.similarity:.0%} of the text is that of {placement.copy_outlet}, already told"
    if placement.relation is Relation.REPORT:
        return f"another report of a story that was told ({_likely(placement)} sure), with nothing new in it"
    return "this rule has already told this story in this channel"


def _likely(placement: Placement) -> str:
    """Nothing but the same text is certain."""
    return f"{min(placement.similarity, MOST_LIKELY):.0%}"


def addition(added: Addition) -> str:
    """What is new, in a few words."""
    before = f" (before: {added.before})" if added.before else ""
    return f"{added.kind} {added.what}{before}" if added.kind is not AdditionKind.QUOTE else "a quotation"


def is_urgent(placement: Placement) -> bool:
    """Whether what a reply says must be seen in the channel: it may be another story, or it turns this one around."""
    turns = {AdditionKind.DENIAL, AdditionKind.REVERSAL}
    return placement.certainty is Certainty.POSSIBLY or any(added.kind in turns for added in placement.additions)


def turns(changes: Iterable[Change]) -> bool:
    """Whether what became of an article must be seen in the channel: it does not hold any more."""
    return any(change.kind in (ChangeKind.RETRACTION, ChangeKind.REVERSAL, ChangeKind.DENIAL) for change in changes)


def tellings(judged: Judged) -> tuple[Telling, ...]:
    """What is to be said, at most one message for each of post and thread."""
    found = []
    for fate in (Fate.POST, Fate.THREAD):
        given = [(decision, verdict) for decision, verdict in judged if verdict.fate is fate]
        if given:
            decisions = tuple(decision for decision, _ in given)
            found.append(Telling(fate, decisions, any(verdict.broadcast for _, verdict in given)))
    return tuple(found)


def loudest_first(decisions: Iterable[Decision]) -> list[Decision]:
    """Stable: rules of equal severity keep the order in which the operator wrote them."""
    return sorted(decisions, key=lambda decision: -decision.severity.rank)
