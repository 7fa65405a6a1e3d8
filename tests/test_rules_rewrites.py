"""Ways to make a rule narrower: what each would write for each way that people write rules in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.errors import ConfigError
from monitor.rules import schema
from monitor.rules.edits import Source, Unwritable
from monitor.rules.rewrites import Way, rewrites
from monitor.rules.schema import RuleSet

CONFIG = Path(__file__).parents[1] / "config"
TERMS = [("aquarium",), ("fish tank", "AND")]
EITHER = "{any: [{title: {near: [a, b], within: 8}}, {lead: {near: [a, b], within: 8}}]}"

TABLE: list[tuple[Way, str, Sequence[str]]] = [
    (Way.EXCLUDE, "a AND b", ["a AND b NOT aquarium", 'a AND b NOT ("fish tank" OR "AND")']),
    (Way.EXCLUDE, '"a OR b"', ["(a OR b) NOT aquarium", '(a OR b) NOT ("fish tank" OR "AND")']),
    (Way.EXCLUDE, "a NOT b", ["a NOT b NOT aquarium", 'a NOT b NOT ("fish tank" OR "AND")']),
    (Way.EXCLUDE, "{any: [a]}", ["{any: [a], none: [aquarium]}", "{any: [a], none: [fish tank, '\"AND\"']}"]),
    (
        Way.EXCLUDE,
        "{any: [a], none: [b]}",
        ["{any: [a], none: [b, aquarium]}", "{any: [a], none: [b, fish tank, '\"AND\"']}"],
    ),
    (Way.NEARER, "a NEAR/12 b", ["a NEAR/9 b", "a NEAR/6 b", "a NEAR/3 b"]),
    (Way.NEARER, "a ONEAR/2 b", ["a ONEAR/1 b"]),
    (Way.NEARER, "a NEAR/1 b", []),
    (Way.NEARER, "{any: [{near: [a, b], within: 2}]}", ["{any: [{near: [a, b], within: 1}]}"]),
    (Way.NEARER, "{all: [c], none: [{near: [a, b], within: 2}]}", []),
    (Way.SENTENCE, "c AND a NEAR/12 b", ["c AND SENTENCE(a; b)"]),
    (Way.SENTENCE, "a ONEAR/12 b", []),
    (Way.SENTENCE, "(a NEAR/2 b) NEAR/9 c", ["SENTENCE((a NEAR/2 b); c)"]),
    (Way.SENTENCE, "{near: [a, b], within: 8, none: [c]}", ["{same_sentence: [a, b], none: [c]}"]),
    (Way.SENTENCE, "{near: [a, b], within: 8, ordered: true}", []),
    (Way.SENTENCE, "{within: 8, near: [a, b]}", []),
    (Way.ZONE, "a AND title:b", ["title:a AND title:b", "(title:a OR lead:a) AND title:b"]),
    (Way.ZONE, "a NOT b", ["title:a NOT b", "(title:a OR lead:a) NOT b"]),
    (Way.ZONE, "language:en AND feed:x", []),
    (Way.ZONE, "{near: [a, b], within: 8}", ["{title: {near: [a, b], within: 8}}", EITHER]),
    (Way.ZONE, "{any: [a, b], none: [c]}", ["{title: {any: [a, b]}, none: [c]}"]),
    (Way.ZONE, "{title: a}", []),
    (Way.SCORE, "SCORE/4(a^5; b^1)", ["SCORE/5(a^5; b^1)", "SCORE/6(a^5; b^1)"]),
    (
        Way.SCORE,
        "{score: {threshold: 4, terms: {a: 4, b: 3, c: -2}}}",
        [
            "{score: {threshold: 5, terms: {a: 4, b: 3, c: -2}}}",
            "{score: {threshold: 6, terms: {a: 4, b: 3, c: -2}}}",
            "{score: {threshold: 4, terms: {a: 2, b: 3, c: -2}}}",
            "{score: {threshold: 4, terms: {a: 4, b: 1.5, c: -2}}}",
        ],
    ),
    (
        Way.SCORE,
        "{score: {threshold: 4, terms: [{term: a, weight: 5}]}}",
        ["{score: {threshold: 5, terms: [{term: a, weight: 5}]}}"],
    ),
    (Way.COUNT, "COUNT/1(a) OR b", ["COUNT/2(a) OR b", "COUNT/3(a) OR b"]),
    (Way.COUNT, "{count: {n: 2, of: a}}", ["{count: {n: 3, of: a}}", "{count: {n: 4, of: a}}"]),
    (Way.COUNT, "{at_least: {n: 1, of: [a, b]}}", ["{at_least: {n: 2, of: [a, b]}}"]),
]


@pytest.mark.parametrize(("way", "match", "expected"), TABLE, ids=[f"{way} {match}" for way, match, _ in TABLE])
def test_a_way_is_written_as_the_rule_is(way: Way, match: str, expected: Sequence[str]) -> None:
    """And only what a rule may say comes out."""
    source, found = Source(f"rules: [{{name: r, match: {match}}}]\n", "r.yaml"), list[str]()
    for rewrite in rewrites(source, ("rules", 0, "match"), TERMS):
        try:
            after = rewrite.make()
            schema.read(after.file, RuleSet(()))
        except (Unwritable, ConfigError):
            continue
        if rewrite.way is way:
            found.append(after.text.removeprefix("rules: [{name: r, match: ").removesuffix("}]\n"))
    assert list(expected) == found


def test_the_shipped_rules_can_be_rewritten_in_every_way_that_fits() -> None:
    """In files with comments, in many scripts, in lines and in brackets."""
    rules, ways = schema.load(CONFIG / "rules", CONFIG / "concepts"), Counter[Way]()
    for rule in rules.rules:
        source = Source(Path(rule.file).read_text("utf-8"), rule.file)
        names = [entry["name"] for entry in source.at(("rules",))]
        for rewrite in rewrites(source, ("rules", names.index(rule.name), "match"), TERMS):
            (changed,) = schema.read(rewrite.make().file, rules, only=rule.name)
            assert changed.version != rule.version
            ways[rewrite.way] += 1
    assert {Way.EXCLUDE, Way.NEARER, Way.SENTENCE, Way.ZONE} == set(ways)
    assert 2 * len(rules.rules) == ways[Way.EXCLUDE]
