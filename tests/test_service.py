"""The daemon as systemd sees it: readiness, watchdog, reload, stop, over the real notification socket."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.newsroom import FOOTBALL, Newsroom, write_config

pytestmark = pytest.mark.timeout(90)


class Manager:
    """Listens where systemd would."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(self.address)
        self.heard: list[str] = []

    async def until(self, word: str, seconds: float = 30) -> None:
        async with asyncio.timeout(seconds):
            while not any(word in said for said in self.heard):
                self.heard.append((await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode())

    def close(self) -> None:
        self._socket.close()


async def until_blocked(pid: int, number: signal.Signals) -> None:
    """proc(5): SigBlk is a mask with bit n - 1 for signal n."""
    async with asyncio.timeout(30):
        while True:
            status = Path(f"/proc/{pid}/status").read_text()
            mask = int(next(line for line in status.splitlines() if line.startswith("SigBlk:")).split()[1], 16)
            if mask >> (number - 1) & 1:
                return
            await asyncio.sleep(0.01)


async def test_the_whole_life_of_a_service(tmp_path: Path) -> None:
    """READY after the start, WATCHDOG while it works, RELOADING then READY on SIGHUP, STOPPING on SIGTERM, exit 0."""
    manager = Manager(tmp_path / "notify")
    async with Newsroom() as paper:
        paper.publish("Cup final", FOOTBALL)
        config = write_config(tmp_path / "config", [("A", paper.feed_url)])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "monitor", "--config", str(config), "run"),
            env={**os.environ, "NOTIFY_SOCKET": manager.address},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            # A reload that is asked for while the service still starts is done once it has.
            await until_blocked(process.pid, signal.SIGHUP)
            process.send_signal(signal.SIGHUP)
            await manager.until("READY=1\nSTATUS=1 feeds, 2 rules")
            await manager.until("RELOADING=1")
            await manager.until("WATCHDOG=1")
            manager.heard.clear()
            process.send_signal(signal.SIGHUP)
            await manager.until("RELOADING=1")
            await manager.until("READY=1")
            (config / "feeds.yaml").write_text("feeds: 7\n")
            process.send_signal(signal.SIGHUP)
            await manager.until("running with the last good configuration")
            process.send_signal(signal.SIGTERM)
            await manager.until("STOPPING=1")
            assert 0 == await asyncio.wait_for(process.wait(), 20)
        finally:
            if process.returncode is None:
                process.kill()
            manager.close()


async def test_a_stop_that_comes_while_it_starts_is_heard(tmp_path: Path) -> None:
    """It would be lost on the first process of a container: such a one has no handler but its own."""
    config = write_config(tmp_path / "config", [("A", "http://127.0.0.1:9/feed")])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "monitor", "--config", str(config), "run"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until_blocked(process.pid, signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        assert 0 == await asyncio.wait_for(process.wait(), 20)
    finally:
        if process.returncode is None:
            process.kill()


async def test_the_watchdog_is_fed_while_it_works_and_only_then(tmp_path: Path) -> None:
    """A stopped process says nothing; a working one speaks about once a second."""
    manager = Manager(tmp_path / "notify")
    async with Newsroom() as paper:
        config = write_config(tmp_path / "config", [("A", paper.feed_url)])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "monitor", "--config", str(config), "run"),
            env={**os.environ, "NOTIFY_SOCKET": manager.address},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await manager.until("WATCHDOG=1")
            for _ in range(3):
                manager.heard.clear()
                await manager.until("WATCHDOG=1", seconds=5)
            process.send_signal(signal.SIGSTOP)
            manager.heard.clear()
            with pytest.raises(TimeoutError):
                await manager.until("READY=1", seconds=3)
            assert len(manager.heard) <= 3, "nothing but what was on its way"
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            await process.wait()
            manager.close()
