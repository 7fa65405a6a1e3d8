"""Changes that verdicts speak for: what they say of themselves is true, and the diffs apply."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.app.proposals import difference
from monitor.cli.feedback import feedback
from monitor.cli.rules import check
from monitor.rules.backtest import Reading
from monitor.rules.cases import Judged, case
from monitor.rules.lint import run_examples
from monitor.rules.negatives import Background
from monitor.rules.proposals import candidates, try_out
from monitor.rules.schema import RuleSet, load
from tests.builders import NOON
from tests.judged import NO, YES, JudgedArchive
from tests.test_backtest import reading

RULES = """\
# ours
rules:
  - name: armour   # the loud one
    match:
      all:
        - near:                 # close together
            - tanks
            - border
          within: 40            # words
        - any: [serbia, kosovo]
    examples:
      match: ["Tanks at the border of Serbia"]
  - name: quiet
    match: zeppelin
"""
FISH = "The pet shop near the border of Serbia sells fish tanks."


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[JudgedArchive]:
    judged = JudgedArchive(tmp_path, RULES)
    judged.tell("Serbia moves tanks to the border", "The army moved tanks to the border with Kosovo.", YES)
    judged.tell("Kosovo sees tanks at the border", "Two tanks.", YES, ago=timedelta(days=400))
    for number in range(3):
        judged.tell(f"Fish tanks on sale {number}", FISH, NO)
    judged.tell("Museum shows old tanks", "Old tanks are shown. Visitors from Serbia came over the border.", NO)
    judged.tell("Tanks roll", "Tanks in Serbia. They were seen at the border.")
    judged.tell("Zeppelin over town")
    yield judged
    judged.store.close()


def invoke(judged: JudgedArchive, *arguments: str) -> Result:
    return CliRunner().invoke(feedback, ["propose", *arguments], obj=judged.place)


def proposals(judged: JudgedArchive) -> list[dict[str, Any]]:
    (told,) = (json.loads(line) for line in invoke(judged, "--json").stdout.splitlines())
    assert ("armour", 4, 2, 7) == (told["rule"], told["false_alarms"], told["relevant"], told["articles"])
    return list(told["proposals"])


def test_each_way_is_proposed_with_what_it_would_have_done(judged: JudgedArchive) -> None:
    """Only the rule with false alarms is named; what gains most stands first."""
    found = {one["way"]: one for one in reversed(proposals(judged))}
    told = {
        way: (len(one["spared"]), len(one["lost"]), one["removed"]["count"], one["added"]["count"])
        for way, one in found.items()
    }
    assert {"zone": (4, 0, 1, 0), "exclude": (3, 0, 0, 0), "same sentence": (1, 0, 1, 0)} == told
    assert 'not where "Fish tanks" is said' == found["exclude"]["what"]
    assert "\n+      none: [Fish tanks]\n" in found["exclude"]["diff"]
    assert ["Tanks roll"] == [one["title"] for one in found["same sentence"]["removed"]["first"]]
    gains = [one["gain"] for one in proposals(judged)]
    assert sorted(gains, reverse=True) == gains


def test_it_is_shown_with_headlines_and_what_to_do(judged: JudgedArchive) -> None:
    """And nothing is changed."""
    before = judged.rule_file.read_bytes()
    shown = invoke(judged, "armour").stdout
    assert "armour: 4 false alarms; 2 relevant alerts\n" in shown
    assert "spares 3 of 4 false alarms, loses none of 2 relevant alerts; of other alerts −0 +0\n" in shown
    assert "       spares Courier: Fish tanks on sale 0\n" in shown
    assert "       − Courier: Tanks roll\n" in shown
    assert "No file was changed" in shown
    assert before == judged.rule_file.read_bytes()
    assert invoke(judged, "armour").stdout == shown, "it says the same again"


@pytest.mark.parametrize("tool", [["git", "apply"], ["patch", "-p1", "-s", "-i"]])
def test_a_patch_applies_and_does_what_it_said(judged: JudgedArchive, tmp_path: Path, tool: list[str]) -> None:
    """Also inside a repository; what was mended is no longer proposed."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (number,) = (one["patch"] for one in proposals(judged) if 'not where "Fish tanks"' in one["what"])
    result = invoke(judged, "armour", "--patch", str(number))
    assert (0, True) == (result.exit_code, "after verdicts by ana\n" in result.stdout), result.output
    (tmp_path / "x.diff").write_text(result.stdout, "utf-8")
    subprocess.run([*tool, str(tmp_path / "x.diff")], cwd=judged.place.directory, check=True)
    assert 0 == CliRunner().invoke(check, obj=judged.place).exit_code
    assert RULES.replace("kosovo]\n", "kosovo]\n      none: [Fish tanks]\n") == judged.rule_file.read_text("utf-8")
    (told,) = (json.loads(line) for line in invoke(judged, "--json").stdout.splitlines())
    assert (1, 3) == (told["false_alarms"], told["mended"])


@pytest.mark.parametrize("rules", [f"\ufeff{RULES}", RULES.replace("\n", "\r\n"), RULES.rstrip("\n")])
def test_a_file_keeps_its_mark_and_line_ends(tmp_path: Path, rules: str) -> None:
    """The diff still applies."""
    judged = JudgedArchive(tmp_path, RULES)
    judged.rule_file.write_bytes(rules.encode())
    judged.tell("Tank shop", FISH, NO)
    for one in json.loads(invoke(judged, "--json").stdout)["proposals"]:
        (tmp_path / "x.diff").write_bytes(one["diff"].encode())
        subprocess.run(["git", "apply", "--check", str(tmp_path / "x.diff")], cwd=judged.place.directory, check=True)
    judged.store.close()


def test_a_story_that_another_article_tells_is_not_spared(tmp_path: Path) -> None:
    """Its alert would have come all the same."""
    judged = JudgedArchive(tmp_path, "rules: [{name: armour, match: tanks}]")
    judged.tell("Fish tanks", "", NO)
    read = judged.archive.add("Tanks again", "", story="Fish tanks", at=judged.now)
    assert read.title == "Tanks again"
    told = json.loads(invoke(judged, "--json").stdout)
    assert [] == [one for one in told["proposals"] if one["way"] == "exclude"]
    judged.store.close()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("zeppelin",), 1, "there is no rule 'zeppelin'"),
        (("quiet",), 0, "was called not relevant"),
        (("quiet", "--patch", "1"), 1, "there are 0 proposals"),
        (("armour", "--patch", "99"), 1, "proposals; without --patch they are listed"),
        (("--patch", "1"), 2, "--patch takes a RULE"),
    ],
)
def test_what_cannot_be_proposed_is_said(
    judged: JudgedArchive, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """With the exit codes of every command."""
    result = invoke(judged, *arguments)
    assert (code, True) == (result.exit_code, said in result.output), result.output


def test_what_is_common_in_the_archive_is_no_term(tmp_path: Path) -> None:
    """However many false alarms say it, and although nothing relevant does."""
    judged = JudgedArchive(tmp_path, "rules: [{name: armour, match: tanks}]")
    for number in range(4):
        judged.tell(f"Tanks for fish {number}", "Aquarium said yesterday.", NO)
    judged.tell("Tanks roll", "", YES)
    for number in range(4):
        judged.tell(f"Weather {number}", "Nothing was said yesterday.")
    told = json.loads(invoke(judged, "--json").stdout)["proposals"]
    excluded = [what for one in told if one["way"] == "exclude" for what in (one["what"], *one["alike"])]
    assert any("fish" in what for what in excluded)
    assert not any("said yesterday" in what or '"yesterday"' in what for what in excluded)
    judged.store.close()


# ---- whatever the rule and the verdicts ----

SPELLINGS = (
    "tanks AND border",
    '"tanks OR nato"',
    "'\"nato tanks\" OR tanks NEAR/9 border'",
    ">-\n      tanks\n      OR nato",
    "{all: [tanks, {any: [border, nato]}], none: [football]}",
    "{near: [tanks, border], within: 8}",
    "\n      near: [tanks, border]  # near\n      within: 8\n      none:\n      - football  # no",
    "\n      all:\n      - concept: army  # them\n      - any: [border, kosovo]",
    "{count: {n: 1, of: tanks}}",
    "{at_least: {n: 1, of: [tanks, border, nato]}}",
    "COUNT/1(tanks) OR ATLEAST/1(nato; border)",
    "{score: {threshold: 4, terms: {tanks: 4, border: 3, nato: 2, football: -3}}}",
    "\n      score:\n        threshold: 4\n        terms:\n        - {term: {concept: army}, weight: 4}  # most\n"
    "        - {term: nato, weight: 2}",
    "SCORE/4(tanks^4; border^3; nato^2)",
    "{any: [tanks, nato], language: en}",
)
CONCEPTS = "concepts: [{name: army, terms: {any: [tanks, troops]}}]"
WORDS = ("tanks", "border", "kosovo", "football", "nato", "troops", "aquarium")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join)
ARTICLES = st.lists(st.tuples(TEXTS, TEXTS, st.sampled_from([YES, NO, NO, None])), min_size=3, max_size=12)


@given(st.sampled_from(SPELLINGS), ARTICLES, st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_proposal_keeps_what_was_relevant_or_says_so(
    spelling: str, articles: Sequence[tuple[str, str, Any]], has_example: bool
) -> None:
    """It spares what it says and breaks no example; its diff applies, and gives the file that was tried."""
    with TemporaryDirectory() as directory:
        config = Path(directory)
        text = f"rules:\n  - name: other\n    match: x\n  - name: r\n    match: {spelling}\n    title: R  # mine\n"
        text += '    examples: {match: ["nato tanks border"]}\n' if has_example else ""
        rules = _written(config, text)
        rule = rules.rules[1]
        readings = [_reading(number, title, body) for number, (title, body, _) in enumerate(articles)]
        cases = [(case(one), opinion) for one, (_, _, opinion) in zip(readings, articles, strict=True)]
        false_alarms, relevant = (
            [one for one, opinion in cases if opinion == wanted and one.matches(rule)] for wanted in (NO, YES)
        )
        known = candidates(rule, text, rules, Judged(false_alarms, relevant), Background(()))
        found = try_out([known], readings, NOON).get("r", ())
        for proposal in found:
            diff = difference(text, proposal.patch.text, Path("rules/r.yaml"))
            (config / "x.diff").write_text(diff, "utf-8")
            subprocess.run(["git", "apply", "x.diff"], cwd=config, check=True)
            after = load(config / "rules", config / "concepts")
            assert proposal.patch.text == (config / "rules" / "r.yaml").read_text("utf-8")
            assert rules.rules[0] == after.rules[0]
            changed = after.rules[1]
            assert not run_examples(after) or run_examples(rules)
            assert [one.reading for one in relevant if not one.matches(changed)] == list(proposal.lost)
            assert proposal.spared
            assert all(not case(one).matches(changed) for one in proposal.spared)
            others = [one for one, _ in cases if one not in (*false_alarms, *relevant)]
            gone = sum(one.matches(rule) and not one.matches(changed) for one in others)
            come = sum(one.matches(changed) and not one.matches(rule) for one in others)
            assert (gone, come) == (proposal.removed.count, proposal.added.count)
            (config / "rules" / "r.yaml").write_text(text, "utf-8")
        lost = [len(proposal.lost) for proposal in found]
        assert sorted(lost) == lost


def _written(config: Path, text: str) -> RuleSet:
    for name, content in (("rules/r.yaml", text), ("concepts/c.yaml", CONCEPTS)):
        (config / name).parent.mkdir()
        (config / name).write_text(content, "utf-8")
    return load(config / "rules", config / "concepts")


def _reading(number: int, title: str, text: str) -> Reading:
    one = reading(number, title)
    return replace(one, article=replace(one.article, text=f"{text.capitalize()}."))
