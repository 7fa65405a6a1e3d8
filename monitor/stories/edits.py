"""What a publisher has changed in an article, and whether a reader has to know.

Typography, a synonym, a new angle on known facts stay silent. Material is a figure that differs, an announcement that
has become a fact, a correction or withdrawal, and a headline with mostly words that neither the old headline nor the
old summary had.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from monitor.stories import vocabulary
from monitor.stories.features import Rarity, term_of
from monitor.stories.figures import figures
from monitor.text import words

# How much of the new headline is new, each word as telling as it is rare. A new fact changes the summary as well; a
# new angle does not.
NEW_HEADLINE = 0.5
NEW_HEADLINE_AND_SUMMARY = 0.25
NEW_SUMMARY = 0.2
UNSUPPORTED = 0.75


class Change(StrEnum):
    """Why an edit is material."""

    CORRECTION = "correction"
    FIGURE = "figure"
    HAPPENED = "happened"  # what was to be, is
    HEADLINE = "headline"


@dataclass(frozen=True, slots=True)
class Edit:
    """`casualties`: people counted dead, injured, missing or arrested are now others."""

    change: Change
    before: str
    after: str
    casualties: bool = False


CASUALTIES = frozenset({"dead", "injured", "missing", "arrested"})
_ANNOUNCED = re.compile(r"(\w+) (?:set to|to|will|may|might|could|would|ce|do te|mund te) (\w{3,})")


def material(before: tuple[str, str], after: tuple[str, str], rarity: Rarity) -> Edit | None:
    """Headline and summary (or lead), as they were and as they are; None if nothing that matters has changed."""
    (old_title, old_summary), (title, summary) = before, after
    old, new = words(f"{old_title} {old_summary}"), words(f"{title} {summary}")
    if old == new:
        return None
    corrected = _meanings(new) - _meanings(old)
    changed = _changed_slots(f"{old_title}. {old_summary}", f"{title}. {summary}")
    casualties = bool(changed & CASUALTIES)
    if corrected:
        return Edit(Change.CORRECTION, old_title, title, casualties)
    if changed:
        return Edit(Change.FIGURE, old_title, title, casualties)
    if _has_happened(words(old_title), words(title)):
        return Edit(Change.HAPPENED, old_title, title)
    if words(title) != words(old_title) and _tells_more(before, after, rarity):
        return Edit(Change.HEADLINE, old_title, title)
    return None


def _tells_more(before: tuple[str, str], after: tuple[str, str], rarity: Rarity) -> bool:
    known = words(" ".join(before))
    headline = _new_share(words(after[0]), known, rarity)
    if not before[1] or not after[1]:
        return headline >= NEW_HEADLINE
    if _new_share(words(after[1]), known, rarity) >= NEW_SUMMARY:
        return headline >= NEW_HEADLINE_AND_SUMMARY
    return headline >= UNSUPPORTED


def _meanings(told: Iterable[str]) -> set[str]:
    return {meaning for word in told if (meaning := vocabulary.REVERSALS.get(word)) in ("corrected", "withdrawn")}


def _changed_slots(before: str, after: str) -> set[str]:
    """What is counted in both, and differently."""
    old, new = _by_slot(before), _by_slot(after)
    return {slot for slot in old.keys() & new.keys() if new[slot] - old[slot] and old[slot] - new[slot]}


def _by_slot(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for figure in figures(text):
        found.setdefault(figure.slot, set()).add(figure.value)
    return found


def _has_happened(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """China to resume talks: China resumes talks."""
    still = {verb for _, verb in _announced(new)}
    said = set(pairwise(new))
    return any(
        (before, verb) in said or {verb + "s", verb + "ed", verb + "d"} & set(new)
        for before, verb in _announced(old)
        if verb not in still
    )


def _announced(told: tuple[str, ...]) -> set[tuple[str, str]]:
    return set(_ANNOUNCED.findall(" ".join(told)))


def _new_share(title: tuple[str, ...], known: tuple[str, ...], rarity: Rarity) -> float:
    telling = [term_of(word) for word in title if word not in vocabulary.function_words()]
    seen = set(map(term_of, known))
    whole = sum(map(rarity, telling))
    return sum(rarity(term) for term in telling if term not in seen) / whole if whole else 0.0
