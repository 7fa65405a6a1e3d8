"""A machine of its own under a real systemd: a container (systemd-nspawn) whose disk is in memory, with our own /usr.

It shares the network of its host, so that what a test serves on loopback is there. It needs root, and nothing else to
be installed there.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1]
PROGRAM = "/opt/news-monitor/bin/news-monitor"
BOOT_SECONDS = 60.0
_TARGET = "[Unit]\nDescription=As much as a service needs\nRequires=basic.target\nAfter=basic.target\n"
_KERNEL = ("systemd.unit=test.target", "systemd.firstboot=no")
_NUMBERS = count(1)
# Two machines in one control group are in each other's way: after a stop each waits, for TimeoutStopSec, for what the
# other one runs there under the same name, and cannot kill it.
_HIERARCHIES = [Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd")]
_APART = """
for group; do shift; [ "$group" = -- ] && break; mkdir "$group" && echo $$ > "$group/cgroup.procs" || exit; done
exec "$@"
"""
_SCRIPT = """#!/bin/sh
export LD_LIBRARY_PATH=/opt/python/lib
exec /opt/news-monitor/bin/python /opt/news-monitor/main.py "$@"
"""
_MAIN = """import sys

sys.path[:0] = ["/opt/source", "/opt/packages"]
from monitor.cli.main import main

if __name__ == "__main__":
    main()
"""


def missing() -> str | None:
    """Why no machine can be had here."""
    if os.geteuid() != 0:
        return "needs root"
    tools = [tool for tool in ("systemd-nspawn", "nsenter") if shutil.which(tool) is None]
    if tools:
        return f"needs {' and '.join(tools)} (Debian: apt-get install systemd-container)"
    if not Path("/usr/lib/systemd/systemd").exists():
        return "needs systemd under /usr/lib"
    return None


class Machine:
    """`leader`: its first process, as the host sees it."""

    def __init__(self, leader: int) -> None:
        self.leader = leader

    def run(self, *command: str, check: bool = True, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """A command there, as root. `text`: its standard input."""
        inside = ("nsenter", f"--target={self.leader}", "--all", "--", *command)
        done = subprocess.run(
            inside,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=150,
        )
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done

    def write(self, path: str, text: str) -> None:
        self.run("sh", "-c", f'mkdir -p "$(dirname {path})" && cat > {path}', text=text)

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, as `systemctl show` has them."""
        asked = [f"--property={name}" for name in properties]
        lines = self.run("systemctl", "show", unit, *asked).stdout.splitlines()
        return dict(line.partition("=")[::2] for line in lines)

    def journal(self, unit: str) -> str:
        return self.run("journalctl", "--no-pager", f"--unit={unit}").stdout


@contextmanager
def booted(directory: Path) -> Iterator[Machine]:
    """`directory`: for what it is made of."""
    (directory / "test.target").write_text(_TARGET)
    shown = {
        "/opt/python": sys.base_prefix,
        "/opt/packages": sysconfig.get_paths()["purelib"],
        "/opt/source": SOURCE,
        "/opt/news-monitor": _installed(directory / "program"),
        "/etc/systemd/system/test.target": directory / "test.target",
    }
    name = f"news-monitor-{os.getpid()}-{next(_NUMBERS)}"
    groups = [place / name for place in _HIERARCHIES if (place / "cgroup.procs").exists()]
    command = [
        *("sh", "-c", _APART, "sh", *map(str, groups), "--"),
        *("systemd-nspawn", "--quiet", "--directory=/", "--volatile=yes", "--register=no", "--keep-unit"),
        *("--console=read-only", f"--machine={name}"),
        *(f"--bind-ro={there}:{here}" for here, there in shown.items()),
        *("--boot", "--", *_KERNEL),
    ]
    with (directory / "console").open("wb") as console:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
    try:
        machine = Machine(_leader(process, directory / "console"))
        machine.run("systemctl", "is-system-running", "--wait")
        yield machine
        machine.run("systemctl", "poweroff", check=False)
        process.wait(60)
    finally:
        for child in _children(process):  # the machine's first process: with it all the others end
            os.kill(child, signal.SIGKILL)
        process.kill()
        process.wait()
        for group in groups:
            _remove(group)


def _installed(place: Path) -> Path:
    """The program as a virtual environment: a service sees neither /home nor /root nor /tmp, where ours may be."""
    (place / "bin").mkdir(parents=True)
    place.chmod(0o755)
    (place / "pyvenv.cfg").write_text("home = /opt/python/bin\n")
    (place / "bin" / "python").symlink_to(f"/opt/python/bin/{Path(sys.executable).resolve().name}")
    (place / "main.py").write_text(_MAIN)
    script = place / "bin" / "news-monitor"
    script.write_text(_SCRIPT)
    script.chmod(0o755)
    return place


def _leader(process: subprocess.Popen[bytes], console: Path) -> int:
    """Waits until systemd runs there."""
    end = time.monotonic() + BOOT_SECONDS
    while process.poll() is None and time.monotonic() < end:
        for child in _children(process):
            if Path(f"/proc/{child}/root/run/systemd/private").exists():
                return child
        time.sleep(0.1)
    pytest.skip(f"no machine boots here: {console.read_text(errors='replace')[-300:]}")


def _remove(group: Path) -> None:
    """What was in it has been killed, and is gone in a moment."""
    end = time.monotonic() + 10
    while group.exists() and time.monotonic() < end:
        for inner in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            with suppress(OSError):
                inner.rmdir()
        with suppress(OSError):
            group.rmdir()
        time.sleep(0.05)


def _children(process: subprocess.Popen[bytes]) -> list[int]:
    if process.poll() is not None:
        return []
    return [int(child) for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
