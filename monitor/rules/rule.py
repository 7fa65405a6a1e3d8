"""A rule as the operator wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.model import Rhythm, Severity
from monitor.rules.conditions import Fact
from monitor.rules.terms import Condition


@dataclass(frozen=True, slots=True)
class Example:
    """A text that stands in a rule to prove it."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Examples:
    """What a rule must match, and what it must not."""

    match: tuple[Example, ...] = ()
    no_match: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A feed or tag that a rule or concept names, and where. `place` counts from 1 in a query that names it."""

    fact: Fact
    value: str
    line: int
    column: int
    query: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """What the operator watches for. `version` changes with what the rule, or a concept in it, says."""

    name: str
    title: str
    severity: Severity
    channel: str | None  # None: the default channel
    page: bool  # where the feed's own text comes near, the page is to be read even if that text is whole
    match: Condition
    none: Condition | None  # what speaks against a match
    version: str
    text: str  # the rule as JSON, as it was written, without its examples
    file: str
    line: int
    examples: Examples
    concepts: tuple[str, ...] = ()  # that it names itself
    rhythm: Rhythm = field(default_factory=Rhythm)  # how its matches are told; no part of its version
    template: str | None = None  # of its paragraph in a message; no part of what it matches, so of no version
    asked: tuple[Asked, ...] = field(default=(), compare=False)
