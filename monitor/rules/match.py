"""Rules and an article in, decisions out. Pure; a decision carries the words that made it."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.model import Decision, Hit, Outcome
from monitor.rules.conditions import All, Condition, Found, Rule, Scope
from monitor.rules.schema import RuleSet
from monitor.text import Document, document


def decide(rules: RuleSet, title: str, text: str) -> tuple[Decision, ...]:
    """A decision for each rule that matches or comes near, in the order of the rules."""
    scope = Scope(document(title, text))
    decisions = (judge(rule, scope) for rule in rules.rules)
    return tuple(decision for decision in decisions if decision is not None)


def judge(rule: Rule, scope: Scope) -> Decision | None:
    """Near is a rule of which some parts were found and some not, or which only an exclusion stopped."""
    found = rule.match.find(scope)
    if found is None:
        return _near(rule, scope)
    excluded = rule.none.find(scope) if rule.none is not None else None
    if excluded is None:
        return _decision(rule, scope.document, Outcome.MATCHED, found)
    return _decision(rule, scope.document, Outcome.NEAR, found, missing=(f"excluded by {part}" for part, _ in excluded))


def _near(rule: Rule, scope: Scope) -> Decision | None:
    parts: tuple[Condition, ...] = rule.match.children if isinstance(rule.match, All) else ()
    evidence = [(part, part.find(scope)) for part in parts]
    found = [one for _, hits in evidence for one in hits or ()]
    if not found:
        return None
    missing = (part.label for part, hits in evidence if hits is None)
    return _decision(rule, scope.document, Outcome.NEAR, found, missing=missing)


def _decision(
    rule: Rule, document: Document, outcome: Outcome, found: Iterable[Found], *, missing: Iterable[str] = ()
) -> Decision:
    return Decision(
        rule=rule.name,
        rule_version=rule.version,
        title=rule.title,
        severity=rule.severity,
        channel=rule.channel,
        outcome=outcome,
        hits=tuple(_hit(document, one) for one in dict.fromkeys(found)),
        missing=tuple(dict.fromkeys(missing)),
    )


def _hit(document: Document, found: Found) -> Hit:
    first, last = document.at(found.span.start), document.at(found.span.end)
    source, sentence = document.source(first.zone), document.sentence_of(first)
    return Hit(
        part=found.part,
        words=source[first.start : last.end],
        zone=first.zone,
        start=first.start,
        end=last.end,
        sentence=source[sentence.start : sentence.end],
    )
