"""The unit files, judged by systemd itself."""

from __future__ import annotations

import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.app.systemd import notify
from monitor.app.units import unit_directory, units
from monitor.cli.common import Place
from monitor.cli.setup import init
from monitor.errors import Refused
from monitor.store.sqlite.backup import back_up_in_turn
from monitor.store.sqlite.store import Store
from tests.newsroom import write_config

UNITS = unit_directory()
SERVICES = ("news-monitor.service", "news-monitor-backup.service")
PROGRAM, CONFIG = Path("/opt/news-monitor/bin/news-monitor"), Path("/etc/news-monitor")

with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")


def verified(directory: Path) -> tuple[int, str]:
    """What systemd says of all the units there, each beside the others."""
    files = [str(file) for file in sorted(directory.iterdir())]
    result = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False)
    return result.returncode, result.stderr


@with_systemd
@pytest.mark.parametrize(
    ("config", "user"),
    [(CONFIG, None), (Path("/srv/my news/100%"), None), (Path("/home/desk/news"), "desk"), (Path("/etc/$HOME"), None)],
)
def test_systemd_accepts_the_units(tmp_path: Path, config: Path, user: str | None) -> None:
    """No complaint at all, whatever the paths; only the program is one that exists here."""
    for name, text in units(Path("/bin/true"), config, user).items():
        (tmp_path / name).write_text(text)
    assert (0, "") == verified(tmp_path)


@with_systemd
@pytest.mark.parametrize(("name", "most"), [(SERVICES[0], 12), (SERVICES[1], 5)])
def test_the_units_are_hardened(name: str, most: int) -> None:
    """Exposure in tenths, of 100 (a plain unit has 92). The daemon needs the network and may limit its workers."""
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={most}", str(UNITS / name)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-300:]


def test_reload_is_not_notify_reload() -> None:
    """systemd 252 takes Type=notify-reload for Type=simple without a word: no readiness, no watchdog."""
    assert "\nType=notify\n" in (UNITS / SERVICES[0]).read_text()


@pytest.mark.parametrize(
    ("config", "user", "has", "has_not"),
    [
        (CONFIG, None, ["DynamicUser=yes", "User=news-monitor", "ProtectHome=yes"], []),
        (Path("/srv/news"), "desk", ["--config /srv/news ", "User=desk"], ["DynamicUser", "ConfigurationDirectory="]),
        (Path("/home/desk/news"), "desk", ["ProtectHome=read-only"], ["ProtectHome=yes"]),
        (Path("/srv/a b"), None, ['--config "/srv/a b" '], []),
        (Path("/srv/100%"), None, ['--config "/srv/100%%" '], []),
    ],
)
def test_the_paths_are_filled_in(config: Path, user: str | None, has: list[str], has_not: list[str]) -> None:
    """In every unit that runs the program."""
    written = units(Path("/usr/local/bin/news-monitor"), config, user)
    for name in SERVICES:
        assert "ExecStart=/usr/local/bin/news-monitor --config " in written[name]
        assert [] == [words for words in has if words not in written[name]]
        assert [] == [words for words in has_not if words in written[name].replace("${CONFIGURATION_DIRECTORY}", "")]


def test_a_place_that_a_service_cannot_see_is_refused() -> None:
    """It has a /tmp of its own."""
    with pytest.raises(Refused, match="install under /opt"):
        units(Path("/tmp/venv/bin/news-monitor"), CONFIG, None)


def test_the_command_writes_them(tmp_path: Path) -> None:
    """For the program that runs it; the configuration must be there first."""
    missing = CliRunner().invoke(init, [str(tmp_path / "config"), "--systemd", str(tmp_path)], obj=Place(None))
    assert (2, True) == (missing.exit_code, "write one first" in missing.stderr)
    write_config(tmp_path / "config", [("A", "https://a.example/feed")])
    refused = CliRunner().invoke(init, [str(tmp_path / "config"), "--systemd", str(tmp_path)], obj=Place(None))
    assert (2, True) == (refused.exit_code, "a service does not see this place" in refused.stderr)


@pytest.mark.timeout(10)
def test_a_manager_that_does_not_listen_holds_nothing_up(tmp_path: Path) -> None:
    """Its queue takes a few messages; a daemon that waited there could not even be stopped."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        for _ in range(5_000):
            notify("WATCHDOG=1", {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert b"WATCHDOG=1" == manager.recv(100)


def test_backups_take_turns(tmp_path: Path) -> None:
    """The latest stay, and what else lies there is left alone."""
    Store.writer(tmp_path / "news.db").close()
    directory, now = tmp_path / "backup", datetime(2026, 11, 26, tzinfo=UTC)
    directory.mkdir()
    (directory / "news-of-old.db").write_text("mine")
    for day in range(4):
        back_up_in_turn(tmp_path / "news.db", directory, keep=2, now=now + timedelta(days=day))
    names = [file.name for file in sorted(directory.iterdir())]
    assert ["news-20261128T000000Z.db", "news-20261129T000000Z.db", "news-of-old.db"] == names
    Store.reader(directory / names[0])
