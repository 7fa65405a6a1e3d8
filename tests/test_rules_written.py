"""Conditions written out as a query or as YAML, and read back."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import Problem
from monitor.model import Zone
from monitor.rules import leaves
from monitor.rules.conditions import (
    All,
    Any,
    AtLeast,
    ConceptRef,
    Count,
    Fact,
    InZone,
    Near,
    Origin,
    SameSentence,
    Score,
    Without,
)
from monitor.rules.mapping import ConditionReader
from monitor.rules.query import parse
from monitor.rules.terms import Condition
from monitor.rules.written import to_query, to_yaml
from monitor.yaml_file import parse as parse_yaml

CONCEPTS = {name: ConceptRef(name, leaves.phrase(name), "1") for name in ("kosovo", "armed-forces")}
TEXT = st.text(st.sampled_from("aKNй. -'’\"“(;^:*~"), min_size=1, max_size=8)


def made(make: Callable[[str], Condition]) -> st.SearchStrategy[Condition]:
    """What a maker of terms makes of any text that it takes."""

    def attempt(text: str) -> Condition | None:
        try:
            return make(text)
        except leaves.LeafError:
            return None

    return TEXT.map(attempt).flatmap(lambda term: st.nothing() if term is None else st.just(term))


PLACED = st.one_of(
    st.sampled_from(["a", "troops", "deploy*", "Косово", "AND", "friendly match", "F-16", "deploy* the troop*"]).map(
        leaves.phrase
    ),
    st.sampled_from(["Army of Serbia", "KiM"]).map(leaves.exact),
    st.sampled_from(["Kosovo", "Albin Kurti"]).map(leaves.name),
    st.builds(leaves.stemmed, st.just("deployment"), st.sampled_from(["en", "sr"])),
    st.sampled_from([leaves.acronym("NATO"), leaves.regex(r"F-?16\w*"), *CONCEPTS.values()]),
    made(leaves.phrase),
    made(leaves.exact),
    made(leaves.acronym),
)
NAMES = st.sampled_from(["sr", "Balkan Insight", 'Radio "Kosova"'])
ORIGINS = st.just(Origin(Fact.LANGUAGE, "sr-Latn")) | st.builds(Origin, st.sampled_from([Fact.FEED, Fact.TAG]), NAMES)


def several(conditions: st.SearchStrategy[Condition]) -> st.SearchStrategy[tuple[Condition, ...]]:
    return st.lists(conditions, min_size=2, max_size=4).map(tuple)


def placed(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    return st.one_of(
        several(parts).map(Any),
        st.builds(InZone, st.sampled_from(Zone), parts),
        st.builds(Near, st.integers(1, 500), st.booleans(), several(parts)),
    )


PLACES = st.recursive(PLACED, placed, max_leaves=4)


def whole(conditions: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    weights = st.lists(st.tuples(conditions, st.sampled_from([1.0, 2.5, -3.0, 1e-05])), min_size=1, max_size=3)
    return st.one_of(
        several(conditions).map(Any),
        several(conditions).map(All),
        st.builds(Without, conditions, conditions),
        several(conditions).flatmap(lambda parts: st.builds(AtLeast, st.integers(1, len(parts)), st.just(parts))),
        st.builds(InZone, st.sampled_from(Zone), conditions),
        st.builds(SameSentence, several(PLACES)),
        st.builds(Count, st.integers(1, 1000), PLACES),
        weights.map(lambda terms: Score(1.0, ((parse("x"), 1.0), *terms))),
    )


CONDITIONS = st.recursive(PLACES | ORIGINS, whole, max_leaves=6)


def find_concept(name: str, complain: Callable[[str], None]) -> ConceptRef | None:
    return CONCEPTS.get(name)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONDITIONS)
def test_a_query_says_the_same(condition: Condition) -> None:
    """Written as a query and read again, a condition is what it was."""
    assert condition == parse(to_query(condition), find_concept)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONDITIONS)
def test_yaml_says_the_same(condition: Condition) -> None:
    """Written as YAML and read again, a condition is what it was."""
    problems: list[Problem] = []
    file = parse_yaml(json.dumps({"match": to_yaml(condition)}, ensure_ascii=False), "r.yaml")
    read = ConditionReader(file, problems, find_concept).read(file.data["match"], ("match",))
    assert ([], condition) == (problems, read)


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("(a OR b) AND c NOT (d AND e)", "(a OR b) AND c NOT (d AND e)"),
        ("a NEAR/3 b NEAR/4 c", "((a NEAR/3 b) NEAR/4 c)"),
        ("friendly match", '"friendly match"'),
        ("title:(a OR bcd*)", "title:(a OR bcd*)"),
        ("SCORE/5(a^5; b c^2.50)", 'SCORE/5(a^5; "b c"^2.5)'),
        ("ATLEAST/2(a; b; c AND d)", "ATLEAST/2(a; b; c AND d)"),
    ],
)
def test_how_queries_are_written(query: str, written: str) -> None:
    """With the fewest parentheses that keep the meaning plain."""
    assert written == to_query(parse(query))


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("a AND b NOT c", {"all": ["a", "b"], "none": ["c"]}),
        ("a OR b", {"any": ["a", "b"]}),
        ("a NOT (b OR c)", {"all": ["a"], "none": ["b", "c"]}),
        ("title:a ONEAR/3 b", {"near": [{"title": "a"}, "b"], "within": 3, "ordered": True}),
        ("raw:NATO AND tag:x", {"all": [{"exact": "NATO"}, {"tag": "x"}]}),
    ],
)
def test_how_yaml_is_written(query: str, written: object) -> None:
    """As an operator would write it by hand."""
    assert written == to_yaml(parse(query))
