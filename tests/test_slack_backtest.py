"""A rule that is pasted in Slack: read as a file would be, and tried on the archive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerts.sinks.slack_replies import sections
from monitor.alerts.sinks.slack_text import BREAK
from monitor.app.slack_backtest import SlackBacktest
from monitor.errors import ConfigError, Refused, StoreError
from monitor.rules.pasted import read_pasted
from monitor.rules.schema import RuleSet
from tests import slack_blocks, slack_mrkdwn
from tests.archive import FEEDS
from tests.judged import JudgedArchive

RULES = "rules: [{name: armour, match: tanks OR concept:kosovo}]"
CONCEPTS = "concepts: [{name: kosovo, terms: {en: [kosovo]}}]"
LONG = timedelta(minutes=5)


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[JudgedArchive]:
    judged = JudgedArchive(tmp_path, RULES, CONCEPTS)
    judged.tell("Tanks at the border")
    judged.tell("Kosovo <!channel> votes")
    judged.tell("Border of the *garden*")
    judged.tell("An old border", ago=timedelta(days=31))
    yield judged
    judged.store.close()


def backtest(judged: JudgedArchive, patience: timedelta = LONG) -> SlackBacktest:
    feeds = tuple(FEEDS.values())
    return SlackBacktest(judged.rules, feeds, judged.archive.path, lambda: judged.now, patience=patience)


@pytest.mark.parametrize(
    ("pasted", "said", "headlines"),
    [
        ("border", "*+2 −0* alerts in 30 days, compared with no rule: 0 → 2", ["+ Border of the", "+ Tanks at the"]),
        ("`title:border AND tag:balkans`", "*+2 −0*", ["+ Border of the", "+ Tanks at the"]),
        (
            "```yaml\nrules:\n- name: armour\n  match:\n    any: [concept:kosovo, garden]\n```",
            "*+1 −1* alerts in 30 days, compared with today's armour: 2 → 2",
            ["+ Border of the", "− Tanks at the"],
        ),
        ("- name: armour\n  match: tanks OR concept:kosovo", "*+0 −0*", []),
        ("{any: [tanks], none: [border]}", "*+0 −0*", []),
    ],
)
async def test_it_is_tried_on_the_archive(judged: JudgedArchive, pasted: str, said: str, headlines: list[str]) -> None:
    """As a difference from the rule of its name, if there is one; the latest first."""
    first, *told = await backtest(judged).answer(pasted)
    assert first.startswith(said), first
    assert headlines == [f"{line[0]} {line.split('|')[2][:13].strip()}" for line in told]


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("tanks AND", "your rule:1: column 10: something must follow here; add the words to look for\n    tanks AND\n"),
        ("rules:\n- name: a\n  match: {al: b}", "your rule:3:11: unknown operator 'al'; did you mean 'all'?"),
        ("name: x\nmatch:\n  all: [a, 'b AND']", "your rule:3:18: column 6: something must follow here"),
        ("any: [a, feed:Nope]", "your rule:1:15: column 6: there is no feed 'Nope' in feeds.yaml; known: Cour"),
        ("any: [a\nnone: b", "your rule:2:5: is not valid YAML"),
        ("concept:kosova", "there is no concept 'kosova'; did you mean 'kosovo'?"),
        ("name: x\nmatch: tanks\nexamples:\n  match: [fish]", 'your rule:4: rule x: example "fish" should match'),
        ("- name: a\n- name: b", "your rule:1:1: the file must be a mapping"),
    ],
)
def test_what_is_wrong_has_its_place_in_what_was_pasted(judged: JudgedArchive, pasted: str, said: str) -> None:
    """The same words as `check` has."""
    with pytest.raises(ConfigError) as caught:
        read_pasted(pasted, judged.rules, feeds={"Courier"}, tags=set())
    assert said in str(caught.value)


async def test_problems_are_shown_with_a_caret_and_do_no_harm(judged: JudgedArchive) -> None:
    """A fence in what was pasted does not end the block that shows it."""
    lines = await backtest(judged).answer("tanks ``` <!channel> AND")
    assert "Your rule cannot be tried: 1 problem" == lines[0]
    assert lines[1].startswith("```\nyour rule:1: ")
    assert 2 == lines[1].count("```")
    assert f"`{BREAK}" in lines[1]
    blocks = sections(lines)
    assert [] == slack_blocks.problems(blocks)
    assert () == slack_mrkdwn.mentions("", blocks, link_names=False)


async def test_hostile_headlines_are_escaped(judged: JudgedArchive) -> None:
    """As in every message."""
    blocks = sections(await backtest(judged).answer("channel OR garden"))
    assert () == slack_mrkdwn.mentions("", blocks, link_names=False)
    assert "*garden*" not in str(blocks)


async def test_it_is_cut_off_and_says_so(judged: JudgedArchive) -> None:
    """Instead of numbers that look like all."""
    first, cut = await backtest(judged, timedelta(0)).answer("border")
    assert first.startswith("*+0 −0*")
    assert cut.startswith("*Cut off after 0 s*: this is of 0 of 3 articles")


async def test_one_at_a_time_and_the_loop_goes_on(judged: JudgedArchive) -> None:
    """A second one is refused until the first has ended, well or not."""
    desk = backtest(judged)
    first = asyncio.create_task(desk.answer("border"))
    await asyncio.sleep(0)
    with pytest.raises(Refused, match="another backtest is under way"):
        await desk.answer("border")
    assert (await first)[0].startswith("*+2")
    judged.archive.path.rename(judged.archive.path.with_suffix(".gone"))
    for _ in range(2):
        with pytest.raises(StoreError, match=r"news\.db"):
            await desk.answer("border")


@pytest.mark.parametrize("pasted", ["", " ", "``````"])
async def test_nothing_is_no_rule(judged: JudgedArchive, pasted: str) -> None:
    """What to write is said."""
    with pytest.raises(Refused, match="write a query"):
        await backtest(judged).answer(pasted)


def test_a_rule_without_concepts_needs_no_set() -> None:
    """Nor a name."""
    (rule,) = read_pasted("title: kosovo", RuleSet(()), feeds=(), tags=())
    assert ("pasted", "title:kosovo") == (rule.name, rule.match.label)
