"""The unit file, judged by systemd itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent / "systemd" / "news-monitor.service"

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """No complaint at all; only the program's path is made to exist here."""
    unit = tmp_path / "news-monitor.service"
    unit.write_text(UNIT.read_text().replace("/opt/news-monitor/bin/news-monitor", "/bin/true"))
    result = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (0, "") == (result.returncode, result.stderr)


def test_the_unit_is_hardened() -> None:
    """Exposure at most 1.5 of 10 (a plain unit has 9.2)."""
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-300:]


def test_reload_is_not_notify_reload() -> None:
    """systemd 252 takes Type=notify-reload for Type=simple without a word: no readiness, no watchdog."""
    assert "\nType=notify\n" in UNIT.read_text()
