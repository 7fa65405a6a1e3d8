"""Versions of rules: kept with their vocabulary, named by decisions, and the last good one is never lost to an edit."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from sqlite_utils import Database

from monitor.app import config as configuration
from monitor.app.build import remember_configuration
from monitor.app.config import Config
from monitor.cli.common import Place
from monitor.cli.examine import explain
from monitor.cli.rule_book import rules as rules_command
from monitor.cli.rules import check
from monitor.model import RuleVersion
from monitor.rules.match import decide
from monitor.rules.rule import Examples
from monitor.rules.schema import load, read_again, version_of
from monitor.store.sqlite.schema import migrations
from monitor.store.sqlite.store import Store
from monitor.store.sqlite.values import to_text
from tests.builders import NOON
from tests.newsroom import TANKS, Newsroom, write_config
from tests.slack_standin import SlackStandIn
from tests.slack_workspace import Channel
from tests.test_end_to_end import rows, run, start, until
from tests.test_stories import article

CONFIG = Path(__file__).parents[1] / "config"
HOUR = timedelta(hours=1)
GOOD = {"match": ["Tanks on the road"]}
BAD = {"match": ["Nothing of the kind"]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(write_config(tmp_path / "config", [("Courier", "http://127.0.0.1:9/feed")]))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.writer(tmp_path / "news.db")


def write(place: Place, *rules: dict[str, Any], kosovo: str = "Kosovo") -> None:
    _dump(place.directory / "rules" / "rules.yaml", {"rules": list(rules)})
    _dump(place.directory / "concepts" / "places.yaml", {"concepts": [{"name": "kosovo", "terms": {"en": [kosovo]}}]})


def _dump(path: Path, data: object) -> None:
    path.write_text(yaml.safe_dump(data, sort_keys=False))


def rule(match: str, examples: dict[str, list[str]] | None = None, name: str = "r") -> dict[str, Any]:
    return {"name": name, "match": match, "examples": examples or {}} if examples else {"name": name, "match": match}


def taken_up(store: Store, place: Place, hours: int = 0) -> Config:
    """As the daemon does at its start and at each reload."""
    with store.transaction():
        return remember_configuration(store, configuration.load(place.directory), NOON + hours * HOUR)


def in_force(config: Config) -> dict[str, list[str]]:
    """What each rule finds."""
    titles = ("Tanks on the road", "Troops on the road", "Kosovo", "Metohija")
    return {
        one.name: [t for t in titles if any(d.rule == one.name for d in decide(config.rules, t, ""))]
        for one in config.rules.rules
    }


def notices(store: Store) -> list[str]:
    return [f"{one['about']}/{one['kind']}: {Path(one['text']).name}" for one in store.notices.open()]


# ---- what is kept ----


def test_every_rule_can_be_read_again() -> None:
    """With all its vocabulary, into the very conditions that it had."""
    rules = load(CONFIG / "rules", CONFIG / "concepts")
    for one in rules.rules:
        again = read_again(version_of(one, rules), one.file, one.line)
        assert replace(one, examples=Examples()) == again


@pytest.mark.parametrize("text", ['{"name": "r", "match": "tanks AND"}', '{"name": "r", "match": {"concept": "gone"}}'])
def test_what_cannot_be_read_any_more_is_no_rule(text: str) -> None:
    """As when an older program wrote it."""
    assert read_again(RuleVersion("r", "v", "R", text, ()), "r.yaml", 1) is None


def test_versions_follow_one_another(store: Store, place: Place) -> None:
    """Each is kept once with the time it was first loaded, a change of its vocabulary counts, and a return is seen."""
    for hour, (match, kosovo) in enumerate((("{}", "Kosovo"), ("{}", "Kosovo"), ("{}", "Metohija"), ("tanks", "x"))):
        write(place, rule("concept:kosovo" if match == "{}" else match), kosovo=kosovo)
        taken_up(store, place, hour)
    first, second, third = store.rules.history("r")
    expected = [(0, 2), (2, 3), (3, None)]
    found = [(one.first_loaded_at, one.replaced_at) for one in (first, second, third)]
    assert [(NOON + a * HOUR, None if b is None else NOON + b * HOUR) for a, b in expected] == found
    assert [['{"en": ["Kosovo"]}'], ['{"en": ["Metohija"]}'], []] == [
        [concept.text for concept in one.said.vocabulary] for one in (first, second, third)
    ]
    write(place, rule("concept:kosovo"))
    taken_up(store, place, 4)
    assert [None, NOON + 3 * HOUR, NOON + 4 * HOUR] == [one.replaced_at for one in store.rules.history("r")]
    write(place, rule("tanks", name="other"))
    taken_up(store, place, 5)
    assert ["other"] == [one["rule"] for one in store.rules.summary()]


def test_a_database_of_the_seventh_version_is_brought_up_to_date(tmp_path: Path, place: Place) -> None:
    """The latest version of each rule is taken to be in force, and its vocabulary is added when it is loaded."""
    path = tmp_path / "news.db"
    old = Database(sqlite3.connect(path, isolation_level=None))
    migrations.apply(old, stop_before="m008_rule_versions")
    write(place, rule("concept:kosovo"))
    today = configuration.load(place.directory).rules.rules[0].version
    for version, hours in (("older", 0), (today, 1)):
        values = [version, "r", "R", "{}", to_text(NOON + hours * HOUR)]
        old.execute(
            "insert into rule_versions (version, rule, title, text, first_loaded_at) values (?, ?, ?, ?, ?)", values
        )
    old.execute("pragma user_version = 7")
    old.close()
    store = Store.writer(path)
    assert [NOON + HOUR, None] == [one.replaced_at for one in store.rules.history("r")]
    assert store.rules.last("r") is None
    taken_up(store, place, 2)
    last = store.rules.last("r")
    assert last is not None
    assert (today, ["kosovo"]) == (last.said.version, [one.name for one in last.said.vocabulary])


# ---- a rule that fails its examples ----


def test_only_the_rule_that_fails_is_held_back(store: Store, place: Place) -> None:
    """Its last good version stays with the vocabulary it had, all else is taken up, and operators hear of it."""
    write(place, rule("tanks OR concept:kosovo", GOOD), rule("troops", name="other"))
    taken_up(store, place)
    write(place, rule("troops", GOOD), rule("kosovo", name="other"), kosovo="Metohija")
    held = taken_up(store, place, 1)
    assert {"r": ["Tanks on the road", "Kosovo"], "other": ["Kosovo"]} == in_force(held)
    (notice,) = notices(store)
    assert "rules/r: rules.yaml:" in notice
    assert 'rule r: example "Tanks on the road" should match and does not' in notice
    assert "its version of 2026-11-25 12:00Z stays in force until" in notice
    assert held.rules == taken_up(store, place, 2).rules, "also when it is started anew"
    assert notice == notices(store)[0]
    write(place, rule("troops OR tanks", GOOD), rule("kosovo", name="other"))
    assert {"r": ["Tanks on the road", "Troops on the road"], "other": ["Kosovo"]} == in_force(
        taken_up(store, place, 3)
    )
    assert [] == notices(store)


def test_a_rule_that_was_never_good_is_off(store: Store, place: Place) -> None:
    """And the others work."""
    write(place, rule("tanks", BAD), rule("troops", name="other"))
    assert {"other": ["Troops on the road"]} == in_force(taken_up(store, place))
    assert "there is no good version of it, it is off until" in notices(store)[0]


def test_the_last_good_version_survives_being_taken_out(store: Store, place: Place) -> None:
    """A rule that comes back broken is the one it was, also if its vocabulary has gone since."""
    write(place, rule("concept:kosovo", {"match": ["Kosovo"]}))
    taken_up(store, place)
    write(place, rule("troops", name="other"))
    taken_up(store, place, 1)
    write(place, rule("tanks", BAD))
    (place.directory / "concepts" / "places.yaml").unlink()
    assert {"r": ["Kosovo"]} == in_force(taken_up(store, place, 2))
    assert [None, NOON + 2 * HOUR] == [store.rules.history(name)[0].replaced_at for name in ("r", "other")]


def test_a_reload_tries_again_what_was_held_back(store: Store, place: Place) -> None:
    """A file that did not change is still the one that fails, whatever is in force."""
    write(place, rule("tanks", GOOD))
    taken_up(store, place)
    write(place, rule("troops", GOOD))
    held = taken_up(store, place, 1)
    again = configuration.load(place.directory, before=held.written)
    assert ["r"] == list(again.failing)
    assert again.written.rules == held.written.rules != held.rules.rules


def test_check_still_says_so(place: Place) -> None:
    """With the line of the example, and exit code 1."""
    write(place, rule("tanks", BAD))
    result = CliRunner().invoke(check, obj=place)
    assert (1, True) == (result.exit_code, "rules.yaml:6: rule r: example" in result.stderr), result.output


async def test_a_daemon_holds_back_one_rule(tmp_path: Path, paper: Newsroom, slack: SlackStandIn) -> None:
    """Alerts go on under the last good version, and the operations channel has file and line until it is mended."""
    config = write_config(
        tmp_path / "config",
        [("A", paper.feed_url)],
        slack_url=slack.url,
        slack={"ops_channel": "#news-ops"},
        schedule={"every": "1s"},
    )
    slack.set_channel(Channel("C0OPS", "news-ops"))
    place = Place(config)
    write(place, rule("tanks", GOOD), rule("kosovo", name="other"))
    assert 0 == (await run("--config", str(config), "run", "--once")).code
    write(place, rule("zeppelin", GOOD), rule("brussels", name="other"))
    assert 1 == (await run("--config", str(config), "check")).code
    daemon = await start("--config", str(config), "run")
    try:
        await until(lambda: len(slack.messages("C0OPS")) == 1, 60)
        assert "rules.yaml:6: rule r: example" in slack.messages("C0OPS")[0].text
        paper.publish("Tanks on the road", TANKS)
        await until(lambda: len(slack.messages("C0ALERTS")) == 1, 60)
        write(place, rule("tanks", GOOD), rule("brussels", name="other"))
        await until(lambda: len(slack.messages("C0OPS")) == 2, 60)
        assert "Rule r is held back no longer" in slack.messages("C0OPS")[1].text
    finally:
        daemon.terminate()
        await asyncio.wait_for(daemon.communicate(), 30)
    assert 0 == (await run("--config", str(config), "audit")).code
    decided = rows(tmp_path / "news.db", "select rule, rule_version from decisions")
    assert [
        ("r", one[0]) for one in rows(tmp_path / "news.db", "select version from rule_versions where rule = 'r'")
    ] == decided


# ---- the commands ----


@pytest.fixture
def edited(store: Store, place: Place) -> Place:
    """Two versions of a rule, of which the first decided about an article; and a rule that is off."""
    write(place, rule("concept:kosovo"))
    config = taken_up(store, place)
    read = article("https://courier.example/1", title="Kosovo")
    with store.transaction():
        store.stories.save_article(read)
        store.stories.save_decisions(read.id, decide(config.rules, "Kosovo", ""), NOON)
    store._db.execute(
        "insert into entries (id, feed_id, guid, url, title, summary, content, first_seen_at, state, article_id) "
        "select 'e', id, 'g', ?, 't', '', '', ?, 'read', ? from feeds",
        [read.url, to_text(NOON), read.id],
    )
    write(place, rule("concept:kosovo NOT talks"), rule("tanks", BAD, name="off"), kosovo="Kosova")
    taken_up(store, place, 1)
    store.close()
    return place


def invoke(place: Place, *arguments: str) -> Result:
    return CliRunner().invoke(rules_command, arguments, obj=place)


def test_explain_names_the_version(edited: Place) -> None:
    """And says that it is no longer today's."""
    shown = CliRunner().invoke(explain, ["https://courier.example/1"], obj=edited).stdout
    assert "of 2026-11-25T12:00Z, no longer in force since 2026-11-25T13:00Z: see `rules history r`" in shown
    told = json.loads(CliRunner().invoke(explain, ["https://courier.example/1", "--json"], obj=edited).stdout)
    (decision,) = told["articles"][0]["decisions"]
    assert ("2026-11-25T13:00:00.000000Z", 32) == (decision["version_replaced_at"], len(decision["rule_version"]))


def test_rules_list(edited: Place) -> None:
    """What is in force, and what is held back."""
    shown = invoke(edited).stdout.splitlines()
    assert "  r: R (of 2026-11-25T13:00Z; 2 versions so far)" in shown[2]
    assert ("off           off", True) == (shown[0], "held back: " in shown[1])
    told = [json.loads(line) for line in invoke(edited, "list", "--json").stdout.splitlines()]
    assert [("off", None), ("r", 2)] == [(one["rule"], one["versions"] or None) for one in told]


def test_rules_history_shows_what_changed(edited: Place) -> None:
    """Of the rule and of its vocabulary."""
    shown = invoke(edited, "history", "r").stdout
    assert ("-  match: concept:kosovo\n" in shown, "+  match: concept:kosovo NOT talks\n" in shown) == (True, True), (
        shown
    )
    assert ("    -    - Kosovo\n" in shown, "    +    - Kosova\n" in shown) == (True, True), shown
    told = [json.loads(line) for line in invoke(edited, "history", "r", "--json").stdout.splitlines()]
    assert [True, False] == [one["replaced_at"] is None for one in told]


def test_rules_show(edited: Place) -> None:
    """A version as YAML that is a rule file again, by default the one in force."""
    assert "concept:kosovo NOT talks" in invoke(edited, "show", "r").stdout
    first = [json.loads(line) for line in invoke(edited, "history", "r", "--json").stdout.splitlines()][-1]["version"]
    written = invoke(edited, "show", "r", "--version", first[:8]).stdout
    assert [{"name": "r", "title": "R", "severity": "normal", "match": "concept:kosovo"}] == yaml.safe_load(written)[
        "rules"
    ]
    for arguments, expected in (
        (("show", "rr"), "no rule 'rr' was ever loaded; did you mean 'r'?"),
        (("show", "r", "--version", "zz"), "is no version of the rule r"),
        (("history", "xyz"), "`rules list` names those that are"),
    ):
        result = invoke(edited, *arguments)
        assert (1, True) == (result.exit_code, expected in result.stderr), result.output
