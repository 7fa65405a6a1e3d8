"""The manifest asks for what is used, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from monitor.cli.main import main
from tests.slack_workspace import ALL_SCOPES


@pytest.mark.parametrize(("options", "talks"), [([], True), (["--no-socket-mode"], False)])
def test_the_manifest(options: list[str], talks: bool) -> None:
    """With Socket Mode there are /news and buttons and their one scope; without it, what the stand-in's bot has."""
    result = CliRunner().invoke(main, ["slack", "manifest", *options])
    made: dict[str, Any] = yaml.safe_load(result.output)
    scopes = made["oauth_config"]["scopes"]["bot"]
    assert sorted({*ALL_SCOPES, "commands"} if talks else ALL_SCOPES) == sorted(scopes)
    assert talks is made["settings"]["socket_mode_enabled"]
    assert talks is made["settings"].get("interactivity", {"is_enabled": False})["is_enabled"]
    assert ["/news"] * talks == [command["command"] for command in made["features"].get("slash_commands", [])]
    assert talks is ("connections:write" in result.output)
