"""One place to tell is broken; the others are told, and it is told when it is mended."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.faults.world import LATER, TITLE, World, until
from tests.slack_standin import TOKEN, Token

SECRET = "${HOOK_SECRET}"


class Receiver:
    """A webhook's other end, which answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[dict[str, object]] = []

    async def take(self, request: web.Request) -> web.Response:
        if self.status == 200:
            self.taken.append(await request.json())
        return web.Response(status=self.status)

    def said(self) -> Counter[str]:
        found = (one["data"] for one in self.taken if one["type"] in ("alert", "update"))
        return Counter(str(data["headline"]) for data in found if isinstance(data, dict))


def _sinks(url: str, atom: Path) -> dict[str, object]:
    return {
        "webhooks": [{"name": "soc", "url": url, "secret": SECRET}],
        "atom": [{"name": "all", "file": str(atom)}],
    }


@pytest.mark.parametrize("broken", ["webhook", "gone webhook", "atom", "slack"])
async def test_one_place_is_broken(world: World, broken: str) -> None:
    """The others are told at once; it is told, once, when it is mended and the configuration is read again."""
    receiver, app = Receiver(), web.Application()
    app.router.add_post("/hook", receiver.take)
    atom = world.directory / "alerts.atom"
    async with TestServer(app) as server:
        world.configure(sinks=_sinks(str(server.make_url("/hook")), atom))
        async with world.running():
            match broken:
                case "webhook":
                    receiver.status = 503
                case "gone webhook":
                    receiver.status = 404
                case "atom":
                    atom.mkdir()
                case "slack":
                    world.slack.set_token(TOKEN, Token(revoked=True))
            world.publish()
            places = {
                "slack": lambda: 1 == world.said()[TITLE],
                "webhook": lambda: 1 == receiver.said()[TITLE],
                "atom": lambda: atom.is_file() and atom.read_text().count("</entry>") == 1,
            }
            for name, is_told in places.items():
                if name not in broken:
                    await until(is_told)
            await until(lambda: bool(world.rows("select 1 from deliveries where state in ('pending', 'blocked')")))
            receiver.status = 200
            world.slack.set_token(TOKEN, Token())
            if atom.is_dir():
                atom.rmdir()
            world.signal(signal.SIGHUP)
            for is_told in places.values():
                await until(is_told)
            world.publish(LATER)
            await world.told(TITLE, LATER)
            await until(lambda: {TITLE: 1, LATER: 1} == dict(receiver.said()))
    assert world.balanced()


async def test_a_sink_is_taken_out_of_the_configuration(world: World) -> None:
    """What it is owed waits, operators hear of it, and it is sent once the sink is there again."""
    receiver, app = Receiver(), web.Application()
    receiver.status = 503
    app.router.add_post("/hook", receiver.take)
    async with TestServer(app) as server:
        sinks = {"webhooks": [{"name": "soc", "url": str(server.make_url("/hook")), "secret": SECRET}]}
        config = world.configure(sinks=sinks, slack={"ops_channel": "#news-ops"}) / "monitor.yaml"
        whole = yaml.safe_load(config.read_text())
        async with world.running():
            world.publish()
            await world.told(TITLE)
            config.write_text(yaml.safe_dump({**whole, "sinks": {}}))
            await until(lambda: any("does not set it up" in m.text for m in world.slack.messages("C0OPS")))
            assert not world.balanced() or world.rows("select 1 from deliveries where state = 'pending'")
            receiver.status = 200
            config.write_text(yaml.safe_dump(whole))
            await until(lambda: {TITLE: 1} == dict(receiver.said()))
            await until(lambda: any("is set up again" in m.text for m in world.slack.messages("C0OPS")))
    assert world.balanced()
