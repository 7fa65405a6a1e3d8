"""A stop that hangs: the daemon says what for, and ends by itself, with all that is due in the database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.app.last_resort import EXIT_HUNG, STOP_AT_MOST
from tests.newsroom import write_config

pytestmark = pytest.mark.timeout(90)

UNIT = Path(__file__).resolve().parents[1] / "systemd" / "news-monitor.service"

# The daemon as `run` starts it, but for the times, with something beside it that hangs at the stop.
_CHILD = """
import asyncio, sys, threading, time
from datetime import timedelta
from pathlib import Path
from monitor.app import config, logs
from monitor.app.daemon import Daemon
from monitor.app.last_resort import Stopping, end_by_force

class Attendant:
    name = "hanging"
    async def open(self, view):
        if sys.argv[2] == "loop":
            asyncio.get_running_loop().call_later(0.2, self.block, 3600)
        elif sys.argv[2] == "flood":
            asyncio.get_running_loop().call_later(0.2, self.flood, asyncio.get_running_loop())
        else:
            print("up", flush=True)
    def block(self, seconds):
        print("up", flush=True)
        time.sleep(seconds)
    def flood(self, loop):
        wake = lambda: [loop.call_soon_threadsafe(int) for _ in range(1_000)]
        thread = threading.Thread(target=wake)
        thread.start()
        thread.join()
        self.block(1)
    async def close(self):
        if sys.argv[2] == "await":
            await asyncio.Event().wait()
        if sys.argv[2] == "thread":
            asyncio.get_running_loop().run_in_executor(None, time.sleep, 3600)

async def main():
    stopping = Stopping()
    end_by_force(stopping, within=timedelta(seconds=2), leave=timedelta(seconds=1))
    await Daemon(config.load(Path(sys.argv[1])), sys.stderr, attendants=[Attendant()], stopping=stopping).run()

if __name__ == "__main__":
    logs.set_up()
    asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        ("await", EXIT_HUNG, 'waits_for="the web server, the heartbeat and those who watch"'),
        ("loop", EXIT_HUNG, "MainThread in Attendant.block"),
        ("thread", 0, "left without waiting for threads that nobody needs"),
        ("flood", 0, "stopping"),
        ("nothing", 0, "stopping"),
    ],
)
def test_a_stop_that_hangs_is_ended(tmp_path: Path, how: str, code: int, words: str) -> None:
    """Whatever hangs: what is awaited, the event loop itself, or a thread when all else is closed.

    With "flood" nothing hangs, but the loop is busy while the signal comes, and its own socket full of wake-ups.
    """
    config = write_config(tmp_path / "config", [("A", "http://127.0.0.1:9/")])
    child = tmp_path / "child.py"
    child.write_text(_CHILD)
    process = subprocess.Popen(
        [sys.executable, str(child), str(config), how],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "up\n" == process.stdout.readline()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert code == process.returncode, said
    assert words in said
    assert time.monotonic() - began < 10


def test_a_stop_ends_before_systemd_would_kill_it() -> None:
    """With room to spare for a machine that is busy."""
    line = next(line for line in UNIT.read_text().splitlines() if line.startswith("TimeoutStopSec="))
    assert STOP_AT_MOST.total_seconds() <= int(line.removeprefix("TimeoutStopSec=").removesuffix("s")) - 20
