"""Whether to tell: each match gets exactly one fate and the reason for it. Pure; what was told before is handed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.model import Decision, Fate, Placement, Relation, Told, Verdict


@dataclass(frozen=True, slots=True)
class Telling:
    """The matches of one article that go into one message to one channel. The first one carries it."""

    fate: Fate
    decisions: tuple[Decision, ...]


def verdicts(
    decisions: Sequence[Decision], placement: Placement, told: Sequence[Told]
) -> tuple[tuple[Decision, Verdict], ...]:
    """The fates of one article's matches in one channel, loudest first."""
    return tuple((decision, verdict(decision, placement, told)) for decision in loudest_first(decisions))


def verdict(decision: Decision, placement: Placement, told: Sequence[Told]) -> Verdict:
    """One message per story and channel: what comes later goes to its thread, unless it is louder or adds nothing."""
    if not told:
        return Verdict(Fate.POST, "first word on this story in this channel")
    if any(decision.rule == earlier.rule for earlier in told):
        return Verdict(Fate.SUPPRESS, _already_told(placement))
    loudest = max(earlier.severity.rank for earlier in told)
    if decision.severity.rank > loudest:
        return Verdict(Fate.POST, f"{decision.severity} is louder than anything told of this story so far")
    return Verdict(Fate.THREAD, "a rule that had not matched this story before")


def _already_told(placement: Placement) -> str:
    if placement.relation is Relation.COPY:
        return f"copy: {placement.similarity:.0%} of the text is that of {placement.copy_outlet}, already told"
    return "this rule has already told this story in this channel"


def tellings(judged: Iterable[tuple[Decision, Verdict]]) -> tuple[Telling, ...]:
    """What is to be said, at most one message for each of post and thread."""
    by_fate: dict[Fate, list[Decision]] = {}
    for decision, given in judged:
        by_fate.setdefault(given.fate, []).append(decision)
    return tuple(Telling(fate, tuple(by_fate[fate])) for fate in (Fate.POST, Fate.THREAD) if fate in by_fate)


def loudest_first(decisions: Iterable[Decision]) -> list[Decision]:
    """Stable: rules of equal severity keep the order in which the operator wrote them."""
    return sorted(decisions, key=lambda decision: -decision.severity.rank)
