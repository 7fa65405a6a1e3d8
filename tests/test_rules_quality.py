"""The watch rules that are shipped, on news that was written and labelled for them.

labelled_news.tsv has a report a line, in six languages: the letters of the rules that should match (K, N, M), or -, a
tab, and the report, whose first sentence is its title. The traps among them name a thing that looks like another.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.model import Outcome
from monitor.rules.match import decide
from monitor.rules.schema import RuleSet, load

HERE = Path(__file__).parent
REPORTS = [line.split("\t") for line in (HERE / "labelled_news.tsv").read_text("utf-8").splitlines()]
LEAST_RECALL, LEAST_PRECISION = 0.95, 0.90


@pytest.fixture(scope="module")
def shipped() -> RuleSet:
    return load(HERE.parent / "config" / "rules", HERE.parent / "config" / "concepts")


def matches(rules: RuleSet, report: str) -> set[str]:
    title, _, text = report.partition(". ")
    return {one.rule for one in decide(rules, title, text) if one.outcome is Outcome.MATCHED}


@pytest.mark.parametrize(("letter", "rule"), [("K", "kosovo"), ("N", "nato"), ("M", "military-deployment")])
def test_the_watch_rules_find_their_news_and_little_else(shipped: RuleSet, letter: str, rule: str) -> None:
    """Recall of 0.95 and precision of 0.90 at the least, by report."""
    wanted = {report for labels, report in REPORTS if letter in labels}
    found = {report for _, report in REPORTS if rule in matches(shipped, report)}
    assert len(wanted & found) / len(wanted) >= LEAST_RECALL, sorted(wanted - found)
    assert len(wanted & found) / len(found) >= LEAST_PRECISION, sorted(found - wanted)


def test_deployments_near_kosovo_are_told_by_the_rule_for_both(shipped: RuleSet) -> None:
    """What is labelled with both places and movements is mostly about one of the two combinations."""
    both = [report for labels, report in REPORTS if {"K", "M"} <= set(labels)]
    combined = {"kosovo-military-deployment", "nato-kfor-reinforcement"}
    found = [report for report in both if matches(shipped, report) & combined]
    assert len(found) / len(both) >= 0.9, sorted(set(both) - set(found))
