"""One fate for every match, one message for every story and channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.alerts import policy
from monitor.model import (
    Addition,
    AdditionKind,
    ArticleId,
    Certainty,
    Change,
    ChangeKind,
    DeliveryId,
    Fate,
    Placement,
    Relation,
    Severity,
    StoryId,
    Told,
)
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


def test_a_louder_rule_takes_the_replies_along() -> None:
    """One article makes one message in a channel."""
    before = [told("kosovo", Severity.NORMAL)]
    decisions = [decision("armour", Severity.HIGH), decision("nato", Severity.NORMAL)]
    judged = policy.verdicts(decisions, FIRST, before)
    assert [Fate.POST, Fate.POST] == [given.fate for _, given in judged]
    assert 1 == len(policy.tellings(judged))


REPORT = replace(FIRST, relation=Relation.REPORT, certainty=Certainty.SURELY, similarity=0.9)
DEAD = Addition(AdditionKind.FIGURE, "12 dead", "Twelve died.", "8")
DENIED = Addition(AdditionKind.DENIAL, "denied", "The ministry denied it.")


@pytest.mark.parametrize(
    ("placement", "fate", "reason", "urgent"),
    [
        (REPORT, Fate.SUPPRESS, "another report of a story that was told (90% sure), with nothing new in it", False),
        (replace(REPORT, additions=(DEAD,)), Fate.THREAD, "adds to the story: figure 12 dead (before: 8)", False),
        (replace(COPY, additions=(DEAD,)), Fate.THREAD, "adds to the story: figure 12 dead (before: 8)", False),
        (replace(REPORT, additions=(DENIED,)), Fate.THREAD, "adds to the story: denial denied", True),
        (
            replace(REPORT, certainty=Certainty.POSSIBLY, similarity=0.4),
            Fate.THREAD,
            "possibly the same happening (40% likely): told in the channel too",
            True,
        ),
        (
            replace(REPORT, certainty=Certainty.POSSIBLY, similarity=0.998),
            Fate.THREAD,
            "possibly the same happening (99% likely): told in the channel too",
            True,
        ),
    ],
)
def test_later_reports(placement: Placement, fate: Fate, reason: str, *, urgent: bool) -> None:
    """Told in the thread only if they add something; in the channel too if they may be another story or turn it."""
    verdict = policy.verdict(decision("kosovo"), placement, [told("kosovo", Severity.HIGH)])
    assert (fate, reason) == (verdict.fate, verdict.reason)
    assert urgent == policy.is_urgent(placement)


@pytest.mark.parametrize("kind", ChangeKind)
def test_what_takes_the_news_back_is_seen_in_the_channel(kind: ChangeKind) -> None:
    """All other changes of an article that was told are for its thread."""
    urgent = {ChangeKind.RETRACTION, ChangeKind.REVERSAL, ChangeKind.DENIAL}
    assert (kind in urgent) == policy.turns((Change(ChangeKind.FIGURE, "12", "14"), Change(kind, None, "now")))


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
