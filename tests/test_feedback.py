"""What readers call the alerts, from the command line, and the precision that follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from monitor.app.feedback import Feedback
from monitor.cli.feedback import feedback
from monitor.errors import Refused
from monitor.model import AlertId, ArticleId, Opinion, ToldAlert
from monitor.rules.precision import Tally, report
from tests.builders import NOON
from tests.judged import NO, YES, JudgedArchive
from tests.newsroom import TANKS, Newsroom
from tests.slack_standin import SlackStandIn
from tests.test_end_to_end import rows
from tests.test_story_commands import Desk

RULES = """\
rules:
  - {name: armour, match: tanks OR howitzers}
  - {name: border, match: border}
"""


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[JudgedArchive]:
    judged = JudgedArchive(tmp_path, RULES)
    judged.tell("Tanks at the border", "", YES)
    judged.tell("Fish tanks for sale", "", NO, feeds=("gazette",))
    judged.tell("Howitzers in a museum", "", NO, ago=timedelta(days=8))
    judged.tell("Tanks again")
    judged.tell("The old border", "", NO, ago=timedelta(days=50))
    yield judged
    judged.store.close()


def invoke(judged: JudgedArchive, *arguments: str) -> Result:
    return CliRunner().invoke(feedback, arguments, obj=judged.place)


def told(opinions: tuple[int, int], words: tuple[str, ...] = ("tanks",), days: int = 0) -> ToldAlert:
    at = NOON + timedelta(days=days)
    return ToldAlert(AlertId("a"), "armour", ArticleId("x"), "T", "https://a.example", "A", at, *opinions, words)


@pytest.mark.parametrize(
    ("relevant", "not_relevant", "opinion"),
    [(0, 0, None), (1, 0, YES), (0, 1, NO), (1, 1, YES), (1, 2, NO), (2, 1, YES)],
)
def test_most_decide_and_where_they_are_even_it_is_relevant(
    relevant: int, not_relevant: int, opinion: Opinion | None
) -> None:
    """Nothing that somebody wanted is to be lost to a draw."""
    assert opinion is told((relevant, not_relevant)).opinion


@pytest.mark.parametrize(
    ("relevant", "judged", "low", "high"),
    # From the formula worked by hand; 8 of 10 and 0 of 10 also in Brown, Cai and DasGupta (2001).
    [(0, 0, 0.0, 1.0), (8, 10, 0.490, 0.943), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (50, 100, 0.404, 0.596)],
)
def test_the_interval_is_wilsons(relevant: int, judged: int, low: float, high: float) -> None:
    """Few verdicts leave much open, none leave everything."""
    assert (low, high) == pytest.approx(Tally(judged, relevant, judged - relevant).interval, abs=0.0006)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_precision_lies_in_its_interval(relevant: int, not_relevant: int) -> None:
    """And the interval lies between 0 and 1."""
    tally = Tally(1_000, relevant, not_relevant)
    low, high = tally.interval
    assert 0 <= low <= high <= 1
    assert tally.precision is None or low - 1e-9 <= tally.precision <= high + 1e-9


def test_a_term_is_bad_if_nothing_relevant_has_it() -> None:
    """Whatever its case; the worst first."""
    alerts = [told((0, 1), ("Fish", "tanks")), told((0, 1), ("fish", "zoo")), told((1, 0)), told((0, 0), ("new",))]
    assert (("fish", 2), ("zoo", 1)) == report(alerts)[0].terms


def test_weeks_begin_on_monday() -> None:
    """A Sunday and the Monday after it are of two weeks."""
    alerts = [told((1, 0), days=4), told((0, 1), days=5)]  # the 29th and the 30th of November
    assert [("2026-11-23", 1), ("2026-11-30", 0)] == [
        (str(monday), tally.relevant) for monday, tally in report(alerts)[0].weeks
    ]


def test_report(judged: JudgedArchive) -> None:
    """By rule, week and outlet, with how much was judged and the words that only false alarms had."""
    shown = invoke(judged, "report").stdout
    assert "armour: 33% relevant (6% to 79%): 1 of 3 judged, 4 told\n" in shown
    assert "    Gazette: 0% relevant (0% to 79%): 0 of 1 judged, 1 told\n" in shown
    assert "    only in false alarms: howitzers (1)\n" in shown
    assert "border: 100% relevant (21% to 100%): 1 of 1 judged, 1 told\n" in shown
    (one,) = (json.loads(line) for line in invoke(judged, "report", "--rule", "armour", "--json").stdout.splitlines())
    assert (0.75, 0.3333, 2) == (one["judged_share"], one["precision"], one["not_relevant"])
    assert 1 == sum(week["not_relevant"] for week in one["weeks"][:-1])
    (old,) = (
        json.loads(line)
        for line in invoke(judged, "report", "--rule", "border", "--since", "90d", "--json").stdout.splitlines()
    )
    assert (1, 1) == (old["relevant"], old["not_relevant"])


def test_list(judged: JudgedArchive) -> None:
    """The verdicts, the latest first; or what waits for one."""
    shown = [json.loads(line) for line in invoke(judged, "list", "--json", "--since", "9d").stdout.splitlines()]
    assert ["not-relevant", "not-relevant", "relevant", "relevant"] == sorted(one["verdict"] for one in shown)
    assert "Howitzers in a museum" == shown[-1]["title"]
    (waiting,) = (json.loads(line) for line in invoke(judged, "list", "--unjudged", "--json").stdout.splitlines())
    assert ("armour", None, "Tanks again") == (waiting["rule"], waiting["verdict"], waiting["title"])
    assert "armour: not judged" in invoke(judged, "list", "--unjudged").stdout


def test_add(judged: JudgedArchive) -> None:
    """By the address of an article or the beginning of an alert's id; the last word of a person counts."""
    (waiting,) = (json.loads(line) for line in invoke(judged, "list", "--unjudged", "--json").stdout.splitlines())
    judged.store.close()
    result = invoke(judged, "add", waiting["url"], "not-relevant")
    assert (0, "1 alert noted as not relevant.") == (result.exit_code, result.stdout[:30]), result.output
    assert 0 == invoke(judged, "add", waiting["alert"][:10], "relevant").exit_code
    assert 0 == len(invoke(judged, "list", "--unjudged").stdout)
    (armour,) = (
        json.loads(line) for line in invoke(judged, "report", "--rule", "armour", "--json").stdout.splitlines()
    )
    assert (2, 2) == (armour["relevant"], armour["not_relevant"])


def test_a_false_alarm_says_what_can_be_done(judged: JudgedArchive) -> None:
    """For each rule of the message that has some; after what is relevant there is nothing to say."""
    feedback_ = Feedback(lambda: judged.now)
    (border,) = judged.store.feedback.named("border-1")
    with judged.store.transaction():
        said = feedback_.add(judged.store, ("https://courier.example/1", "not-relevant"), "bob")
        assert ["2 alerts noted as not relevant. Another verdict of yours replaces this one."] == said.split("\n")[:1]
        assert [
            "Rule armour: 2 of 3 judged alerts of 30 days are false alarms; what would spare them says: "
            "news-monitor feedback propose armour"
        ] == said.split("\n")[1:], "opinions on the border are even"
        assert "Rule border: 1 of 1 judged" in feedback_.add(judged.store, (border, "not-relevant"), "eve")
        assert "Rule" not in feedback_.add(judged.store, (border, "relevant"), "bob")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("armour-", "relevant"), "fits 4 alerts"),
        (("", "relevant"), "fits 0 alerts"),
        (("https://nowhere.example/x", "relevant"), "no alert is about https://nowhere.example/x; `explain`"),
        (("ftp://x", "relevant"), "is no web address"),
        (("armour-4", "perhaps"), "'perhaps' is no verdict; there are relevant, not-relevant"),
        (("armour-4",), "takes an alert and a verdict"),
    ],
)
def test_what_cannot_be_judged_is_refused(judged: JudgedArchive, arguments: tuple[str, ...], said: str) -> None:
    """With what can be done instead."""
    with pytest.raises(Refused, match=said):
        Feedback(lambda: NOON).add(judged.store, arguments, "ana")


async def test_a_running_daemon_takes_the_verdict(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """And records who gave it."""
    desk = Desk(tmp_path, paper, slack)
    url = paper.publish("Serbia moves tanks to the border", TANKS)
    assert 0 == (await desk.ask("run", "--once", "--now")).code
    async with desk.daemon():
        result = await desk.ask("feedback", "add", url, "not-relevant")
        assert (0, "2 alerts noted as not relevant.") == (result.code, result.out[:31]), result
        refused = await desk.ask("feedback", "add", "zz", "relevant")
        assert (2, True) == (refused.code, "fits 0 alerts" in refused.err), refused
    actions = rows(desk.database, "select name, arguments from actions")
    assert [("feedback add", url)] == [(name, json.loads(arguments)[0]) for name, arguments in actions]
