"""What is doubtful about rules that are in order."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.rules import lint
from monitor.rules.lint import findings, same_stories
from monitor.rules.schema import RuleSet, load
from monitor.rules.usage import in_archive

CONCEPTS = """\
concepts:
  - {name: kosovo, terms: {en: [kosov*, pristina]}}
"""
ARCHIVE = {"tanks": 3, "kosovo": 9, "kosovar": 2, "pristina": 4, "nato": 5, **{f"dep{n}": n for n in range(20)}}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("rules", "concepts"):
        (tmp_path / name).mkdir()
    return tmp_path


def rules_of(directory: Path, *matches: str, concepts: str = CONCEPTS) -> RuleSet:
    examples = "    examples: {match: [a], no_match: [b]}\n"
    text = "".join(f"  - name: r{number}\n    match: {match}\n{examples}" for number, match in enumerate(matches))
    (directory / "rules" / "r.yaml").write_text(f"rules:\n{text}")
    (directory / "concepts" / "c.yaml").write_text(concepts)
    return load(directory / "rules", directory / "concepts")


def said(rules: RuleSet, archive: dict[str, int] | None = None) -> list[str]:
    return [
        f"{Path(one.file).name}:{one.line}: {one.message}"
        for one in (*findings(rules), *(in_archive(rules, archive) if archive else ()))
    ]


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("tanks", None),
        ("NATO", "r.yaml:2: rule r0: NATO: also finds 'nato' and 'Nato'; write acronym:NATO"),
        ("acronym:NATO", None),
        ("{exact: NATO}", None),
        ("title:(lead:tanks OR nato)", "nothing in the title stands in the lead too"),
        ("title:(title:tanks OR nato)", None),
        ("tanks NEAR/61 nato", "words so far apart say little; write 60 or less"),
        ("tanks NEAR/60 nato", None),
        ("tank* OR tanks", "tanks: tank* in the same list finds it already; delete it"),
        ("tanks OR nato OR tanks", "tanks: stands in one list 2 times; delete it there"),
        ("dep*", "dep*: also finds dep19, dep18, dep17, dep16, dep15 and 15 more words; write out those you mean"),
        ("kosov*", None),
        ("tanks OR howitzer", "howitzer: howitzer never occurred in the archive; check its spelling, or delete it"),
        ("tanks NOT zzz*", "zzz*: zzz* never occurred in the archive"),
        ("{concept: kosovo}", None),
        ('regex:"F-?16"', "needs no word, so it is looked at for every article; add one that must be there"),
        ('tanks AND regex:"F-?16"', None),
    ],
)
def test_findings(directory: Path, match: str, expected: str | None) -> None:
    """Each with its place and its remedy, and nothing about what is good."""
    found = said(rules_of(directory, match), ARCHIVE)
    assert [True] * (expected is not None) == [expected is not None and expected in one for one in found], found


def test_a_vocabulary_is_looked_at_where_it_is_defined(directory: Path) -> None:
    """Once, however many rules use it."""
    rules = rules_of(
        directory,
        "tanks AND concept:kosovo",
        "nato AND concept:kosovo",
        concepts=CONCEPTS.replace("pristina", "KIM"),
    )
    assert ["c.yaml:2: concept kosovo: KIM: also finds 'kim' and 'Kim'; write acronym:KIM"] == said(rules)


def test_without_an_archive_only_the_rules_are_looked_at(directory: Path) -> None:
    """No word is called dead."""
    assert [] == said(rules_of(directory, "howitzer"))


def test_rules_want_examples(directory: Path) -> None:
    """Of both kinds."""
    (directory / "rules" / "r.yaml").write_text("rules: [{name: a, match: tanks, examples: {match: [Tanks]}}]")
    found = said(load(directory / "rules", directory / "concepts"))
    assert [
        "r.yaml:1: rule a: has no examples of both kinds; add a headline that must match and one that must not"
    ] == found


@pytest.mark.parametrize(
    ("one", "other", "subsumed"),
    [
        ("tanks AND border", "tanks", ["r0"]),
        ("tanks", "tanks OR border", ["r0"]),
        ("tanks AND nato", "tanks OR border", ["r0"]),
        ("tanks NEAR/5 border", "tanks AND border", ["r0"]),
        ("title:tanks", "tanks", ["r0"]),
        ("caption:tanks", "tanks", []),
        ("{concept: kosovo}", "kosov* OR pristina OR tanks", ["r0"]),
        ("tanks", "tanks", ["r1"]),
        ("tanks", "border", []),
        ("tanks", "tanks NOT football", ["r1"]),
        ("tanks NOT football", "tanks", ["r0"]),
        ("tanks OR border", "tanks", ["r1"]),
    ],
)
def test_rules_that_others_make_needless(directory: Path, one: str, other: str, subsumed: list[str]) -> None:
    """A rule whose every match is a match of another that is as loud."""
    found = [line for line in said(rules_of(directory, one, other)) if "matches whatever it matches" in line]
    assert subsumed == [line.split("rule ")[1].split(":")[0] for line in found]


TERMS = st.sampled_from(["tanks", "tank*", '"a b"', "title:nato", "tanks NEAR/5 border", "a", "b"])
MATCHES = st.one_of(
    TERMS,
    st.lists(TERMS, min_size=2, max_size=3).map(" AND ".join),
    st.lists(TERMS, min_size=2, max_size=3).map(" OR ".join),
    st.just("a AND concept:kosovo"),
    st.just("kosov* OR pristina OR b"),
)


@given(st.lists(MATCHES, min_size=2, max_size=6))
@settings(deadline=None, max_examples=60)
def test_only_rules_that_share_a_term_need_be_compared(matches: list[str]) -> None:
    """Comparing every rule with every other finds no more."""
    with TemporaryDirectory() as temporary:
        for name in ("rules", "concepts"):
            Path(temporary, name).mkdir()
        rules = rules_of(Path(temporary), *(json.dumps(match) for match in matches))
    alike = lint._Alike(rules.rules)
    for rule in rules.rules:
        implied = [other.name for other in rules.rules if lint._implies(rule.match, other.match)]
        assert set(implied) <= {other.name for other in alike.that_share_a_term_with(rule)}


def test_rules_that_fire_on_the_same_stories(directory: Path) -> None:
    """Nine stories of ten, and at least five."""
    rules = rules_of(directory, "tanks", "border", "nato")
    stories = {"r0": set("abcdefghij"), "r1": set("abcdefghi"), "r2": set("abcd")}
    found = [one.message for one in same_stories(rules, stories)]
    assert [
        "rule r1: fires on the same stories as r0 (90% of them); keep one of the two, or set them further apart"
    ] == found


def test_the_shipped_rules_have_no_findings() -> None:
    """The starter configuration is an example of good rules."""
    config = Path(__file__).parent.parent / "config"
    assert [] == said(load(config / "rules", config / "concepts"))
