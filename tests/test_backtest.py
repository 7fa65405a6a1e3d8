"""What other rules would have alerted on: the same as asking every article one by one, whatever is edited."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.app import config as configuration
from monitor.app.backtest import against_archive
from monitor.app.build import remember_configuration
from monitor.app.clock import utc_now
from monitor.app.git_revision import rules_of_revision
from monitor.app.origins import about
from monitor.cli.backtest import backtest
from monitor.cli.common import Place
from monitor.errors import ConfigError, Refused
from monitor.ids import article_id
from monitor.model import ArchivedArticle, FeedId, Outcome, Severity, StoryId
from monitor.rules.backtest import Alert, Change, Difference, Reading, compare
from monitor.rules.match import decide
from monitor.rules.query import parse
from monitor.rules.rule import Examples, Rule
from monitor.rules.schema import RuleSet, load
from tests.archive import FEEDS, Archive
from tests.builders import NOON
from tests.newsroom import write_config
from tests.test_rules_schema import Desk

WORDS = ("tanks", "border", "kosovo", "football", "nato")
HOUR = timedelta(hours=1)


def rule(name: str, query: str) -> Rule:
    return Rule(name, name, Severity.NORMAL, None, False, parse(query), None, query, "", "r.yaml", 1, Examples())


def reading(number: int, title: str, story: str | None = None) -> Reading:
    article = ArchivedArticle(
        id=article_id(f"https://a.example/{number}"),
        url=f"https://a.example/{number}",
        title=title,
        text="",
        captions=(),
        language="en",
        site="a.example",
        first_read_at=NOON + number * HOUR,
        feeds=(FeedId("f"),),
        story_id=None if story is None else StoryId(story),
    )
    return Reading(article, "Courier", (about(article, FEEDS["courier"]),))


def brief(alerts: Iterable[Alert]) -> set[tuple[str, str, str, str]]:
    return {(alert.change, alert.rule, alert.story, alert.title) for alert in alerts}


def one_by_one(
    before: RuleSet, after: RuleSet, readings: Iterable[Reading], start: int
) -> tuple[set[tuple[str, str, str, str]], int, int]:
    """The same by the plainest way: every article under every rule, with evidence, all of it in memory."""
    firsts: list[dict[tuple[str, str], tuple[str, bool]]] = [{}, {}]
    for rules, told in zip((before, after), firsts, strict=True):
        for one in readings:
            for decision in decide(rules, one.article.title, one.article.text, (), one.abouts[0]):
                if decision.outcome is Outcome.MATCHED:
                    late = one.article.first_read_at >= NOON + start * HOUR
                    told.setdefault((decision.rule, one.story), (one.article.title, late))
    old, new = firsts
    changes = {
        (str(change), name, story, title)
        for change, mine, other in ((Change.ADDED, new, old), (Change.REMOVED, old, new))
        for (name, story), (title, late) in mine.items()
        if late and (name, story) not in other
    }
    return changes, sum(late for _, late in old.values()), sum(late for _, late in new.values())


QUERIES = st.sampled_from([*WORDS, "tanks AND border", "kosovo NOT football", "tanks OR nato", "tank*", "tag:balkans"])
RULES = st.dictionaries(st.sampled_from("abcd"), QUERIES).map(
    lambda rules: RuleSet(tuple(rule(name, query) for name, query in rules.items()))
)
TITLES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
STORIES = st.lists(st.tuples(st.booleans(), st.lists(TITLES, min_size=1, max_size=4)), max_size=8)


@given(RULES, RULES, STORIES, st.integers(0, 12))
@settings(max_examples=300, deadline=None)
def test_the_difference_is_that_of_asking_one_by_one(
    before: RuleSet, after: RuleSet, stories: list[tuple[bool, list[str]]], start: int
) -> None:
    """Whatever the rules, the stories and the time it begins at."""
    readings: list[Reading] = []
    for number, (together, titles) in enumerate(stories):
        for title in titles if together else titles[:1]:
            readings.append(reading(len(readings), title, f"s{number}" if together else None))
    changes, old, new = one_by_one(before, after, readings, start)
    found = compare(before, after, readings, NOON + start * HOUR)
    assert changes == brief(found.alerts)
    assert (old, new) == (found.before, found.after)
    assert (found.added, found.removed) == tuple(
        sum(change == kind for change, *_ in changes) for kind in (Change.ADDED, Change.REMOVED)
    )


def test_the_words_that_matched_are_told() -> None:
    """Of what is added by the new rule, of what is removed by the old one."""
    before, after = (RuleSet((rule("r", query),)) for query in ("tanks", "border"))
    found = compare(before, after, [reading(1, "Tanks here"), reading(2, "The Border")], NOON)
    assert [("added", ("Border",)), ("removed", ("Tanks",))] == [(one.change, one.words) for one in found.alerts]


def test_what_is_reported_has_a_limit_and_the_rest_is_counted() -> None:
    """The latest stay, and every number is that of all."""
    readings = [reading(number, f"tanks {number}") for number in range(9)]
    found = compare(RuleSet(()), RuleSet((rule("r", "tanks"),)), readings, NOON, most=4)
    assert (9, 5, 9) == (found.added, found.left_out, found.rules[0].added)
    assert [f"tanks {number}" for number in (8, 7, 6, 5)] == [one.title for one in found.alerts]


def test_two_vocabularies_of_one_name_are_kept_apart(tmp_path: Path) -> None:
    """Each set of rules looks for what its own concept says."""
    sides = []
    for name, word in (("old", "tanks"), ("new", "border")):
        (tmp_path / name).mkdir()
        desk = Desk(tmp_path / name)
        rules = "rules: [{name: r, match: {concept: c}}, {name: same, match: nato}]"
        sides.append(desk.load(rules, f"concepts: [{{name: c, terms: {{en: [{word}]}}}}]"))
    found = compare(sides[0], sides[1], [reading(1, "tanks"), reading(2, "border")], NOON)
    expected = {("removed", "tanks"), ("added", "border")}
    assert expected == {(str(one.change), one.title) for one in found.alerts}
    assert [("r", Change.CHANGED), ("same", Change.SAME)] == [(one.rule, one.change) for one in found.rules]


# ---- against a database ----


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "news.db")


def differences(archive: Archive, query: str, since: timedelta = timedelta(days=1)) -> Difference:
    after = RuleSet((rule("r", query),))
    with_none = RuleSet(())
    return against_archive(archive.store, with_none, after, NOON - since, lambda *_: None)


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("tag:balkans AND tanks", ["Tanks in both"]),
        ('feed:Gazette AND "in both"', ["Tanks in both"]),
        ("language:sr AND tanks", ["Tanks, in Serbian"]),
        ("tanks", ["Tanks of nowhere", "Tanks in Gazette", "Tanks, in Serbian", "Tanks in both"]),
    ],
)
def test_rules_may_ask_where_an_article_was_from(archive: Archive, query: str, titles: list[str]) -> None:
    """Each feed that showed it counts, and what no feed shows now is nobody's for certain."""
    archive.add("Tanks in both", feeds=("gazette", "courier"))
    archive.add("Tanks, in Serbian", feeds=("gazette",), language="sr")
    archive.add("Tanks in Gazette", feeds=("gazette",))
    if query == "tanks":
        archive.add("Tanks of nowhere", feeds=())
    assert sorted(titles) == sorted(one.title for one in differences(archive, query).alerts)


def test_a_story_is_alerted_on_once_and_when_it_began(archive: Archive) -> None:
    """A story of which a rule spoke before the time that is looked at is no news in it."""
    for title, story, days in (("Tanks 1", "old", 40), ("Tanks 2", "old", 0), ("Tanks 3", "new", 0)):
        archive.add(title, story=story, at=NOON - timedelta(days=days))
    archive.add("Tanks 4", story="new", at=NOON + HOUR)
    archive.add("Tanks 0", at=NOON - timedelta(days=40))
    archive.add("Tanks 5", at=NOON)
    found = differences(archive, "tanks")
    assert {"Tanks 3", "Tanks 5"} == {one.title for one in found.alerts}
    assert (5, 2, 2) == (found.articles, found.stories_added, archive.store.archive.count(NOON) - 3)


# ---- the command ----


@pytest.fixture
def place(tmp_path: Path, archive: Archive) -> Place:
    """Today's rules are `armour` and `kosovo`; two stories and a loose article are in the archive."""
    now = utc_now()
    archive.add("Serbia deploys tanks in Kosovo", story="s1", at=now - HOUR)
    archive.add("Kosovo: <script>alert(1)</script> tanks", "More of it.", story="s1", at=now)
    archive.add("Kosovo talks", story="s2", at=now - HOUR)
    archive.add("Football in Belgrade \x1b[31m", at=now - 2 * HOUR)
    return Place(write_config(tmp_path / "config", [("Courier", "http://127.0.0.1:9/feed")]))


def invoke(place: Place, *arguments: str) -> Result:
    return CliRunner().invoke(backtest, arguments, obj=place)


def rules_file(directory: Path, rules: Mapping[str, str]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    listed = [{"name": name, "match": match} for name, match in rules.items()]
    (directory / "rules.yaml").write_text(yaml.safe_dump({"rules": listed}))
    return directory


def facts(place: Place, *arguments: str) -> Any:
    result = invoke(place, "--json", *arguments)
    assert 0 == result.exit_code, result.output
    return json.loads(result.stdout)


def test_backtest_tells_what_is_added_and_removed(place: Place, tmp_path: Path) -> None:
    """In numbers, by rule and by story, with the articles and their words."""
    edited = rules_file(tmp_path / "edited", {"kosovo": "concept:kosovo NOT talks", "sport": "football"})
    told = facts(place, "--rules", str(edited))
    assert {"before": 3, "after": 2, "added": 1, "removed": 2} == told["alerts"]
    assert {"before": 2, "after": 2, "added": 1, "removed": 1} == told["stories"]
    assert [("kosovo", "changed", 2, 1, 0, 1), ("sport", "added", 0, 1, 1, 0), ("armour", "removed", 1, 0, 0, 1)] == [
        tuple(one.values()) for one in told["rules"]
    ]
    listed = {(one["change"], one["rule"], one["title"], *one["words"]) for s in told["changes"] for one in s["alerts"]}
    assert {
        ("removed", "kosovo", "Kosovo talks", "Kosovo"),
        ("removed", "armour", "Serbia deploys tanks in Kosovo", "Kosovo", "deploys tanks"),
        ("added", "sport", "Football in Belgrade \x1b[31m", "Football"),
    } == listed
    shown = invoke(place, "--rules", str(edited)).stdout
    assert "Alerts    3 → 2: +1 −2" in shown
    assert "+1 −0      sport (added): 0 → 1" in shown
    assert "− kosovo: Kosovo\n" in shown
    assert "Not modelled: mutes, quiet hours" in shown
    assert "\x1b" not in shown


def test_of_a_rule_that_is_held_back_today_is_its_last_good_version(
    place: Place, archive: Archive, tmp_path: Path
) -> None:
    """It is what the daemon alerts by, so it is what an edit is compared with."""
    good = {"name": "kosovo", "match": "kosovo", "examples": {"match": ["Kosovo talks"]}}
    path, config = place.directory / "rules" / "rules.yaml", place.directory
    path.write_text(yaml.safe_dump({"rules": [good]}))
    with archive.store.transaction():
        remember_configuration(archive.store, configuration.load(config), NOON)
    path.write_text(yaml.safe_dump({"rules": [{**good, "match": "football"}]}))
    edited = rules_file(tmp_path / "edited", {"kosovo": "kosovo OR football"})
    assert {"before": 2, "after": 3, "added": 1, "removed": 0} == facts(place, "--rules", str(edited))["alerts"]


def test_the_same_rules_make_no_difference(place: Place) -> None:
    """With none given, today's are told as a difference from none."""
    same = facts(place, "--rules", str(place.directory))
    assert ({"before": 3, "after": 3, "added": 0, "removed": 0}, [], []) == (
        same["alerts"],
        same["rules"],
        same["changes"],
    )
    assert {"before": 0, "after": 3, "added": 3, "removed": 0} == facts(place)["alerts"]
    assert facts(place)["changes"] == facts(place)["changes"]


def test_the_page_is_whole_and_cannot_be_scripted(place: Place, tmp_path: Path) -> None:
    """Headlines are text, and nothing is fetched from elsewhere."""
    edited = rules_file(tmp_path / "edited", {"more": 'title:"alert"', "sport": "football"})
    result = invoke(place, "--rules", str(edited), "--html", str(tmp_path / "page.html"))
    assert 0 == result.exit_code, result.output
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not any(word in page for word in ("<script", "\x1b", "src=", "@import", "url("))
    assert "prefers-color-scheme: dark" in page
    assert '<a href="https://courier.example/2" rel="noopener noreferrer">' in page


def test_wrong_usage_is_refused(place: Place, tmp_path: Path) -> None:
    """With a sentence, and every problem of the rules that were to be tried."""
    broken = rules_file(tmp_path / "broken", {"a": "tanks AND", "b": "OR"})
    for arguments, expected in (
        (("--rules", str(broken), "--revision", "HEAD"), "exclude one another"),
        (("--since", "soon"), "is not a duration"),
        (("--rules", str(broken)), "rules.yaml:4:10: "),
        (("--revision", "HEAD"), "git"),
    ):
        result = invoke(place, *arguments)
        assert (2, True) == (result.exit_code, expected in result.output), result.output


# ---- git ----


def git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@a.example", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def kept(place: Place) -> Place:
    """A configuration inside a repository, edited twice; the first edit is wrong."""
    repository = place.directory.parent
    (repository / ".gitignore").write_text("news.db*\n")
    git(repository, "init", "-q")
    for text in (None, "rules:\n  - name: kosovo\n    match: tanks AND\n"):
        if text is not None:
            (place.directory / "rules" / "rules.yaml").write_text(text)
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "-m", "edit")
    rules_file(place.directory / "rules", {"kosovo": "concept:kosovo NOT talks"})
    return place


def test_rules_of_a_revision(kept: Place) -> None:
    """They come with the concepts of their time, and nothing is checked out."""
    told = facts(kept, "--revision", "HEAD~1")
    assert {"before": 1, "after": 3, "added": 2, "removed": 0} == told["alerts"]
    assert "revision HEAD~1 (" in told["after"]
    rules, commit = rules_of_revision(kept.directory, "HEAD~1")
    assert (["armour", "kosovo"], 40) == ([one.name for one in rules.rules], len(commit))
    assert "NOT talks" in (kept.directory / "rules" / "rules.yaml").read_text()
    today = load(kept.directory / "rules", kept.directory / "concepts")
    assert ["kosovo"] == [one.name for one in today.rules]


def test_what_is_wrong_in_a_revision_is_placed_in_it(kept: Place) -> None:
    """As git writes it: revision, colon, file."""
    with pytest.raises(ConfigError, match=r"HEAD:rules/rules\.yaml:3:21: column 10"):
        rules_of_revision(kept.directory, "HEAD")


@pytest.mark.parametrize("revision", ["nowhere", "--output=/tmp/x", "-h", "HEAD:config", "", "HEAD; true"])
def test_what_is_no_revision_is_refused(kept: Place, revision: str) -> None:
    """What looks like an option or a command of a shell is only another name that git does not know."""
    with pytest.raises(Refused, match="git knows no revision"):
        rules_of_revision(kept.directory, revision)
