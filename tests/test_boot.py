"""The unit that is shipped, under a real systemd: start, reload, drain, watchdog, kill -9, bad files, backup."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.machine import PROGRAM, Machine, booted, missing
from tests.newsroom import CONCEPTS, RULES, TALKS, TANKS, Newsroom
from tests.slack_standin import TOKEN, Fault, SlackStandIn

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")

UNIT = "news-monitor.service"
TOKEN_FILE = "/etc/news-monitor.token"
# Nothing but times: those that are shipped would make the test wait.
DROP_IN = "[Service]\nWatchdogSec=8s\nRestartSec=1s\n"
PATIENCE = 60.0  # seconds
DYNAMIC_USERS = range(61_184, 65_520)  # systemd.exec(5)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """With the service as `init` installs it."""
    with booted(tmp_path_factory.mktemp("machine")) as machine:
        machine.run(PROGRAM, "init", "/etc/news-monitor")
        machine.run(PROGRAM, "init", "/etc/news-monitor", "--systemd", "/etc/systemd/system")
        machine.write(f"/etc/systemd/system/{UNIT}.d/times.conf", DROP_IN)
        machine.run("systemctl", "daemon-reload")
        yield machine


@dataclass(slots=True)
class Service:
    machine: Machine
    paper: Newsroom
    slack: SlackStandIn

    def configure(self, *, rules: object = RULES) -> None:
        monitor = {
            "http": {"allow_networks": ["127.0.0.0/8"], "pace": "0s"},
            "slack": {
                **{"token": "${SLACK_BOT_TOKEN}", "api_url": self.slack.url},
                **{"timeout": "2s", "settle_after": "2s"},
            },
            "schedule": {"every": "1s"},
            "baseline": {"alert_last": "6h"},
        }
        feeds = {"feeds": [{"name": "A", "url": self.paper.feed_url}]}
        self.machine.run("sh", "-c", "rm -f /etc/news-monitor/rules/* /etc/news-monitor/concepts/*")
        for name, data in {
            "monitor.yaml": monitor,
            "feeds.yaml": feeds,
            "rules/rules.yaml": rules,
            "concepts/places.yaml": CONCEPTS,
        }.items():
            self.machine.write(f"/etc/news-monitor/{name}", yaml.safe_dump(data))

    async def ctl(self, verb: str, *, check: bool = True) -> int:
        done = await asyncio.to_thread(lambda: self.machine.run("systemctl", verb, UNIT, check=False))
        assert not check or not done.returncode, await self.journal()
        return done.returncode

    async def show(self, *names: str) -> dict[str, str]:
        return await asyncio.to_thread(self.machine.show, UNIT, *names)

    async def pid(self) -> str:
        return (await self.show("MainPID"))["MainPID"]

    async def journal(self) -> str:
        return await asyncio.to_thread(self.machine.journal, UNIT)

    def said(self) -> list[str]:
        return [message.text.split("\n")[0][2:] for message in self.slack.messages("C0ALERTS")]

    async def told(self, *titles: str) -> None:
        """These, each once; waits for that."""
        await until(lambda: set(titles) <= set(self.said()))
        assert sorted(titles) == sorted(self.said())

    async def renewed(self, before: str) -> None:
        """Waits until systemd has started another process in the place of `before`."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            now = await self.show("MainPID", "ActiveState", "NRestarts")
            if now["ActiveState"] == "active" and now["MainPID"] not in ("0", before):
                assert "1" == now["NRestarts"]
                return
            await asyncio.sleep(0.2)
        raise AssertionError(await self.journal())

    async def audit(self) -> str:
        command = ("sh", "-c", f"cd /var/lib/news-monitor && {PROGRAM} audit")
        return (await asyncio.to_thread(self.machine.run, *command)).stdout


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.1)


@pytest.fixture
async def service(machine: Machine) -> AsyncIterator[Service]:
    machine.write(TOKEN_FILE, TOKEN)
    async with Newsroom() as paper, SlackStandIn() as slack:
        service = Service(machine, paper, slack)
        service.configure()
        yield service
        await service.ctl("stop")
        await service.ctl("reset-failed", check=False)
    machine.run("sh", "-c", "rm -rf /var/lib/private/news-monitor /var/lib/news-monitor")
    machine.run("journalctl", "--rotate")
    machine.run("journalctl", "--vacuum-time=1s")


async def test_start_and_stop(service: Service) -> None:
    """It is started when it is ready, says how it does, keeps the token to itself, and stops in peace."""
    await service.ctl("start")
    status = await service.show("ActiveState", "StatusText", "Type", "NotifyAccess")
    assert ("active", "notify") == (status["ActiveState"], status["Type"])
    assert status["StatusText"].startswith("1 feeds, 2 rules")
    service.paper.publish("Tanks at the border", TANKS)
    await service.told("Tanks at the border")
    environment = service.machine.run("cat", f"/proc/{await service.pid()}/environ").stdout
    assert TOKEN not in environment
    assert "CREDENTIALS_DIRECTORY" in environment
    assert TOKEN not in await service.journal()
    user, mode = service.machine.run(
        "stat", "--format=%u %a", "/var/lib/private/news-monitor/var/news.db"
    ).stdout.split()
    assert int(user) in DYNAMIC_USERS
    assert "600" == mode
    assert "Balanced: 2 matches" in await service.audit()
    await service.ctl("stop")
    ended = await service.show("Result", "ExecMainStatus", "ActiveState")
    assert {"Result": "success", "ExecMainStatus": "0", "ActiveState": "inactive"} == ended


async def test_reload(service: Service) -> None:
    """A changed rule is taken up in the same process; a wrong one leaves the last good one in force."""
    await service.ctl("start")
    before = await service.pid()
    service.configure(rules={"rules": [{"name": "talks", "title": "Talks", "match": "Brussels"}]})
    await service.ctl("reload")
    await until(lambda: "reloaded" in service.machine.journal(UNIT))
    service.paper.publish("No result in Brussels", TALKS)
    await service.told("No result in Brussels")
    service.machine.write("/etc/news-monitor/rules/rules.yaml", "rules:\n  - name: x\n    match: 'a AND'\n")
    await service.ctl("reload")
    await until(lambda: "refused" in service.machine.journal(UNIT))
    assert before == await service.pid()


async def test_drain(service: Service) -> None:
    """A message that is on its way when the stop comes is told, once, and known to be when the service starts again."""
    await service.ctl("start")
    service.slack.fail_next("chat.postMessage", Fault.STALL_TAKEN, seconds=1.5)
    service.paper.publish("Tanks at the border", TANKS)
    await until(lambda: bool(service.said()))
    began = time.monotonic()
    await service.ctl("stop")
    assert time.monotonic() - began < 30
    assert {"Result": "success", "ExecMainStatus": "0"} == await service.show("Result", "ExecMainStatus")
    await service.ctl("start")
    service.paper.publish("No result in Brussels for Kosovo", TALKS)
    await service.told("Tanks at the border", "No result in Brussels for Kosovo")


@pytest.mark.parametrize("number", ["STOP", "KILL"])
async def test_a_process_that_hangs_or_dies_is_replaced(service: Service, number: str) -> None:
    """By the watchdog where it hangs. What was just being told is not told again, and what came meanwhile is, once."""
    await service.ctl("start")
    service.slack.fail_next("chat.postMessage", Fault.STALL_TAKEN)
    service.paper.publish("Tanks at the border", TANKS)
    await until(lambda: bool(service.said()))
    before = await service.pid()
    service.machine.run("kill", f"-{number}", before)
    service.paper.publish("No result in Brussels for Kosovo", TALKS)
    await service.renewed(before)
    await service.told("Tanks at the border", "No result in Brussels for Kosovo")
    assert ("Watchdog timeout" in await service.journal()) == (number == "STOP")
    assert "Balanced" in await service.audit()


async def test_a_configuration_that_cannot_be_used(service: Service) -> None:
    """Ends with 78, says why with file and line, and is not tried over and over."""
    service.machine.write("/etc/news-monitor/feeds.yaml", "feeds:\n  - {nam: A}\n")
    assert await service.ctl("start", check=False)
    await asyncio.sleep(3)  # a restart would come after one
    ended = await service.show("ExecMainStatus", "NRestarts", "ActiveState")
    assert {"ExecMainStatus": "78", "NRestarts": "0", "ActiveState": "failed"} == ended
    assert re.search(r"feeds\.yaml:2: .*did you mean 'name'", await service.journal())


async def test_a_database_that_another_one_has(service: Service) -> None:
    """Ends with 75, says so, and is not tried over and over."""
    await service.ctl("start")
    await service.ctl("stop")
    lock = "/var/lib/private/news-monitor/var/news.db.lock"
    service.machine.run("systemd-run", "--unit=other", "flock", lock, "sleep", "300")
    try:
        assert await service.ctl("start", check=False)
        await asyncio.sleep(3)  # a restart would come after one
        ended = await service.show("ExecMainStatus", "NRestarts", "ActiveState")
        assert {"ExecMainStatus": "75", "NRestarts": "0", "ActiveState": "failed"} == ended
        assert "another news-monitor already works on this database" in await service.journal()
    finally:
        service.machine.run("systemctl", "stop", "other")


async def test_without_a_token_file(service: Service) -> None:
    """The journal says which file is missing. Once it is there the service is up; empty, alerts go to the journal."""
    service.machine.run("rm", TOKEN_FILE)
    assert await service.ctl("start", check=False)
    assert f"{TOKEN_FILE} is not there: put the Slack token into it, or leave it empty" in await service.journal()
    service.machine.write(TOKEN_FILE, "")
    await until(lambda: service.machine.show(UNIT, "ActiveState")["ActiveState"] == "active")
    service.paper.publish("Tanks at the border", TANKS)
    await until(lambda: "Tanks at the border" in service.machine.journal(UNIT))
    assert [] == service.said()


async def test_a_backup_beside_the_running_service(service: Service) -> None:
    """The unit of the timer writes a copy that can be opened."""
    await service.ctl("start")
    service.paper.publish("Tanks at the border", TANKS)
    await service.told("Tanks at the border")
    await asyncio.to_thread(service.machine.run, "systemctl", "start", "news-monitor-backup.service")
    files = service.machine.run("ls", "/var/lib/private/news-monitor/backup").stdout.split()
    assert 1 == len([Path(file) for file in files if file.endswith(".db")]), files
