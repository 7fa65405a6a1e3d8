"""What the package asks for is what it uses."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from docs import manual
from monitor import __version__
from monitor.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[1]
IMPORTED_AS = {"PyYAML": "yaml"}
NEEDED_BY_ANOTHER = {"lxml_html_clean"}  # trafilatura imports it and does not ask for it


def test_every_dependency_is_imported() -> None:
    """A library that nothing imports is not installed on every user's machine."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=]", line)[0] for line in asked} - NEEDED_BY_ANOTHER
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "monitor").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", sources, re.MULTILINE))
    modules = {name: IMPORTED_AS.get(name, name.lower().replace("-", "_")) for name in names}
    assert set() == {name for name, module in modules.items() if module not in imported}


def test_the_lock_names_every_dependency() -> None:
    """Whoever installs with the lock gets tested versions, and nothing else."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = {re.split(r"[<>=]", line)[0] for line in project["dependencies"] + project["optional-dependencies"]["dev"]}
    locked = {line.partition("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    assert {re.sub(r"[-_.]+", "-", name.lower()) for name in asked} <= locked


def test_the_changelog_tells_of_this_version() -> None:
    """Of a release by its number, before that of what is to come."""
    assert re.search(
        rf"^## \[({re.escape(__version__)}|Unreleased)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )


def test_what_the_packages_are_made_of_is_there() -> None:
    """A name in pyproject.toml that leads nowhere would be left out in silence."""
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    named = {*targets["wheel"]["force-include"], *targets["wheel"]["packages"], *targets["sdist"]["include"]}
    assert set() == {name for name in named if not (ROOT / name).exists()} - {"share"}  # which `make man` makes


def test_the_man_page_has_every_command() -> None:
    """With its options; and what is text in it is no macro."""
    page = manual.page()
    headings = [line.removeprefix(".SS ").replace("\\", "") for line in page.splitlines() if line.startswith(".SS ")]
    assert [] == [name for name in COMMANDS if not any(heading.split()[0] == name for heading in headings)]
    assert {"feeds check URL", "db backup FILE", "mute rule SUBJECT"} <= set(headings)
    assert r".B \-\-dry\-run" in page
    assert {".TH", ".SH", ".SS", ".B", ".TP", ".PP"} == set(re.findall(r"^\.\w+", page, re.MULTILINE))


@pytest.mark.parametrize(
    ("typed", "offered"), [("st", {"status", "stories"}), ("feeds im", {"import"}), ("backtest --rev", {"--revision"})]
)
@pytest.mark.parametrize(("shell", "between"), [("bash", ","), ("zsh", "\n"), ("fish", ",")])
def test_shells_complete(shell: str, between: str, typed: str, offered: set[str]) -> None:
    """Commands, commands of groups, and options, by what each shell hands in."""
    words = f"news-monitor {typed}".split()
    typing = words[-1] if shell == "fish" else str(len(words) - 1)
    asked = {"_NEWS_MONITOR_COMPLETE": f"{shell}_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": typing}
    result = CliRunner().invoke(main, prog_name="news-monitor", env=asked)
    assert offered == set(re.findall(rf"^plain{between}([\w-]+)", result.output, re.MULTILINE))
    script = CliRunner().invoke(main, prog_name="news-monitor", env={"_NEWS_MONITOR_COMPLETE": f"{shell}_source"})
    assert "news-monitor" in script.output


def test_a_list_of_commands_is_read_at_a_glance() -> None:
    """In --help no line about a command breaks off, at the width of a terminal of old."""
    broken = [line for line in _helps(main, "news-monitor") if line.startswith("  ") and line.endswith("...")]
    assert [] == broken


def _helps(command: click.Command, name: str) -> Iterator[str]:
    with click.Context(command, info_name=name, terminal_width=80) as context:
        yield from command.get_help(context).splitlines()
        if isinstance(command, click.Group):
            for one in command.list_commands(context):
                found = command.get_command(context, one)
                assert found is not None
                yield from _helps(found, one)
