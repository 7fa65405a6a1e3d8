"""Trying the rules on the examples that stand in them."""

from __future__ import annotations

from monitor.errors import Problem
from monitor.model import Decision, Outcome
from monitor.rules.match import judge
from monitor.rules.rule import Example, Rule
from monitor.rules.schema import RuleSet
from monitor.rules.scope import Scope
from monitor.text import document


def run_examples(rules: RuleSet) -> tuple[Problem, ...]:
    """A problem for each example that does not come out as it should. An example is read as a title."""
    tried = (
        _try(rule, example, should_match=should_match)
        for rule in rules.rules
        for examples, should_match in ((rule.examples.match, True), (rule.examples.no_match, False))
        for example in examples
    )
    return tuple(problem for problem in tried if problem is not None)


def _try(rule: Rule, example: Example, *, should_match: bool) -> Problem | None:
    decision = judge(rule, Scope(document(example.text, "")))
    matches = decision is not None and decision.outcome is Outcome.MATCHED
    if matches is should_match:
        return None
    expected = "should match and does not" if should_match else "should not match and does"
    return Problem(
        rule.file, example.line, f'rule {rule.name}: example "{example.text}" {expected}: {_account(decision)}'
    )


def _account(decision: Decision | None) -> str:
    if decision is None:
        return "no part of the rule was found"
    found = ", ".join(dict.fromkeys(f'"{hit.words}" ({hit.part})' for hit in decision.hits))
    if not decision.missing:
        return f"found {found}"
    stopped = ", ".join(decision.missing)
    if decision.missing[0].startswith("excluded by"):
        return f"found {found}, but {stopped}"
    return f"found {found}; missing {stopped}"
