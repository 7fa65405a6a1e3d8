"""The index finds what judging every rule finds."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from monitor.model import Decision, Outcome, Severity, Zone
from monitor.rules import index as rule_index
from monitor.rules.conditions import (
    LARGE,
    All,
    Any,
    AtLeast,
    ConceptRef,
    Count,
    InZone,
    Near,
    SameSentence,
    Score,
    Without,
)
from monitor.rules.index import MANY, RuleIndex, Way, advice, best_way
from monitor.rules.match import MOST_NEAR, decide, judge
from monitor.rules.packed import PackedPostings
from monitor.rules.postings import Postings
from monitor.rules.query import parse
from monitor.rules.rule import Examples, Rule
from monitor.rules.schema import RuleSet
from monitor.rules.scope import NOTHING, About, Scope
from monitor.rules.terms import Condition
from monitor.text import Document, document

WORDS = ["ab", "abc", "abcd", "bcd", "cde", "x", "abc*", "abcd*", '"ab x"', '"x ab x ab"', '"abc* x"', "x ab abc"]
TERMS = ["acronym:AB", "raw:AB", 'name:"Abc"', 'name:"Abc Bcd"', "stem-en:abc", "stem-sr:abc", 'regex:"b.?d|cde x"']
ORIGINS = ["language:sr", "tag:x"]
PLACED_LEAVES, LEAVES = st.sampled_from(WORDS + TERMS).map(parse), st.sampled_from(WORDS + TERMS + ORIGINS).map(parse)
PLACED_KINDS = ["any", "vocabulary", "near", "zone", "concept"]
OTHER_KINDS = ["all", "at least", "without", "sentence", "count", "score"]
SAID = ["ab", "abc", "abcs", "abcd", "abcde", "bcd", "cde", "x", ".\n\n", "AB", "Abca", "Bcd", "ABs"]
TEXTS = st.lists(st.sampled_from(SAID), max_size=12).map(" ".join)


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3, *, placed: bool = False) -> Condition:
    """Of a few levels. `placed`: such as can stand inside NEAR."""
    if depth == 0 or draw(st.booleans()):
        return draw(PLACED_LEAVES if placed else LEAVES)

    def some(least: int, most: int, *, placed: bool = placed) -> tuple[Condition, ...]:
        return tuple(draw(conditions(depth - 1, placed=placed)) for _ in range(draw(st.integers(least, most))))

    match draw(st.sampled_from(PLACED_KINDS if placed else PLACED_KINDS + OTHER_KINDS)):
        case "any":
            return Any(some(1, 4))
        case "vocabulary":
            return Any((*some(1, 3), *draw(st.lists(PLACED_LEAVES, min_size=LARGE, max_size=LARGE))))
        case "near":
            return Near(draw(st.integers(1, 4)), draw(st.booleans()), some(2, 3, placed=True))
        case "zone":
            return InZone(draw(st.sampled_from(Zone)), *some(1, 1))
        case "concept":
            (inner,) = some(1, 1)
            return ConceptRef(repr(inner), inner, "1")
        case "all":
            return All(some(1, 4))
        case "at least":
            children = some(1, 4)
            return AtLeast(draw(st.integers(1, len(children))), children)
        case "without":
            return Without(*some(2, 2))
        case "sentence":
            return SameSentence(some(1, 3, placed=True))
        case "count":
            return Count(draw(st.integers(1, 3)), *some(1, 1, placed=True))
        case _:
            weights = st.sampled_from([1.0, 2.0, -1.0])
            return Score(2.0, ((parse("ab"), 2.0), *((term, draw(weights)) for term in some(1, 4))))


ABOUTS = st.builds(About, st.sampled_from([None, "sr", "en"]), st.none(), st.sampled_from([None, frozenset("x")]))
DOCUMENTS = st.builds(document, TEXTS, TEXTS, st.lists(TEXTS, max_size=2))


def rule(name: str, match: Condition, none: Condition | None = None) -> Rule:
    version = f"{match!r} {none!r}"
    return Rule(name, name, Severity.NORMAL, None, False, match, none, version, "", "r.yaml", 1, Examples())


@st.composite
def rule_sets(draw: st.DrawFn) -> list[Rule]:
    several = st.lists(conditions(2), min_size=2, max_size=4).map(tuple).map(All)
    pairs = draw(st.lists(st.tuples(conditions() | several, st.none() | conditions(2)), max_size=6))
    return [rule(f"r{number}", match, none) for number, (match, none) in enumerate(pairs)]


def judged(rules: list[Rule], read: Document, about: About = NOTHING) -> list[Decision]:
    """Every rule on every article: no index, no mistake."""
    scope = Scope(read, about)
    return [decision for one in rules if (decision := judge(one, scope)) is not None]


def indexed(rules: list[Rule], index: RuleIndex) -> RuleSet:
    """A set of rules with this index of them."""
    rule_set = RuleSet(tuple(rules))
    rule_set.__dict__["index"] = index
    return rule_set


def matched(decisions: list[Decision]) -> list[str]:
    return [decision.rule for decision in decisions if decision.outcome is Outcome.MATCHED]


FIVE = Any(tuple(map(parse, ["ab", "abc", "abcd", "abcde", "cde"])))  # more than a row has place for
THREE = parse("ab AND bcd AND cde")
TITLE_OF_CAPTION = InZone(Zone.TITLE, InZone(Zone.CAPTION, parse("ab")))


both_ways = pytest.mark.parametrize("way", [Postings, PackedPostings])
TERMS_OF_ANY = ["b", "c", "d", "e", "f", "title:ab", "stem-en:abc", 'regex:"bcd"', "acronym:AB"]
ANY = Any(tuple(map(parse, TERMS_OF_ANY)))


@both_ways
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([rule("a", ANY)], document("ab", ""), NOTHING)
@example([rule("a", ANY)], document("abcs", ""), NOTHING)
@example([rule("a", ANY)], document("", "bcd"), NOTHING)
@example([rule("a", ANY)], document("", "ABs"), NOTHING)
@example([rule("a", THREE)], document("ab bcd", ""), NOTHING)
@example([rule("a", THREE)], document("ab", "cde"), NOTHING)
@example([rule("a", THREE)], document("bcd", "cde"), NOTHING)
@example([rule("a", TITLE_OF_CAPTION)], document("ab", "", ["ab"]), NOTHING)
@example([rule("a", parse("x"), FIVE)], document("x abcde", ""), NOTHING)
@example([rule("a", parse("x"), FIVE)], document("x cde", ""), NOTHING)
@example([rule("a", parse('"ab x" AND "x ab"'))], document("ab x", ""), NOTHING)
@example([rule("a", parse('title:"ab x"'))], document("x ab", "ab x"), NOTHING)
@example([rule("a", parse("caption:ab"))], document("", "", ["ab"]), NOTHING)
@example([rule("a", parse('"ab ab"'))], document("ab", "ab"), NOTHING)
@given(rule_sets(), DOCUMENTS, ABOUTS)
def test_the_index_changes_nothing(way: Way, rules: list[Rule], read: Document, about: About) -> None:
    """The same decisions with the same evidence in the same order as without an index."""
    decisions, index = judged(rules, read, about), RuleIndex(rules, way)
    assert decisions == list(decide(indexed(rules, index), read.title, read.text, [read.captions], about))
    assert matched(decisions) == [one.name for one in index.matching(Scope(read, about))]


@both_ways
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rule_sets(), rule_sets(), st.permutations(range(6)), DOCUMENTS)
@example([rule("a", parse("x"))], [rule("b", parse("ab"))], list(range(6)), document("x ab", ""))
def test_a_changed_index_is_a_new_one(
    way: Way, before: list[Rule], after: list[Rule], order: list[int], read: Document
) -> None:
    """Rules may come, go, change and move; what the index says is what one built from nothing says."""
    index, mixed = RuleIndex(before, way), [(before + after)[place] for place in order if place < len(before + after)]
    for rules in (list({one.name: one for one in mixed}.values()), before[1:], after):
        index = index.changed_to(rules)
        decisions = judged(rules, read)
        assert matched(decisions) == [one.name for one in index.matching(Scope(read))]
        assert decisions == list(decide(indexed(rules, index), read.title, read.text, [read.captions]))


def test_a_reload_leaves_the_index_in_use_as_it_is() -> None:
    """Matching goes on with the old rules while the new index is made."""
    index = RuleIndex([rule("a", parse("tanks")), rule("b", parse("border"))])
    changed = index.changed_to([rule("a", parse("troops"))])
    read = document("Tanks at the border", "")
    assert ["a", "b"] == [one.name for one in index.matching(Scope(read))]
    assert [] == changed.matching(Scope(read))


def test_a_rule_that_only_moved_shows_its_new_place() -> None:
    """The file and line are those of the rules in force."""
    moved = replace(rule("a", parse("tanks")), line=7)
    changed = RuleIndex([rule("a", parse("tanks"))]).changed_to([moved])
    assert [7] == [one.line for one in changed.matching(Scope(document("Tanks", "")))]


def test_few_rules_do_without_numpy() -> None:
    """It is neither imported nor missed; and a program that cannot have it is served as before."""
    few = [rule(f"r{number}", parse("tanks AND border")) for number in range(3)]
    tried = "import sys; from monitor.rules.match import decide; print('numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", tried], check=True, capture_output=True, text=True).stdout
    assert ("False\n", None) == (said, advice(len(few)))
    assert 3 == len(RuleIndex(few).matching(Scope(document("Tanks at the border", ""))))


def test_many_rules_are_matched_alike_with_and_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is missing, it is said how to have it."""
    queries = ["tanks AND border", '"border patrol"', "tanks NOT border", "tanks NEAR/3 border", "title:border", "snow"]
    rules = [rule(f"r{number}", parse(queries[number % len(queries)])) for number in range(MANY // 4 * len(queries))]
    read = document("Tanks at the border", "The border patrol has tanks.")
    packed, said = RuleIndex(rules), advice(len(rules))
    assert (PackedPostings, None) == (best_way(MANY), said)
    monkeypatch.setattr(rule_index, "can_pack", lambda: False)
    plain = RuleIndex(rules)
    found = [one.name for one in plain.matching(Scope(read))]
    assert (MANY, found) == (len(found), [one.name for one in packed.matching(Scope(read))])
    assert decide(indexed(rules, plain), read.title, read.text) == decide(indexed(rules, packed), read.title, read.text)
    assert "install news-monitor[many-rules]" in (advice(MANY) or "")


@both_ways
def test_the_nearest_of_many_are_those_that_lack_least(way: Way) -> None:
    """Whatever the index makes of their parts, these are told that judging every rule would choose."""
    queries = [
        "tanks AND border AND snow", "tanks AND snow AND rain", '"border tanks" AND tanks', "tanks NEAR/1 snow",
        '"the border" AND snow', "tanks NOT border", "title:patrol AND tanks AND border", "(snow OR tanks) AND rain",
    ]  # fmt: skip
    rules = [rule(f"r{number}", parse(queries[number * 5 % len(queries)])) for number in range(400)]
    read = document("Tanks at the border", "The border patrol has tanks.")
    judged_near = [one for one in judged(rules, read) if one.outcome is Outcome.NEAR]
    lacking = {one.rule: 0 if "excluded" in one.missing[0] else len(one.missing) for one in judged_near}
    nearest = sorted(judged_near, key=lambda one: lacking[one.rule])[:MOST_NEAR]
    told = [one for one in decide(indexed(rules, RuleIndex(rules, way)), read.title, read.text) if one in judged_near]
    assert {one.rule for one in nearest} == {one.rule for one in told}
