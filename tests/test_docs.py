"""What README.md and docs/ show works: every block of YAML is loaded, every command is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from monitor.alerts.sinks.webhook import signed
from monitor.app import config as configuration
from monitor.app.clock import utc_now
from monitor.app.config import Config
from monitor.app.config_sections import MonitorFile
from monitor.cli.main import COMMANDS, main
from tests.fences import DOCUMENTS, ROOT, Fence, fences

ALL = [fence for path in DOCUMENTS for fence in fences(path)]
YAML = [fence for fence in ALL if fence.language == "yaml"]
SHELL = [fence for fence in ALL if fence.language == "sh"]
RUN = {
    path.name: [one for one in SHELL if one.document == path.name and not one.why_not and not one.mark]
    for path in DOCUMENTS
}

# Why a command of the docs may be left out here, and the most lines of all commands that may.
NOT_RUN = {"install", "systemd", "slack", "network"}
MOST_NOT_RUN = 0.4
RUN_BY_CI = {"main-command", "test-command"}  # of the README: .ci/run runs them as they stand

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "SOC_SECRET": "a long enough secret",
    "MAIL_PASSWORD": "a long enough secret",
    "PHONES_URL": "json://127.0.0.1/",
    "HEARTBEAT_URL": "https://heartbeat.example/abc",
}


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


# ---- YAML ----


@pytest.mark.parametrize("fence", YAML, ids=str)
def test_every_file_that_is_shown_is_good(fence: Fence, tmp_path: Path, secrets: None) -> None:
    """In a copy of the starter configuration: it loads, its examples come out as they should, nothing is doubtful."""
    assert fence.file, "its first line names no file, as in # rules/kosovo.yaml"
    place = tmp_path / "config"
    shutil.copytree(ROOT / "config", place)
    if fence.file.startswith("rules/"):
        shutil.rmtree(place / "rules")
    (place / fence.file).parent.mkdir(exist_ok=True)
    (place / fence.file).write_text(fence.text, "utf-8")
    result = CliRunner().invoke(main, ["--config", str(place), "check"])
    assert (0, "") == (result.exit_code, result.stderr)
    assert "doubtful" not in result.stdout


def test_recipes_say_what_they_must_not_match() -> None:
    """Every rule of the cookbook has examples of both kinds, and there are enough of them for a start."""
    recipes = [one for one in YAML if one.document == "rules-cookbook.md" and one.text.startswith("# rules/")]
    assert len(recipes) >= 12
    assert [] == [str(one) for one in recipes if "\n      no_match:" not in one.text]


@pytest.mark.parametrize("path", ["docs/configuration.md", "config/monitor.yaml"])
def test_what_stands_in_comments_is_good_too(path: str, tmp_path: Path, secrets: None) -> None:
    """Whoever takes the # away from a key gets what the line says."""
    text = (ROOT / path).read_text("utf-8")
    if path.endswith(".md"):
        text = next(one.text for one in fences(ROOT / path) if one.file == "monitor.yaml")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "monitor.yaml").write_text(
        re.sub(r"^( *)# ( *(?:- |\w+:))", r"\1\2", text, flags=re.MULTILINE)
    )
    assert configuration.load(tmp_path / "config").monitor.routing != MonitorFile().routing


@pytest.fixture
def shown(tmp_path: Path, secrets: None) -> Config:
    """The files of the reference beside the starter's rules."""
    shutil.copytree(ROOT / "config" / "rules", tmp_path / "rules")
    shutil.copytree(ROOT / "config" / "concepts", tmp_path / "concepts")
    for fence in fences(ROOT / "docs" / "configuration.md"):
        if fence.language == "yaml" and not (tmp_path / str(fence.file)).exists():
            (tmp_path / str(fence.file)).write_text(fence.text, "utf-8")
    return configuration.load(tmp_path)


def test_the_reference_shows_the_defaults(shown: Config) -> None:
    """What configuration.md shows of monitor.yaml is what holds where nothing is written."""
    chosen: Any = {
        "http": {"contact", "allow_networks"},
        "slack": {"token", "app_token", "allowed_users", "allowed_channels", "ops_channel"},
        "retention": {"articles"},
    }
    chosen |= dict.fromkeys(("publishers", "websub", "web", "heartbeat", "canary"), True)
    assert MonitorFile().model_dump(exclude=chosen) == shown.monitor.model_dump(exclude=chosen)


def test_the_reference_knows_every_key() -> None:
    """A section or key that is not there is not found."""
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8") + (ROOT / "docs" / "sinks.md").read_text("utf-8")
    missing = [key for key in _keys(MonitorFile) if not re.search(rf"\b{key}\b", text)]
    assert [] == missing


def _keys(section: Any) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield name
        if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
            yield from _keys(field.annotation)


# ---- commands ----


def test_few_commands_are_not_run_and_each_for_a_known_reason() -> None:
    """What needs a network, Slack, systemd or an installation is marked so; the rest is run here."""
    assert {one.why_not for one in SHELL if one.why_not} <= NOT_RUN
    assert RUN_BY_CI == {one.mark for one in SHELL if one.mark}
    left_out = sum(one.text.count("\n") for one in SHELL if one.why_not)
    assert left_out <= MOST_NOT_RUN * sum(one.text.count("\n") for one in SHELL)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo was played: `config` and `news.db`."""
    place = tmp_path_factory.mktemp("played") / "demo"
    done = subprocess.run([sys.executable, "-m", "monitor", "demo", "--dir", place], capture_output=True, cwd=ROOT)
    assert 0 == done.returncode, done.stderr
    return place


@pytest.fixture
def desk(played: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a shell in a directory with the demo's files, where `news-monitor` is this program."""
    place = tmp_path / "desk"
    shutil.copytree(played, place / "demo")
    settings = place / "demo" / "config" / "monitor.yaml"
    settings.write_text(settings.read_text("utf-8").replace(str(played), str(place / "demo")), "utf-8")
    (place / "bin").mkdir()
    command = place / "bin" / "news-monitor"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m monitor "$@"\n')
    command.chmod(0o755)
    database = sqlite3.connect(place / "demo" / "news.db")
    try:
        story, url = database.execute(
            "select s.story_id, a.url from story_articles s join articles a on a.id = s.article_id"
            " group by s.story_id having count(*) > 1 order by a.id limit 1"
        ).fetchone()
        other = database.execute("select id from stories where id != ? limit 1", [story]).fetchone()[0]
    finally:
        database.close()
    return {
        **os.environ,
        "PWD": str(place),
        "PATH": f"{place / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "NEWS_MONITOR_CONFIG": str(place / "demo" / "config"),
        "URL": url,
        "STORY": story[:12],
        "OTHER": other[:12],
    }


@pytest.mark.timeout(600)  # some dozens of commands
@pytest.mark.parametrize("document", [name for name, blocks in RUN.items() if blocks])
def test_every_command_that_is_shown_works(document: str, desk: dict[str, str]) -> None:
    """From top to bottom in one shell. $URL, $STORY and $OTHER are an article and two stories of the demo's."""
    script = "\n".join(["set -eu", *(fence.text for fence in RUN[document])])
    done = subprocess.run(["bash", "-c", script], env=desk, cwd=desk["PWD"], capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout[-2_000:] + done.stderr[-2_000:]
    assert "Traceback" not in done.stderr


CALL = re.compile(r"(?:^|bin/|\| |\$\()news-monitor(?: --config \S+)?((?: [a-z][a-z-]*)+)((?: .*)?)$", re.MULTILINE)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(path: Path) -> None:
    """With its options; also where it is only spoken of, or not run."""
    text = path.read_text("utf-8")
    called = re.findall(r"`(news-monitor [^`]+)`", text) + [
        line
        for fence in ALL
        if fence.document == path.name and fence.language == "sh"
        for line in fence.text.splitlines()
    ]
    wrong = [
        line
        for line in called
        if (found := CALL.search(line.partition("#")[0].rstrip())) and not _is_known(*found.groups())
    ]
    assert [] == wrong


def _is_known(words: str, rest: str) -> bool:
    command: click.Command = main
    with click.Context(main) as context:
        for word in words.split():
            if not isinstance(command, click.Group):
                break  # an argument
            found = command.get_command(context, word)
            if found is None:
                return bool(command.invoke_without_command)
            command = found
    options = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return set(re.findall(r"(?<= )--[a-z-]+", rest)) <= options | {"--help"}


def test_every_command_is_in_the_reference() -> None:
    """A command, or a command of a group, that commands.md does not name is not found."""
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    told = {
        name for line in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", line)
    }
    assert [] == [name for name in _names() if not any(re.match(rf"{name}\b", one) for one in told)]


def _names() -> Iterator[str]:
    with click.Context(main) as context:
        for name in COMMANDS:
            command = main.get_command(context, name)
            yield name
            if isinstance(command, click.Group) and name != "mute":  # whose commands are the kinds of what is muted
                yield from (f"{name} {one}" for one in command.list_commands(context))


# ---- Python, notices, links ----


def test_operators_find_what_they_were_told() -> None:
    """Each notice that operations.md explains is one that the program gives: its words stand in the sources."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8").partition("## What each notice means")[2]
    rows = re.findall(r"^\| \*(.+?)\*", text.partition("\n## ")[0], re.MULTILINE)
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "monitor").rglob("*.py"))
    said = re.sub(r"\{[^{}]*\}", "…", re.sub(r'"\s*f?"', "", sources))
    parts = [part.strip(" ()`") for row in rows for part in re.split("…|`web`|`heartbeat`", row)]
    assert len(rows) >= 15
    assert [] == [part for part in parts if part and part not in said]


def test_the_receiver_of_webhooks_knows_a_good_signature() -> None:
    """What sinks.md shows takes what the sink signs, and nothing else: not another body, key, or hour."""
    [fence] = [one for one in ALL if one.language == "python" and one.document == "sinks.md"]
    shown: dict[str, Any] = {}
    exec(compile(fence.text, str(fence), "exec"), shown)
    secret, body, now = "a long enough secret", json.dumps({"type": "alert"}).encode(), utc_now()
    headers = signed("7f3a", body, secret, now)
    verify, at = shown["is_ours"], now.timestamp()
    assert verify(headers, body, secret, at)
    assert not verify(headers, body + b" ", secret, at)
    assert not verify(headers, body, "another long secret", at)
    assert not verify(headers, body, secret, at + 3_600)
    assert not verify({}, body, secret, at)


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "SECURITY.md"], ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    """Links within the repository: the file is there, and so is its heading."""
    text = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [] == [link for link in links if not _leads_somewhere(path, link)]


def _leads_somewhere(path: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    if not target.exists():
        return False
    return not anchor or anchor in _anchors(target.read_text("utf-8"))


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_is_found_from_the_front_door() -> None:
    """The README links each file of docs/."""
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)", (ROOT / "README.md").read_text("utf-8")))
    assert {path.name for path in DOCUMENTS[1:]} == linked
