"""What the README shows works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from monitor.app import config as configuration
from monitor.app.config import Config
from monitor.app.config_sections import MonitorFile
from monitor.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The README's three files beside the vocabulary of the starter configuration; what it shows apart is appended."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    for name in ("SOC_SECRET", "MAIL_PASSWORD"):
        monkeypatch.setenv(name, "a long enough secret")
    monkeypatch.setenv("PHONES_URL", "json://127.0.0.1/")
    (tmp_path / "rules").mkdir()
    (tmp_path / "concepts").symlink_to(ROOT / "config" / "concepts")
    for text in re.findall(r"```yaml\n(# .*?)```", README, re.DOTALL):
        with (tmp_path / re.match(r"# ([\w/.]+)", text)[1]).open("a", encoding="utf-8") as file:  # type: ignore[index]
            file.write(text)
    return configuration.load(tmp_path)


def test_its_configuration_is_good(shown: Config) -> None:
    """The feed, the rule with its examples, and monitor.yaml, which shows the defaults as they are."""
    assert {} == shown.failing
    assert ["kosovo-military-deployment"] == [rule.name for rule in shown.rules.rules]
    assert ["Balkan Insight"] == [feed.name for feed in shown.feeds]
    chosen: Any = {
        "http": {"contact", "allow_networks"},
        "slack": {"token", "app_token", "allowed_users", "allowed_channels", "ops_channel"},
        "retention": {"articles"},
    }
    chosen |= dict.fromkeys(("publishers", "websub", "sinks", "web", "heartbeat", "canary"), True)
    assert MonitorFile().model_dump(exclude=chosen) == shown.monitor.model_dump(exclude=chosen)


def test_it_lists_every_command() -> None:
    """A command that is not in the table is not found."""
    table = README.partition("## Commands")[2].partition("## ")[0]
    assert set(COMMANDS) <= set(re.findall(r"`([a-z]+)", table))
