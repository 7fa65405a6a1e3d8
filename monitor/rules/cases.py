"""Articles that readers judged, as rules look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model import Decision, Outcome
from monitor.rules.backtest import Reading
from monitor.rules.index import holds
from monitor.rules.match import judge
from monitor.rules.rule import Rule
from monitor.rules.scope import Scope
from monitor.text import Document, document


@dataclass(frozen=True, slots=True)
class Case:
    """An article with its words, once for each feed that showed it."""

    reading: Reading
    document: Document
    scopes: tuple[Scope, ...]

    def matches(self, rule: Rule) -> bool:
        return any(holds(rule, scope) for scope in self.scopes)

    def decision(self, rule: Rule) -> Decision | None:
        """With the evidence, if the rule matches."""
        found = (judge(rule, scope) for scope in self.scopes)
        return next((one for one in found if one is not None and one.outcome is Outcome.MATCHED), None)


def case(reading: Reading) -> Case:
    words = document(reading.article.title, reading.article.text, reading.article.captions)
    return Case(reading, words, tuple(Scope(words, about) for about in reading.abouts))


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule still matches of what readers called so."""

    false_alarms: Sequence[Case]
    relevant: Sequence[Case]
