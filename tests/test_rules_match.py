"""From rules and an article to decisions, and the examples that prove the rules."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitor.model import Outcome, Zone
from monitor.rules.lint import run_examples
from monitor.rules.match import LONGEST_SENTENCE, MOST_NEAR, decide, slowest
from monitor.rules.schema import RuleSet, load
from monitor.text import document

CONCEPTS = """\
concepts:
  - {name: kosovo, terms: {en: [kosov*]}}
  - {name: nato, terms: {any: [{exact: NATO}, {exact: НАТО}]}}
"""
TITLE = "Serbia deploys tanks"
TEXT = (
    "Serbian tanks and artillery have reached the Kosovo border, officials said. NATO is watching.\n\nKosovo protested."
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("rules", "concepts"):
        (tmp_path / name).mkdir()
    (tmp_path / "concepts" / "c.yaml").write_text(CONCEPTS)
    return tmp_path


def rules_of(directory: Path, *matches: str, examples: str = "") -> RuleSet:
    text = "rules:\n" + "".join(
        f"  - name: r{index}\n    match: {match}\n{examples}" for index, match in enumerate(matches)
    )
    (directory / "rules" / "r.yaml").write_text(text)
    return load(directory / "rules", directory / "concepts")


@pytest.mark.parametrize(
    ("match", "outcome", "missing"),
    [
        ("tanks", Outcome.MATCHED, ()),
        ("football", None, ()),
        ("{all: [{concept: kosovo}, tanks NEAR/9 border]}", Outcome.MATCHED, ()),
        (
            "{all: [{concept: kosovo}, football, {any: [goal, ball]}]}",
            Outcome.NEAR,
            ("football", "any of (goal, ball)"),
        ),
        ("tanks AND football", Outcome.NEAR, ("football",)),
        ("tanks OR football", Outcome.MATCHED, ()),
        ("football AND goal", None, ()),
        ("{all: [tanks, artillery], none: [NATO, friendly match]}", Outcome.NEAR, ("excluded by NATO",)),
        ('tanks NOT "is watching"', Outcome.NEAR, ('excluded by "is watching"',)),
        ("{any: [tanks], none: [{concept: nato}]}", Outcome.NEAR, ("excluded by concept nato",)),
        ("{any: [football], none: [tanks]}", None, ()),
        ("tanks AND artillery NEAR/2 NATO", Outcome.NEAR, ("artillery NEAR/2 NATO (8 words apart at the nearest)",)),
        ("tanks AND artillery NEAR/2 football", Outcome.NEAR, ("artillery NEAR/2 football (no football)",)),
        ("tanks AND deploys NEAR/2 border", Outcome.NEAR, ("deploys NEAR/2 border (not in one part of the article)",)),
        ("tanks AND goal NEAR/2 football", Outcome.NEAR, ("goal NEAR/2 football",)),
        ("tanks AND SENTENCE(nato; border)", Outcome.NEAR, ("in one sentence (nato, border) (not in one sentence)",)),
        ("tanks AND border ONEAR/9 artillery", Outcome.NEAR, ("border ONEAR/9 artillery (in another order)",)),
        ("tanks AND title:border", Outcome.NEAR, ("title:border (stands in the lead)",)),
        ("tanks AND COUNT/2(border)", Outcome.NEAR, ("2 times border (found 1)",)),
        ("tanks AND ATLEAST/2(border; goal)", Outcome.NEAR, ("at least 2 of (border, goal) (found 1: border)",)),
        ("tanks AND SCORE/5(border^3; goal^2)", Outcome.NEAR, ("score 5 of (border, goal) (reached 3 by border)",)),
        ("{concept: nato}", Outcome.MATCHED, ()),
    ],
)
def test_outcomes(directory: Path, match: str, outcome: Outcome | None, missing: tuple[str, ...]) -> None:
    """Matched, near with what was missing or stood in the way, or nowhere near."""
    found = [(one.outcome, one.missing) for one in decide(rules_of(directory, match), TITLE, TEXT)]
    assert ([] if outcome is None else [(outcome, missing)]) == found


@pytest.mark.parametrize(
    ("title", "matches"),
    [
        ("NATO moves", True),
        ("НАТО у Приштини", True),
        ("A senator moves", False),
        ("nato moves", False),
        ("NATO-s", True),
    ],
)
def test_nato_is_no_senator(directory: Path, title: str, matches: bool) -> None:
    """An exact word counts in its own spelling, and only as a whole word."""
    assert matches is bool(decide(rules_of(directory, "{concept: nato}"), title, ""))


def test_evidence(directory: Path) -> None:
    """Each hit quotes the article: part, words, zone, offsets into the original, and the sentence around."""
    (decision,) = decide(rules_of(directory, "{all: [{concept: kosovo}, artillery NEAR/9 border, tanks]}"), TITLE, TEXT)
    assert [
        ("concept kosovo", "Kosovo", Zone.LEAD),
        ("concept kosovo", "Kosovo", Zone.BODY),
        ("artillery NEAR/9 border", "artillery have reached the Kosovo border", Zone.LEAD),
        ("tanks", "tanks", Zone.TITLE),
        ("tanks", "tanks", Zone.LEAD),
    ] == [(hit.part, hit.words, hit.zone) for hit in decision.hits]
    for hit in decision.hits:
        source = TITLE if hit.zone is Zone.TITLE else TEXT
        assert hit.words == source[hit.start : hit.end]
        assert hit.words in hit.sentence
        assert hit.sentence in source


@pytest.mark.parametrize(
    ("before", "after", "cut"),
    [
        ("", " and so on" * 50_000, ("", "…")),
        ("on and " * 50_000, "", ("…", "")),
        ("on and " * 50_000, " and so on" * 50_000, ("…", "…")),
        ("on and ", " and so on", ("", "")),
        ("x" * 400_000 + " ", "x" * 400_000, ("…", "…")),
    ],
)
def test_a_sentence_without_end_is_cut_around_the_hit(
    directory: Path, before: str, after: str, cut: tuple[str, str]
) -> None:
    """Evidence stays small whatever the page, shows the words near its beginning, and offsets hold."""
    text = f"{before}tanks{after}"
    (decision,) = decide(rules_of(directory, "tank*"), "", text)
    (hit,) = decision.hits
    start, end = cut
    assert len(before) == hit.start
    assert text[hit.start : hit.end].startswith(hit.words)
    assert len(hit.words) <= LONGEST_SENTENCE
    assert len(hit.sentence) <= LONGEST_SENTENCE + 2
    assert (start, end) == (hit.sentence[: len(start)], hit.sentence[len(hit.sentence) - len(end) :])
    assert hit.sentence.removeprefix(start).removesuffix(end) in text
    assert 0 <= hit.sentence.find("tanks") < 200


def test_what_a_decision_carries(directory: Path) -> None:
    """Rule, version, title, severity and channel come from the rule; decisions come in the order of the rules."""
    rules = rules_of(directory, "tanks", "football", "{concept: kosovo}")
    decisions = decide(rules, TITLE, TEXT)
    assert ["r0", "r2"] == [decision.rule for decision in decisions]
    rule, decision = rules.rules[0], decisions[0]
    assert (rule.version, rule.title, rule.severity, rule.channel) == (
        decision.rule_version,
        decision.title,
        decision.severity,
        decision.channel,
    )


def test_an_empty_article_matches_nothing(directory: Path) -> None:
    """No words, no decision."""
    assert () == decide(rules_of(directory, "tanks AND border", "{concept: kosovo}"), "", " \n\n ")


def test_examples_that_hold(directory: Path) -> None:
    """Nothing is said of examples that come out as they should."""
    examples = "    examples: {match: [Tanks roll], no_match: [A friendly match]}\n"
    assert {} == run_examples(rules_of(directory, "tanks", examples=examples))


@pytest.mark.parametrize(
    ("match", "example", "said"),
    [
        ("tanks", "match: [Nothing]", "should match and does not: no part of the rule was found"),
        (
            "tanks AND border",
            "match: [Tanks roll]",
            'should match and does not: found "Tanks" (tanks); missing border',
        ),
        (
            "tanks NOT shares",
            "match: [Shares in tanks]",
            'should match and does not: found "tanks" (tanks), but excluded by shares',
        ),
        ("tank*", "no_match: [Shares tanked]", 'should not match and does: found "tanked" (tank*)'),
    ],
)
def test_examples_that_fail(directory: Path, match: str, example: str, said: str) -> None:
    """The example's line, what was expected, and what was found or missing."""
    examples = f"    examples:\n      {example}\n"
    ((problem,),) = run_examples(rules_of(directory, match, examples=examples)).values()
    text = example.partition("[")[2].rstrip("]")
    assert (5, f'rule r0: example "{text}" {said}') == (problem.line, problem.message)


def test_the_slowest_rules_are_known_by_name(directory: Path) -> None:
    """What is evaluated longest comes first."""
    rules = rules_of(directory, "tanks", "NEAR/400(a; a; a; a)", "border")
    names = [name for name, _ in slowest(rules, [document("", "a " * 3_000)], time.process_time)]
    assert ({"r0", "r1", "r2"}, "r1") == (set(names), names[0])


def test_of_very_many_rules_that_come_near_the_nearest_are_told(directory: Path) -> None:
    """All matches are, and what only an exclusion stopped comes before what misses one part, and that before two."""
    far, one_off = ["tanks AND football AND goal"] * MOST_NEAR, ["tanks AND border AND football"] * (MOST_NEAR - 1)
    decisions = decide(rules_of(directory, *far, "tanks", *one_off, "tanks NOT NATO", "NATO"), TITLE, TEXT)
    assert ["r50", "r101"] == [one.rule for one in decisions if one.outcome is Outcome.MATCHED]
    near = [one.rule for one in decisions if one.outcome is Outcome.NEAR]
    assert [f"r{number}" for number in range(MOST_NEAR + 1, 2 * MOST_NEAR + 1)] == near


def test_a_rule_that_wants_the_page_is_always_told_when_near(directory: Path) -> None:
    """Whatever comes nearer: the page is read because of it."""
    others = ["tanks AND border AND football"] * (MOST_NEAR + 1)
    rules = rules_of(directory, *others, "tanks AND football AND goal\n    page: true")
    assert f"r{MOST_NEAR + 1}" == decide(rules, TITLE, TEXT)[-1].rule
