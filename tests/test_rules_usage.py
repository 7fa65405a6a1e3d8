"""What the archive shows of rules."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.app.clock import utc_now
from monitor.cli.common import Place
from monitor.cli.rule_book import rules as rules_command
from monitor.model import Alert, AlertId, Article, Fate, Severity, StoryId
from monitor.rules.match import decide
from monitor.rules.query import parse
from monitor.rules.rule import Examples, Rule
from monitor.rules.schema import RuleSet, load
from monitor.rules.usage import Occurrences, Usage, in_archive, of_rules
from monitor.store.sqlite.values import to_text
from tests.archive import Archive
from tests.builders import NOON
from tests.newsroom import write_config

MONTH = timedelta(days=30)


def rule_set(*queries: str) -> RuleSet:
    rules = (
        Rule(f"r{n}", f"R{n}", Severity.NORMAL, None, False, parse(query), None, query, "", "r.yaml", n + 1, Examples())
        for n, query in enumerate(queries)
    )
    return RuleSet(tuple(rules))


WORDS = st.sampled_from(["tank", "tanks", "tanker", "tankers", "border", "borders", "the", "of", "kos", "kosovo"])
QUERY = st.sampled_from(
    ["tanks", "tank*", "tan*", "bor*", '"the border"', '"tank* of"', "kosovo OR kos*", 'raw:"Tank"']
)


@given(st.lists(QUERY, min_size=1, max_size=4), st.lists(st.sets(WORDS), max_size=6))
@settings(deadline=None)
def test_only_words_that_rules_ask_for_need_be_remembered(queries: list[str], articles: list[set[str]]) -> None:
    """The findings are those of all words, each article counting once."""
    rules = rule_set(*queries)
    occurrences, every = Occurrences(rules), Counter[str]()
    for said in articles:
        occurrences.add(said)
        every.update(said)
    assert occurrences.counts.items() <= every.items()
    assert in_archive(rules, every) == in_archive(rules, occurrences.counts)


def test_many_dead_terms_are_named_in_one_breath() -> None:
    """As of a vocabulary in languages that no feed is in."""
    (found,) = in_archive(rule_set("a OR b OR c OR d OR e OR f"), {"a": 1})
    assert found.message.startswith("rule r0: 5 terms never occurred in the archive (b, c, d, e, f …); check their")


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"loaded_at": NOON - MONTH, "matches": 1}, None),
        (
            {"loaded_at": NOON - MONTH},
            "silent rule r0: matched nothing in 30 days, nor came near; loosen it, or delete it",
        ),
        (
            {"loaded_at": NOON - 2 * MONTH, "near": 4},
            "silent rule r0: matched nothing in 30 days, it came near 4 times",
        ),
        ({"loaded_at": NOON - timedelta(days=8)}, "silent rule r0: matched nothing in 8 days"),
        ({"loaded_at": NOON - timedelta(days=6)}, None),
        ({}, None),
        ({"matches": 20, "alerts": 10, "noise": 3}, "noisy rule r0: 3 of 10 alerts were called not relevant; add"),
        ({"matches": 20, "alerts": 16, "noise": 3}, None),
        ({"matches": 2, "alerts": 2, "noise": 2}, None),
        ({"matches": 1, "seconds": 0.001}, "slow rule r0: takes 1000 µs an article where half of the rules take 20 µs"),
        ({"matches": 1, "seconds": 0.0001}, None),
    ],
)
def test_what_is_said_of_a_rule(usage: dict[str, Any], expected: str | None) -> None:
    """With its remedy, and nothing of a rule that is new or good."""
    rules = rule_set("tanks", "border", "nato")
    others = {name: Usage(name, matches=1, seconds=0.00002) for name in ("r1", "r2")}
    found = [
        f"{one.kind} {one.problem.message}"
        for one in of_rules(rules, {**others, "r0": Usage("r0", **usage)}, {}, NOON - MONTH, NOON)
    ]
    assert [True] * (expected is not None) == [expected is not None and one.startswith(expected) for one in found], (
        found
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Two rules that fire on the same stories, one that never did, and readers who thought little of the first."""
    place = Place(write_config(tmp_path / "config", [("Courier", "http://127.0.0.1:9/feed")]))
    rules = [{"name": name, "match": match} for name, match in (("a", "tanks"), ("b", "tanks*"), ("c", "zeppelin"))]
    (place.directory / "rules" / "rules.yaml").write_text(yaml.safe_dump({"rules": rules}))
    (place.directory / "concepts" / "places.yaml").unlink()
    loaded = load(place.directory / "rules", place.directory / "concepts")
    archive, now = Archive(tmp_path / "news.db"), utc_now()
    for number in range(6):
        read = archive.add(f"Tanks {number}", story=f"s{number}", at=now - timedelta(days=number))
        _match(archive, loaded, read, now - timedelta(days=number))
    for rule in loaded.rules:
        archive.store._db.execute(
            "insert into rule_versions (version, rule, title, text, first_loaded_at) values (?, ?, '', '{}', ?)",
            [rule.version, rule.name, to_text(now - 2 * MONTH)],
        )
    archive.store._db.execute(
        "insert into feedback select a.id || v.value, a.id, 'not-relevant', 'ana', a.created_at "
        "from alerts a join json_each('[1, 2]') v where a.rule = 'a'"
    )
    archive.store.close()
    return place


def _match(archive: Archive, rules: RuleSet, read: Article, at: datetime) -> None:
    decisions = decide(rules, read.title, read.text)
    with archive.store.transaction():
        archive.store.stories.save_decisions(read.id, decisions, at)
        story = archive.store.stories.placement(read.id)
        assert story is not None
        for one in decisions:
            id_ = AlertId(f"{one.rule} {read.id}")
            archive.store.alerts.add(
                Alert(
                    id_, one.rule, StoryId(story.story_id), read.id, "story", one.severity, Fate.POST, "new", None, at
                )
            )


def test_rules_health(place: Place) -> None:
    """From the database: what each rule did, and what there is to mend, with its place."""
    told = json.loads(CliRunner().invoke(rules_command, ["health", "--json"], obj=place).stdout)
    assert 6 == told["articles"]
    assert [("a", 6, 6, 6), ("b", 6, 6, 0), ("c", 0, 0, 0)] == [
        (one["rule"], one["matches"], one["alerts"], one["noise"]) for one in told["rules"]
    ]
    expected = {
        ("silent", 6, "rule c: matched nothing in 30 days"),
        ("noisy", 2, "rule a: 6 of 6 alerts were called not relevant"),
        ("same stories", 4, "rule b: fires on the same stories as a (100% of them)"),
        ("words", 6, "rule c: zeppelin: zeppelin never occurred in the archive"),
    }
    found = {(one["kind"], one["line"], one["message"]) for one in told["findings"]}
    assert {(kind, line) for kind, line, _ in expected} == {(kind, line) for kind, line, _ in found}
    assert all(any(message.startswith(start) for *_, message in found) for *_, start in expected), found
    shown = CliRunner().invoke(rules_command, ["health", "--since", "2d"], obj=place).stdout
    assert "     2 matches, 2 told, 2 not relevant, 0 near, last 20" in shown
    assert "rules.yaml:6: rule c: zeppelin" in shown
