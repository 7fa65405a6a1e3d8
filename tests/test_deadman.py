"""The heartbeat: it beats while news comes through, and nobody learns where."""

from __future__ import annotations

import asyncio
import io
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import config as configuration
from monitor.app.daemon import Daemon
from monitor.app.deadman import DeadManSwitch, failing
from monitor.app.vitals import LATE
from tests.newsroom import TANKS, Newsroom, write_config
from tests.test_daemon import Clumsy, SetClock, running, until


def beats(listener: Newsroom) -> list[str]:
    return [path for path, _ in listener.requests]


async def test_it_beats_only_while_news_comes_through(
    tmp_path: Path, paper: Newsroom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An alert that has not been told for too long turns it into a call for help, and only that."""
    async with Newsroom() as listener:
        listener.pages |= {"/key-1": "heard", "/key-1/fail": "heard"}
        monkeypatch.setenv("BEATS", f"http://127.0.0.1:{listener.port}/key-1")
        heartbeat = {"url": "${BEATS}", "every": "1s"}
        config = configuration.load(
            write_config(tmp_path / "config", [("A", paper.feed_url)], heartbeat=heartbeat, schedule={"every": "1s"})
        )
        clock = SetClock()
        output = Clumsy()
        output.fails = False
        async with running(Daemon(config, output, clock=clock, attendants=[DeadManSwitch()])):
            await until(lambda: len(beats(listener)) >= 2)
            assert {"/key-1"} == set(beats(listener))
            output.fails = True
            paper.publish("Serbia moves tanks", TANKS)
            await until(lambda: "alert waits" in caplog.text or "failed unexpectedly" in caplog.text)
            clock.offset = LATE
            await until(lambda: "/key-1/fail" in beats(listener))
            clock.offset = timedelta(0)
            done = len(listener.requests)
            await until(lambda: "/key-1" in beats(listener)[done:])
    assert "alerts wait to be told" in "".join(str(vars(record)) for record in caplog.records)


async def test_one_that_is_not_heard_beats_again_and_keeps_its_secret(
    tmp_path: Path, paper: Newsroom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong with the call."""
    async with Newsroom() as listener:
        monkeypatch.setenv("BEATS", f"http://127.0.0.1:{listener.port}/key-1")
        config = write_config(
            tmp_path / "config", [("A", paper.feed_url)], heartbeat={"url": "${BEATS}", "every": "1s"}
        )
        with caplog.at_level(logging.WARNING):
            async with running(Daemon(configuration.load(config), io.StringIO(), attendants=[DeadManSwitch()])):
                await until(lambda: len(beats(listener)) >= 3)
    assert "the heartbeat was not heard" in caplog.text
    assert "key-1" not in "".join(str(vars(record)) for record in caplog.records)


async def test_an_address_that_is_refused_is_not_called(
    tmp_path: Path, paper: Newsroom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It goes out like everything else: not to a private network that was not named."""
    async with Newsroom() as listener:
        monkeypatch.setenv("BEATS", f"http://127.0.0.1:{listener.port}/key-1")
        config = write_config(
            tmp_path / "config", [("A", paper.feed_url)], heartbeat={"url": "${BEATS}"}, http={"allow_networks": []}
        )
        async with running(Daemon(configuration.load(config), io.StringIO(), attendants=[DeadManSwitch()])):
            await until(lambda: "the heartbeat was not heard" in caplog.text)
        assert [] == listener.requests


async def test_without_the_secret_there_is_none(
    tmp_path: Path, paper: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says so."""
    config = write_config(tmp_path / "config", [("A", paper.feed_url)], heartbeat={"url": "${NOT_SET_ANYWHERE}"})
    async with running(Daemon(configuration.load(config), io.StringIO(), attendants=[DeadManSwitch()])):
        await until(lambda: "no heartbeat" in caplog.text)
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://hc.example/key", "https://hc.example/key/fail"),
        ("https://hc.example/key/", "https://hc.example/key/fail"),
        ("https://hc.example/key?a=1", "https://hc.example/key/fail?a=1"),
    ],
)
def test_trouble_is_told_beside_it(url: str, told: str) -> None:
    """As healthchecks.io has it."""
    assert told == failing(url)
