"""How a rule wants its matches told: when enough sources say so, how often of one story, how loudly. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from monitor.model import Decision, Fate, HoldCause, Rhythm, Told, Updates, Verdict
from monitor.spans import brief


def pace(
    rhythm: Rhythm,
    decision: Decision,
    given: Verdict,
    told: Sequence[Told],
    *,
    voices: int,
    waits_until: datetime | None,
    urgent: bool,
    now: datetime,
) -> Verdict:
    """The verdict on one match, paced.

    `voices`: independent ones that tell the story; `waits_until`: until when earlier matches of the rule wait for more
    of them; `urgent`: what a reply says must be seen.
    """
    if urgent and given.fate is Fate.THREAD:
        given = replace(given, broadcast=True)
    own = [earlier for earlier in told if earlier.rule == decision.rule]
    if not own:
        return _sourced(rhythm, given, voices, waits_until, now)
    if rhythm.rise and decision.severity.rank > max(earlier.severity.rank for earlier in own):
        return Verdict(Fate.THREAD, f"now {decision.severity}: {voices} independent sources", broadcast=True)
    if voices >= rhythm.min_sources and all(earlier.unsourced for earlier in own):
        return Verdict(Fate.THREAD, f"now {voices} independent sources", broadcast=True)
    if given.fate is not Fate.THREAD or urgent:
        return given
    if rhythm.updates is Updates.SILENT:
        return Verdict(Fate.SUPPRESS, f"the rule's updates are silent; {given.reason}")
    last = max((earlier.at for earlier in own if earlier.at is not None and earlier.at <= now), default=None)
    if last is not None and now < last + rhythm.cooldown:
        until = last + rhythm.cooldown
        why = f"the rule spoke of this story {brief(now - last)} ago; its cooldown ends {until:%Y-%m-%d %H:%M} UTC"
        return Verdict(Fate.HOLD, f"{why}; {given.reason}", until, HoldCause.COOLDOWN)
    return replace(given, broadcast=rhythm.updates is Updates.CHANNEL)


def _sourced(rhythm: Rhythm, given: Verdict, voices: int, waits_until: datetime | None, now: datetime) -> Verdict:
    """What waits for more sources is told together with what brings them."""
    if rhythm.min_sources <= 1 or (voices >= rhythm.min_sources and waits_until is None):
        return given
    until = min(waits_until, now + rhythm.sources_within) if waits_until else now + rhythm.sources_within
    why = f"{sources(voices, rhythm)}; held until {until:%Y-%m-%d %H:%M} UTC"
    return Verdict(Fate.HOLD, why, until, HoldCause.SOURCES)


def sources(voices: int, rhythm: Rhythm) -> str:
    """`one source of 3`."""
    return f"{'one source' if voices == 1 else f'{voices} independent sources'} of {rhythm.min_sources}"
