"""Rules and concepts as YAML: everything right, or every problem with its place."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from monitor.errors import ConfigError
from monitor.model import Severity
from monitor.rules.conditions import All
from monitor.rules.match import decide
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet, load

CONCEPTS = """\
concepts:
  - name: kosovo
    title: Kosovo
    terms: {en: [kosov*, pristina], sr: ["priština*"], any: [{exact: KiM}]}
  - name: armed-forces
    terms: {en: [troops, tanks, {concept: nato}]}
  - name: nato
    terms: {any: [{exact: NATO}, KFOR]}
"""
RULE = """\
rules:
  - name: kosovo-troops
    title: Troops near Kosovo
    severity: high
    channel: "#balkans-watch"
    match:
      all:
        - concept: kosovo
        - {near: [{concept: armed-forces}, border], within: 25}
      none: ["friendly match"]
    alert: {updates: thread, min_sources: 1, cooldown: 0}
    examples:
      match: ["Tanks at the border with Kosovo"]
      no_match:
        - Kosovo wins
"""


class Desk:
    """A directory of rules and concepts."""

    def __init__(self, directory: Path) -> None:
        self.rules, self.concepts = directory / "rules", directory / "concepts"
        self.rules.mkdir()
        self.concepts.mkdir()

    def load(self, rules: str = RULE, concepts: str = CONCEPTS) -> RuleSet:
        (self.rules / "r.yaml").write_text(dedent(rules))
        (self.concepts / "c.yaml").write_text(dedent(concepts))
        return load(self.rules, self.concepts)

    def rule(self, match: str, **keys: str) -> Rule:
        return self.load(_rule(match, **keys)).rules[0]

    def problems(self, rules: str = RULE, concepts: str = CONCEPTS) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.load(rules, concepts)
        return [f"{Path(problem.file).name}:{problem.line}: {problem.message}" for problem in caught.value.problems]


def _rule(match: str, **keys: str) -> str:
    more = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"rules:\n  - name: r\n    match: {match}\n{more}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_rule(desk: Desk) -> None:
    """Everything that a rule says is in it, with its place."""
    rule = desk.load().rules[0]
    assert ("kosovo-troops", "Troops near Kosovo", Severity.HIGH, "#balkans-watch") == (
        rule.name,
        rule.title,
        rule.severity,
        rule.channel,
    )
    assert "all of (concept kosovo, concept armed-forces NEAR/25 border)" == rule.match.label
    assert rule.none is not None
    assert '"friendly match"' == rule.none.label
    assert (str(desk.rules / "r.yaml"), 2) == (rule.file, rule.line)
    assert [("Tanks at the border with Kosovo", 13)] == [(one.text, one.line) for one in rule.examples.match]
    assert [("Kosovo wins", 15)] == [(one.text, one.line) for one in rule.examples.no_match]


def test_what_a_rule_need_not_say(desk: Desk) -> None:
    """Name and match are enough."""
    rule = desk.rule("troops")
    assert ("R", Severity.NORMAL, None, None) == (rule.title, rule.severity, rule.channel, rule.none)


@pytest.mark.parametrize(
    ("match", "label", "none"),
    [
        ("troops AND border", "all of (troops, border)", None),
        ("troops NOT football", "troops", "football"),
        ("{all: [a, b], any: [c, d]}", "all of (a, b, any of (c, d))", None),
        ("{word: troops}", "troops", None),
        ("{word: deploy*}", "deploy*", None),
        ("{word: F-16}", '"F-16"', None),
        ("{phrase: Bosnia and Herzegovina}", '"Bosnia and Herzegovina"', None),
        ("{exact: Army of Serbia}", "exact Army of Serbia", None),
        ("{title: a OR b}", "title:any of (a, b)", None),
        ("{lead: {concept: nato}}", "lead:concept nato", None),
        ("{at_least: {n: 2, of: [a, b, c]}}", "at least 2 of (a, b, c)", None),
        ("{near: [a, b], within: 3, ordered: true}", "a ONEAR/3 b", None),
        ("{same_sentence: [a, {concept: nato}], none: [b]}", "in one sentence (a, concept nato)", "b"),
        ("{all: [{any: [a], none: [b]}, c]}", "all of (a without b, c)", None),
        ("{any: [a], none: [b, c]}", "a", "any of (b, c)"),
        ("{count: {n: 3, of: kosov*}}", "3 times kosov*", None),
        ("{score: {threshold: 5, terms: {troops: 5, title:tanks: 2.5}}}", "score 5 of (troops, title:tanks)", None),
        ("{score: {threshold: 5, terms: [{term: {concept: nato}, weight: 5}]}}", "score 5 of (concept nato)", None),
        ("{stem: deploy, language: en}", "stem deploy", None),
        ("{all: [a], language: sr, tag: balkans}", "all of (a, language sr, tag balkans)", None),
        ("concept:kosovo AND acronym:NATO", "all of (concept kosovo, acronym NATO)", None),
        ("{name: Kosovo}", "name Kosovo", None),
        ("{regex: 'F-?16'}", "regex F-?16", None),
    ],
)
def test_operators(desk: Desk, match: str, label: str, none: str | None) -> None:
    """A match is a query string or a mapping of operators that must all hold."""
    rule = desk.rule(match)
    assert (label, none) == (rule.match.label, rule.none and rule.none.label)


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("", "is empty; write a query"),
        ("{}", "is empty; write a query"),
        ('""', "r.yaml:3: the query is empty; write the words to look for"),
        ("' '", "r.yaml:3: the query is empty; write the words to look for"),
        ("12", '12 is not text; put quotes around it: "12"'),
        ("true", 'true is not text; put quotes around it: "true"'),
        ("[a, b]", "write any: or all: before it"),
        ("troops AND", "column 11: something must follow here"),
        ("{any: []}", "any: is empty; write it as in any: [troops, tank*]"),
        ("{any: troops}", "any: must be a list"),
        ("{all: [a, null]}", "is empty"),
        ("{none: [a]}", "none: alone matches nearly everything"),
        ("{anny: [a]}", "unknown operator 'anny'; did you mean 'any'?"),
        ("{xyz: [a]}", "unknown operator 'xyz'; known: all, any"),
        ("{regex: a**}", "regex: is no expression that takes linear time"),
        ("{regex: [a]}", "regex: takes text"),
        ("{score: {threshold: 1}}", "terms: is empty"),
        ("{score: {terms: {a: 1}}}", "threshold: must be a number"),
        ("{score: {threshold: 9, terms: {a: 1}}}", "score: the threshold must be more than 0 and at most 1"),
        ("{score: {threshold: 1, terms: {a: b}}}", "a weight must be a number"),
        ("{score: {threshold: 1, terms: [a]}}", "this must be a mapping, as in {term: {concept: kosovo}, weight: 5}"),
        ("{score: {threshold: 1, terms: {a AND: 1}}}", "column 6: something must follow here"),
        ("{count: {n: 0, of: a}}", "n: must be a number from 1 to 1000"),
        ("{count: {n: 2, of: a AND b}}", "cannot stand inside count:"),
        ("{stem: deploy}", "stem: needs its language beside it"),
        ("{stem: deploy, language: xx}", "stem: stems are known in en, de, fr"),
        ("{acronym: nato}", "acronym: 'nato' is no acronym"),
        ("{name: kosovo}", "name: 'kosovo' is no proper name"),
        ("{tag: 3}", "tag: takes text"),
        ("{within: 3, any: [a]}", "within: belongs beside near:"),
        ("{near: [a, b]}", "within: must be a number of words from 1 to 500"),
        ("{near: [a, b], within: 0}", "within: must be a number of words from 1 to 500"),
        ("{near: [a, b], within: true}", "within: must be a number of words from 1 to 500"),
        ("{near: [a, b], within: 2, ordered: 1}", "ordered: must be true or false"),
        ("{near: [a], within: 2}", "near: needs at least two parts"),
        ("{near: [a AND b, c], within: 2}", "cannot stand inside near: it is about the whole article"),
        ("{same_sentence: [a, {all: [b, c]}]}", "cannot stand inside same_sentence"),
        ("{at_least: [a]}", "at_least: must be a mapping, as in at_least: {n: 2"),
        ("{at_least: {n: 3, of: [a, b]}}", "n: must be a number from 1 to 2"),
        ("{at_least: {n: 1, of: [a], off: [b]}}", "unknown key 'off'; did you mean 'of'?"),
        ("{word: two words}", 'word: takes one word; write {phrase: "two words"}'),
        ("{exact: [a]}", "exact: takes text"),
        ('{exact: "…"}', "exact: has no letter or digit"),
        ("{concept: kosvo}", "there is no concept 'kosvo'; did you mean 'kosovo'?"),
        ("{concept: xyz}", "there is no concept 'xyz'; define it in a file in the directory concepts"),
        ("{concept: [a]}", "concept: takes one name"),
    ],
)
def test_what_is_wrong_with_a_match(desk: Desk, match: str, expected: str) -> None:
    """Each mistake is named with its line and what would work."""
    found = desk.problems(_rule(match))
    assert [True] == [one.startswith("r.yaml:3: ") and expected in one for one in found], found
    assert "column" in expected or "\n" not in found[0], "one line, but for a query's with a caret under the place"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            RULE.replace("severity: high", "severity: urgent"),
            "r.yaml:4: severity 'urgent' is unknown; known: low, normal",
        ),
        (
            RULE.replace('"#balkans-watch"', "#balkans-watch"),
            'r.yaml:5: channel: nothing is not a channel; write "#name"',
        ),
        (RULE.replace("title: Troops near Kosovo", "title: 12"), "r.yaml:3: title: 12 is not text; write "),
        (RULE.replace("name: kosovo-troops", "name: Kosovo Troops"), "r.yaml:2: 'Kosovo Troops' cannot be a name"),
        (RULE.replace("- name: kosovo-troops\n    ", "- "), "r.yaml:2: name is missing; add one"),
        (RULE.replace("severity:", "severty:"), "r.yaml:4: unknown key 'severty'; did you mean 'severity'?"),
        (
            RULE.replace("updates: thread", "updates: none"),
            "r.yaml:11: updates: 'none' is unknown; known: thread, channel, silent",
        ),
        (RULE.replace("min_sources: 1", "min_sources: 0"), "r.yaml:11: min_sources: 0 is no number of sources"),
        (RULE.replace("min_sources: 1", "min_sources: yes"), "r.yaml:11: min_sources: 'yes' is no number of sources"),
        (RULE.replace("cooldown: 0", "cooldown: 6"), "r.yaml:11: cooldown: 6 is not a duration up to 30d"),
        (RULE.replace("cooldown: 0", "sources_within: 31d"), "r.yaml:11: sources_within: '31d' is not a duration"),
        (RULE.replace("cooldown: 0", "on_timeout: drop"), "r.yaml:11: on_timeout: 'drop' is unknown; known: digest"),
        (RULE.replace("cooldown: 0", "rise: {3: loud}"), "r.yaml:11: rise: severity 'loud' is unknown; known: low"),
        (RULE.replace("cooldown: 0", "rise: {three: high}"), "r.yaml:11: three: 'three' is no number of sources"),
        (RULE.replace("cooldown: 0", "rise: 3"), "r.yaml:11: rise: must be a mapping, as in rise: {3: high"),
        (RULE.replace("cooldown", "cooldwn"), "r.yaml:11: unknown key 'cooldwn'; did you mean 'cooldown'?"),
        (RULE.replace("no_match:", "nomatch:"), "r.yaml:14: unknown key 'nomatch'; did you mean 'no_match'?"),
        (RULE.replace("- Kosovo wins", "- 12"), "r.yaml:15: an example must be text"),
        (RULE.replace("      none: [", "    none: ["), "r.yaml:10: none: stands inside match:"),
        ("rules: []", "r.yaml:1: rules: is empty"),
        ("rule: []", "r.yaml:1: unknown key 'rule'; did you mean 'rules'?"),
        ("", "r.yaml:1: the file must be a mapping"),
        ("rules: [troops]", "r.yaml:1: this must be a mapping"),
        ("rules:\n  - name: r", "r.yaml:2: match is missing"),
        (RULE + RULE.replace("rules:\n", ""), "r.yaml:16: the name 'kosovo-troops' is also used at "),
    ],
)
def test_what_is_wrong_with_a_rule(desk: Desk, rules: str, expected: str) -> None:
    """Each mistake is named with its line and what would work."""
    found = desk.problems(rules)
    assert any(one.startswith(expected) for one in found), found


WRONG = ["7", "1.5", "true", "~", "[]", "[7]", "{}", "''", "' '"]


@pytest.mark.parametrize(
    "match",
    [
        "match: %s",
        "match: {all: %s}",
        "match: {any: [%s]}",
        "match: {any: [a], none: %s}",
        "match: {near: %s, within: 3}",
        "match: {near: [a, b], within: -%s}",
        "match: {same_sentence: %s}",
        "match: {at_least: %s}",
        "match: {at_least: {n: %s, of: [a]}}",
        "match: {at_least: {n: 1, of: %s}}",
        "match: {concept: %s}",
        "match: {word: %s}",
        "match: {phrase: %s}",
        "match: {exact: %s}",
        "match: {title: %s}",
        "match: a\n    title: %s",
        "match: a\n    severity: %s",
        "match: a\n    channel: %s",
        "match: a\n    alert: %s",
        "match: a\n    alert: {updates: %s}",
        "match: a\n    examples: %s",
        "match: a\n    examples: {match: %s}",
        "match: a\n    name: %s",
    ],
)
@pytest.mark.parametrize("value", WRONG)
def test_a_wrong_value_is_one_sentence(desk: Desk, match: str, value: str) -> None:
    """Whatever is wrong at whatever key: one problem, in the operator's terms and on one line."""
    name = "" if "name:" in match else "    name: r\n"
    text = "rules:\n  -\n" + name + "    " + match.replace("%s", value) + "\n"
    (found,) = desk.problems(text)
    assert found.startswith(f"r.yaml:{text.count(chr(10))}: ")
    assert not re.search(r"None|True|\['|\n", found)


@pytest.mark.parametrize(
    ("concepts", "expected"),
    [
        ("concepts: [{name: a, terms: {en: [x, {exact: [y]}]}}]", "c.yaml:1: exact: takes text"),
        ("concepts: [{name: a, terms: {english!: [x]}}]", "c.yaml:1: 'english!' is not a language"),
        ("concepts: [{name: a, terms: [x]}]", "c.yaml:1: terms: must be a mapping"),
        ("concepts: [{name: a}]", "c.yaml:1: terms: must be a mapping"),
        ("concepts: [{name: a, terms: {en: []}}]", "c.yaml:1: en: is empty"),
        ("concepts: [{name: a, term: {en: [x]}}]", "c.yaml:1: unknown key 'term'; did you mean 'terms'?"),
        (
            """\
            concepts:
              - {name: a, terms: {en: [{concept: b}]}}
              - {name: b, terms: {en: [{concept: c}]}}
              - {name: c, terms: {en: [{concept: b}]}}
            """,
            "c.yaml:4: concepts refer to one another in a circle: b → c → b",
        ),
        (
            "concepts: [{name: a, terms: {en: [{concept: a}]}}]",
            "c.yaml:1: concepts refer to one another in a circle: a → a",
        ),
    ],
)
def test_what_is_wrong_with_a_concept(desk: Desk, concepts: str, expected: str) -> None:
    """Each mistake is named with its line, whether or not a rule uses the concept."""
    found = desk.problems("rules: [{name: r, match: troops}]", concepts)
    assert any(one.startswith(expected) for one in found), found


def test_a_concept_that_is_wrong_is_blamed_once(desk: Desk) -> None:
    """The rules that use it have done nothing wrong."""
    found = desk.problems(RULE, CONCEPTS.replace("pristina", '"a NEAR b"'))
    assert ["c.yaml:4"] == [one.split(": ")[0] for one in found]


def test_every_problem_of_every_file_is_told(desk: Desk) -> None:
    """A broken file hides nothing that is wrong in the others."""
    (desk.rules / "a.yaml").write_text("rules: [\n")
    found = desk.problems(_rule("{any: [a AND, {word: b c}]}", severity="loud"), "concepts: 1")
    assert ["a.yaml", "c.yaml", "r.yaml", "r.yaml", "r.yaml"] == sorted(one.split(":")[0] for one in found)


def test_names_are_unique_across_files(desk: Desk) -> None:
    """Both places are named, for rules and for concepts."""
    (desk.rules / "a.yml").write_text(RULE)
    (desk.concepts / "a.yaml").write_text(CONCEPTS)
    found = desk.problems()
    assert any(f"{desk.rules / 'a.yml'}:2" in one for one in found)
    assert any(f"{desk.concepts / 'a.yaml'}:2" in one for one in found)


def test_there_must_be_a_rule(desk: Desk) -> None:
    """A monitor without rules would be silent, and look safe."""
    with pytest.raises(ConfigError, match="there are no rules here"):
        load(desk.rules, desk.concepts)
    with pytest.raises(ConfigError, match="there are no rules here"):
        load(desk.rules / "nowhere", desk.concepts)


def test_an_editors_files_are_passed_over(desk: Desk) -> None:
    """Hidden files and other endings are not configuration."""
    for name in (".r.yaml", "r.yaml.bak", "README.md"):
        (desk.rules / name).write_text("nonsense: [")
    assert 1 == len(desk.load().rules)


@pytest.mark.parametrize(
    ("rules", "concepts", "same"),
    [
        (RULE, CONCEPTS, True),
        (RULE.replace("Kosovo wins", "Kosovo loses"), CONCEPTS, True),
        ("# a comment\n" + RULE, CONCEPTS, True),
        (RULE.replace("high", "low"), CONCEPTS, False),
        (RULE.replace("25", "26"), CONCEPTS, False),
        (RULE, CONCEPTS.replace("pristina", "mitrovica"), False),
        (RULE, CONCEPTS.replace("KFOR", "EUFOR"), False),
        (RULE, CONCEPTS.replace("title: Kosovo", "title: Kosova"), True),
    ],
)
def test_the_version_changes_with_what_the_rule_says(desk: Desk, rules: str, concepts: str, same: bool) -> None:
    """Its own words and those of every concept it uses count; examples, comments and concept titles do not."""
    before = desk.load().rules[0].version
    assert same is (before == desk.load(rules, concepts).rules[0].version)


def test_a_concept_is_one_value_for_all_rules(desk: Desk) -> None:
    """It is read once, so that it can be looked for once."""
    one, other = desk.load(
        "rules: [{name: a, match: {all: [{concept: nato}, x]}}, {name: b, match: {concept: nato}}]"
    ).rules
    assert isinstance(one.match, All)
    assert one.match.children[0] is other.match


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("rules/a.yaml", "rules: [{name: a, match: border}]"),
        ("rules/a.yaml", "rules: [{name: c, match: {concept: nato}}, {name: a, match: tanks}]"),
        ("rules/b.yaml", None),
        ("rules/d.yaml", "rules: [{name: d, match: troops}]"),
        ("concepts/c.yaml", "concepts: [{name: nato, terms: {any: [KFOR]}}]"),
        ("concepts/e.yaml", "concepts: [{name: other, terms: {any: [x]}}]"),
        ("rules/a.yaml", "rules: [{name: a, match: tanks}]"),
    ],
)
def test_a_reload_is_a_load(desk: Desk, file: str, text: str | None) -> None:
    """Whatever changed, the rules are those of a fresh start, and so is what they match."""
    (desk.concepts / "c.yaml").write_text("concepts: [{name: nato, terms: {any: [NATO]}}]")
    (desk.rules / "a.yaml").write_text("rules: [{name: a, match: tanks}]")
    (desk.rules / "b.yaml").write_text("rules: [{name: b, match: {concept: nato}}]")
    before = load(desk.rules, desk.concepts)
    if text is None:
        (desk.rules.parent / file).unlink()
    else:
        (desk.rules.parent / file).write_text(text)
    reloaded, fresh = load(desk.rules, desk.concepts, before), load(desk.rules, desk.concepts)
    assert fresh == reloaded
    for title in ("Tanks at the border", "NATO troops", "KFOR troops"):
        assert decide(fresh, title, "") == decide(reloaded, title, "")


def test_a_reload_reads_only_what_changed(desk: Desk) -> None:
    """Rules of a file that stayed as it was are the same values as before."""
    (desk.rules / "a.yaml").write_text("rules: [{name: a, match: tanks}]")
    (desk.rules / "b.yaml").write_text("rules: [{name: b, match: troops}]")
    before = load(desk.rules, desk.concepts)
    (desk.rules / "b.yaml").write_text("rules: [{name: b, match: border}]")
    after = load(desk.rules, desk.concepts, before)
    assert before.rules[0] is after.rules[0]
    assert before.rules[1] != after.rules[1]


def test_a_reload_finds_a_name_that_is_taken(desk: Desk) -> None:
    """In a file that changed by one in a file that did not, and the other way round."""
    for first, second in (("a", "b"), ("b", "a")):
        (desk.rules / f"{first}.yaml").write_text("rules: [{name: one, match: tanks}]")
        (desk.rules / f"{second}.yaml").write_text("rules: [{name: two, match: troops}]")
        before = load(desk.rules, desk.concepts)
        (desk.rules / f"{second}.yaml").write_text("rules: [{name: one, match: troops}]")
        with pytest.raises(ConfigError, match="the name 'one' is also used at"):
            load(desk.rules, desk.concepts, before)
