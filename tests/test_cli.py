"""The commands by themselves: what they print, whatever came from the web, and how they end."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.app import config as configuration
from monitor.app.build import remember_configuration
from monitor.cli.common import Place, show_json
from monitor.cli.examine import status
from monitor.cli.rules import match
from monitor.store.sqlite.store import Store
from tests.builders import NOON
from tests.newsroom import write_config

# A C1 control that begins a sequence, bidi controls, a line separator, a tag character, half a character.
DRIVES = "\x9b2J\u202e\u2066\u200f\u2028\x7f\U000e0041\ud800"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(write_config(tmp_path / "config", [("Courier", "http://127.0.0.1:9/feed")]))


def invoke(command: Any, place: Place, *arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(command, arguments, obj=place, **options)


def test_json_cannot_drive_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Every character comes back, letters stay readable, and what cannot be seen is escaped."""
    value = {"title": f"Приштина, Đakovica, 東京 🎈 {DRIVES}", f"key{DRIVES}": 1}
    show_json(value)
    shown = capsys.readouterr().out
    assert value == json.loads(shown)
    assert "Приштина, Đakovica, 東京 🎈" in shown
    assert shown.removesuffix("\n").isprintable()


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (NOON, "2026-11-25T12:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_in_json(capsys: pytest.CaptureFixture[str], time: datetime, shown: str) -> None:
    """RFC 3339 in UTC, with four digits for the year."""
    show_json(time)
    assert f'"{shown}"\n' == capsys.readouterr().out


def test_match_escapes_what_it_quotes(place: Place) -> None:
    """The evidence of `match --json` comes from the web as it is."""
    text = f"Headline\nSerbia deployed {DRIVES[:3]} tanks in Kosovo, Косово."
    result = invoke(match, place, "-", "--json", input=text.encode())
    assert 0 == result.exit_code, result.output
    assert result.stdout.removesuffix("\n").isprintable()
    assert "Kosovo" in result.stdout
    assert json.loads(result.stdout)["decisions"]


def test_tags_are_a_list(place: Place) -> None:
    """`status --json` has no JSON inside its JSON."""
    feeds = place.directory / "feeds.yaml"
    feeds.write_text("feeds:\n  - {name: A, url: 'http://127.0.0.1:9/feed', tags: [balkans, daily]}\n")
    config = configuration.load(place.directory)
    store = Store.writer(config.database)
    remember_configuration(store, config, NOON)
    store.close()
    result = invoke(status, place, "--json")
    assert [["balkans", "daily"]] == [feed["tags"] for feed in json.loads(result.stdout)["feeds"]]
