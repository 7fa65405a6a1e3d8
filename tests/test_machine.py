"""The machine that boots for a test: several at once, as of tests that run side by side, know nothing of each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.machine import Machine, booted, missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")

UNIT = "probe.service"
# As our own: what is left of it is killed by its control group.
_SERVICE = """
[Service]
ExecStart=/bin/sh -c 'trap "exit 0" TERM; sleep 1000 & while :; do sleep 0.1; done'
KillMode=mixed
"""


def test_two_side_by_side(tmp_path: Path) -> None:
    """A service that is stopped in one is over there, with all its processes, while its namesake goes on."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    with booted(tmp_path / "one") as one, booted(tmp_path / "two") as two:
        _begin(one)
        _begin(two)
        one.run("systemctl", "stop", UNIT)
        assert {"ActiveState": "inactive", "ControlGroup": ""} == one.show(UNIT, "ActiveState", "ControlGroup")
        assert "remains running" not in one.journal(UNIT)
        assert {"ActiveState": "active"} == two.show(UNIT, "ActiveState")


def _begin(machine: Machine) -> None:
    machine.write(f"/etc/systemd/system/{UNIT}", _SERVICE)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", UNIT)
