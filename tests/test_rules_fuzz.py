"""Malformed rules, of every kind: always problems with their place, never a traceback, never half a set."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.errors import ConfigError, Problem
from monitor.rules.lint import findings, run_examples
from monitor.rules.match import decide
from monitor.rules.rule import Examples
from monitor.rules.schema import load, read_again, version_of
from monitor.rules.usage import in_archive

OPERATORS = [
    "any",
    "all",
    "none",
    "near",
    "within",
    "ordered",
    "same_sentence",
    "at_least",
    "n",
    "of",
    "concept",
    "word",
    "phrase",
    "exact",
    "acronym",
    "name",
    "stem",
    "language",
    "regex",
    "count",
    "score",
    "threshold",
    "terms",
    "feed",
    "tag",
    "title",
    "lead",
    "body",
    "caption",
    "term",
    "weight",
]
TEXTS = [
    "tanks",
    "deploy*",
    "NATO",
    "Kosovo",
    "kosovo",
    "en",
    "(a",
    '"',
    "a*b",
    "…",
    "F-16",
    "concept:kosovo",
    "regex:x",
    "(?=a)",
    "[",
    "\\",
    "x{1,1000}",
    "🎈",
]
QUERIES = ["a AND b", "a NEAR/3 b", "ATLEAST/2(a; b)", "SCORE/1(a^2; b)", "", " ", "\x85"]
SCALARS = st.one_of(
    st.sampled_from(TEXTS + QUERIES), st.integers(-3, 600), st.floats(allow_nan=False), st.booleans(), st.none()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(OPERATORS), inner, max_size=4),
    max_leaves=12,
)
GOOD = """\
concepts:
  - name: kosovo
    title: Kosovo
    terms: {en: [kosov*, {exact: KiM}], sr: [{stem: vojska}]}
rules:
  - name: troops
    severity: high
    channel: "#balkans"
    match:
      all: [{concept: kosovo}, {near: [troops, border], within: 12, ordered: true}]
      none: ["friendly match"]
    examples: {match: ["Kosovo troops at the border"], no_match: [Kosovo wins]}
"""
RULES, CONCEPTS = GOOD[GOOD.index("rules:") :], GOOD[: GOOD.index("rules:")]


def stands_there(problem: Problem) -> bool:
    """Whether the place of a problem is one in its file; an end is a place too."""
    if not problem.line:
        return problem.column == 0
    lines = Path(problem.file).read_text("utf-8").split("\n")
    return problem.line <= len(lines) and 0 <= problem.column <= len(lines[problem.line - 1]) + 1


def try_to_load(rules: str, concepts: str = CONCEPTS) -> None:
    """What loads must match, be looked at, and be read again from what is kept of it; what does not has its places."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (("rules", rules), ("concepts", concepts)):
            Path(directory, name).mkdir()
            Path(directory, name, "x.yaml").write_text(text, "utf-8", "surrogatepass")
        try:
            loaded = load(Path(directory, "rules"), Path(directory, "concepts"))
        except ConfigError as e:
            assert e.problems
            assert all(Path(directory) in Path(one.file).parents and one.message.strip() for one in e.problems)
            assert all(stands_there(one) for one in e.problems)
            return
    for rule in loaded.rules:
        again = read_again(version_of(rule, loaded), rule.file, rule.line)
        assert again == replace(rule, examples=Examples()), "what is kept of a rule is all of it"
    run_examples(loaded)
    findings(loaded)
    in_archive(loaded, {"tanks": 1})
    decide(loaded, "Tanks near Kosovo", "NATO deployed a F-16 there.\n\nA b.", ["Kosovo"])


@given(VALUES)
@settings(max_examples=300, deadline=None)
def test_any_value_may_stand_where_a_condition_should(value: object) -> None:
    """It is read, or its problems are told."""
    try_to_load(f"rules:\n  - name: r\n    match: {json.dumps(value)}\n")


@given(VALUES)
@settings(deadline=None)
def test_any_value_may_stand_where_terms_should(value: object) -> None:
    """In a vocabulary as in a rule."""
    try_to_load(RULES, f"concepts:\n  - name: kosovo\n    terms: {json.dumps({'en': value})}\n")


@given(st.dictionaries(st.sampled_from(["name", "title", "severity", "match", "none", "alert", "page", "x"]), VALUES))
@settings(deadline=None)
def test_any_mapping_may_stand_where_a_rule_should(value: dict[str, object]) -> None:
    """Whatever its keys."""
    try_to_load(f"rules: [{json.dumps(value)}]")


@given(
    st.integers(0, len(GOOD)),
    st.integers(0, 12),
    st.text(st.sampled_from("\n\t :-[]{}'\"*&!|>%@`#,?ab(\x00\ufeff"), max_size=6),
)
@example(0, 0, "\ufeff")
@settings(deadline=None)
def test_a_file_may_be_broken_anywhere(place: int, gone: int, instead: str) -> None:
    """A slip of the hand costs a message, and no more."""
    broken = GOOD[:place] + instead + GOOD[place + gone :]
    try_to_load(broken[broken.find("rules:") :] if "rules:" in broken else broken, CONCEPTS)


BROKEN = {
    "empty": "",
    "null": "~",
    "a list": "- name: a",
    "a word": "rules",
    "tabs": "rules:\n\t- name: a",
    "unclosed": "rules: [{name: a, match: 'b}]",
    "a colon": "rules:\n  - name: a\n    match: title: troops",
    "quoted query": 'rules:\n  - name: a\n    match: "a b" OR c',
    "star": "rules:\n  - name: a\n    match: *tanks",
    "anchor": "rules: [&a {name: a, match: b}, *a]",
    "tag": "rules: [{name: a, match: !!python/object:os.system b}]",
    "merge": "rules:\n  - <<: {name: a}\n    match: b",
    "twice": "rules: [{name: a, match: b, match: c}]",
    "two documents": "rules: [{name: a, match: b}]\n---\nrules: []",
    "no name": "rules: [{match: b}]",
    "no match": "rules: [{name: a}]",
    "binary": "rules: \x00\x01",
    "numbers": "rules: [{name: 1, match: 2, severity: 3, channel: 4}]",
    "deep": "rules: [{name: a, match: " + "{any: [" * 60 + "b" + "]}" * 60 + "}]",
    "deep query": "rules: [{name: a, match: '" + "(" * 200 + "b" + ")" * 200 + "'}]",
    "circle": "rules: [{name: a, match: {concept: one}}]",
    "concepts in rules": CONCEPTS,
}
CIRCLE = """\
concepts:
  - {name: one, terms: {en: [{concept: two}]}}
  - {name: two, terms: {en: [{concept: three}]}}
  - {name: three, terms: {en: ["a AND concept:one"]}}
"""


@pytest.mark.parametrize("rules", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files(tmp_path: Path, rules: str) -> None:
    """Each names its file, and the line if there is one."""
    for name, text in (("rules", rules), ("concepts", CIRCLE)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "rules", tmp_path / "concepts")
    assert all(one.message for one in caught.value.problems)
    assert any("circle: " in one.message for one in caught.value.problems), "all files are told of at once"


@pytest.mark.parametrize(
    "match",
    [
        "a NEAR/500 a NEAR/500 a",
        "NEAR/500(a; a; a; a; a)",
        '"a a a a a a a a b"',
        "SENTENCE(a; b; aaa*)",
        "COUNT/1000(a OR b)",
        'regex:"(a|a)*b"',
        'regex:"(a*)*b"',
        'regex:"a.*a.*a.*a.*b"',
        "ATLEAST/2(a NEAR/9 b; a NEAR/8 b; a NEAR/7 b)",
        "SCORE/5(a^1; a NEAR/9 b^4; b^2)",
    ],
)
@pytest.mark.timeout(60)
def test_no_rule_can_hang(tmp_path: Path, match: str) -> None:
    """A text made to be slow comes to an end: what took time in proportion to its square would not in a minute."""
    (tmp_path / "r.yaml").write_text(f"rules: [{{name: a, match: {json.dumps(match)}}}]")
    decide(load(tmp_path, tmp_path / "none"), "", "a " * 30_000)
