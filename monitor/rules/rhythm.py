"""`alert` of a rule: when its matches are told, and in which words."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any as Anything
from typing import TypeVar

from monitor import templates
from monitor.model import Rhythm, Severity
from monitor.rules.mapping import Notes
from monitor.spans import span
from monitor.yaml_file import Place, shown

MOST_SOURCES = 100
LONGEST = timedelta(days=30)

_KEYS = ("updates", "cooldown", "min_sources", "sources_within", "on_timeout", "rise", "template")
W = TypeVar("W", bound=StrEnum)


def read_rhythm(notes: Notes, entry: dict[str, Anything], place: Place) -> Rhythm:
    """What is wrong is noted, and the usual taken in its place."""
    usual = Rhythm()
    if "alert" not in entry:
        return usual
    place = (*place, "alert")
    given = notes.mapping(entry["alert"], place, what="alert:", example="alert: {updates: thread}")
    if given is None:
        return usual
    notes.unknown_keys(given, _KEYS, place)
    return Rhythm(
        updates=_word(notes, given, "updates", place, usual.updates),
        cooldown=_duration(notes, given, "cooldown", place, usual.cooldown),
        min_sources=_sources(notes, given.get("min_sources", 1), (*place, "min_sources")),
        sources_within=_duration(notes, given, "sources_within", place, usual.sources_within),
        on_timeout=_word(notes, given, "on_timeout", place, usual.on_timeout),
        rise=_rise(notes, given, (*place, "rise")),
    )


def read_template(notes: Notes, entry: dict[str, Anything], place: Place) -> str | None:
    """The rule's template, if it has one that can be used."""
    given = entry.get("alert")
    if not isinstance(given, dict) or "template" not in given:
        return None
    value, place = given["template"], (*place, "alert", "template")
    if not isinstance(value, str) or not value.strip():
        notes.note(place, "template: must be text; write it as in template: \"{{ title }}: {{ words | join(', ') }}\"")
        return None
    try:
        templates.check(value)
    except templates.TemplateProblem as e:
        at = f"line {e.line} of it " if e.line > 1 else ""
        notes.note(place, f"template: {at}{e}")
        return None
    return value


def _word(notes: Notes, given: dict[str, Anything], key: str, place: Place, usual: W) -> W:
    value, words = given.get(key, usual), type(usual)
    if value in tuple(words):
        return words(value)
    notes.note((*place, key), f"{key}: {shown(value)} is unknown; known: {', '.join(words)}")
    return usual


def _duration(notes: Notes, given: dict[str, Anything], key: str, place: Place, usual: timedelta) -> timedelta:
    value = given.get(key)
    if key not in given or (value == 0 and not isinstance(value, bool)):
        return usual if key not in given else timedelta(0)
    said = span(value)
    if said is not None and said <= LONGEST:
        return said
    notes.note(
        (*place, key),
        f"{key}: {shown(value)} is not a duration up to {LONGEST.days}d; write one in s, m, h, d or w, as in 30m",
    )
    return usual


def _sources(notes: Notes, value: object, place: Place) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_SOURCES:
        return value
    name = place[-1] if isinstance(place[-1], str) else "this"
    notes.note(place, f"{name}: {shown(value)} is no number of sources; write one between 1 and {MOST_SOURCES}")
    return 1


def _rise(notes: Notes, given: dict[str, Anything], place: Place) -> tuple[tuple[int, Severity], ...]:
    if "rise" not in given:
        return ()
    steps = notes.mapping(given["rise"], place, what="rise:", example="rise: {3: high, 6: critical}")
    found = []
    for least, severity in (steps or {}).items():
        if severity not in tuple(Severity):
            known = ", ".join(Severity)
            notes.note((*place, least), f"rise: severity {shown(severity)} is unknown; known: {known}")
            continue
        found.append((_sources(notes, _number(least), (*place, least)), Severity(severity)))
    return tuple(sorted(found))


def _number(key: object) -> object:
    """Keys of a mapping may come as text."""
    return int(key) if isinstance(key, str) and key.isascii() and key.isdigit() else key
