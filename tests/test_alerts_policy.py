"""One fate for every match, one message for every story and channel."""

from __future__ import annotations

import pytest

from monitor.alerts import policy
from monitor.model import ArticleId, DeliveryId, Fate, Placement, Relation, Severity, StoryId, Told
from tests.builders import decision

FIRST = Placement(StoryId("s"), Relation.FIRST, None, None, 0.0)
COPY = Placement(StoryId("s"), Relation.COPY, ArticleId("a"), "Time Wire", 0.93)


def told(rule: str, severity: Severity) -> Told:
    return Told(rule, severity, DeliveryId("d"), ArticleId("a"))


@pytest.mark.parametrize(
    ("severity", "rule", "before", "fate"),
    [
        (Severity.NORMAL, "kosovo", [], Fate.POST),
        (Severity.NORMAL, "kosovo", [told("kosovo", Severity.NORMAL)], Fate.SUPPRESS),
        (Severity.HIGH, "kosovo", [told("kosovo", Severity.NORMAL)], Fate.SUPPRESS),
        (Severity.NORMAL, "nato", [told("kosovo", Severity.NORMAL)], Fate.THREAD),
        (Severity.LOW, "nato", [told("kosovo", Severity.NORMAL)], Fate.THREAD),
        (Severity.HIGH, "armour", [told("kosovo", Severity.NORMAL)], Fate.POST),
        (Severity.HIGH, "armour", [told("kosovo", Severity.NORMAL), told("nato", Severity.CRITICAL)], Fate.THREAD),
    ],
)
def test_fates(severity: Severity, rule: str, before: list[Told], fate: Fate) -> None:
    """The first word is posted, repetition is not, a new rule joins the thread, a louder one speaks up."""
    verdict = policy.verdict(decision(rule, severity), COPY, before)
    assert fate is verdict.fate
    assert verdict.reason


def test_a_copy_names_its_original() -> None:
    """The reason is for an analyst."""
    verdict = policy.verdict(decision("kosovo"), COPY, [told("kosovo", Severity.HIGH)])
    assert "copy: 93% of the text is that of Time Wire, already told" == verdict.reason


def test_one_message_names_all_rules_the_loudest_first() -> None:
    """Three matches of one article are one telling."""
    decisions = [
        decision("kosovo", Severity.NORMAL),
        decision("armour", Severity.CRITICAL),
        decision("nato", Severity.NORMAL),
    ]
    (telling,) = policy.tellings(policy.verdicts(decisions, FIRST, []))
    assert (Fate.POST, ["armour", "kosovo", "nato"]) == (telling.fate, [d.rule for d in telling.decisions])


def test_what_is_suppressed_is_not_told() -> None:
    """It has its fate and reason, and no message."""
    judged = policy.verdicts([decision("kosovo")], COPY, [told("kosovo", Severity.HIGH)])
    assert () == policy.tellings(judged)
