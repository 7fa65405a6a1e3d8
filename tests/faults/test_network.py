"""The network goes away and comes back."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from tests.faults.world import LATER, TITLE, World, until
from tests.newsroom import Newsroom
from tests.slack_standin import Fault, SlackStandIn


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_slack_is_away_from_the_start(tmp_path: Path) -> None:
    """Nobody listens where Slack is; when somebody does, what came meanwhile is told once."""
    port = _free_port()
    async with Newsroom() as paper:
        world = World(tmp_path, paper, SlackStandIn(port=port))
        world.configure()
        async with world.running():
            world.publish()
            await world.logs("Slack cannot be reached")
            async with SlackStandIn(port=port) as slack:
                world.slack = slack
                await world.told(TITLE)
        assert world.balanced()


@pytest.mark.parametrize(
    "fault", [Fault.DROP, Fault.DROP_TAKEN, Fault.STALL_TAKEN, Fault.TRUNCATED_TAKEN, Fault.HTTP_503, Fault.LATE_COMMIT]
)
async def test_slack_breaks_off_again_and_again(world: World, fault: Fault) -> None:
    """Whether it has taken the message or not is looked up; it stands there once."""
    world.configure()
    world.slack.fail_next("chat.postMessage", fault, times=2, seconds=0.5)
    async with world.running():
        world.publish()
        await world.told(TITLE)
        world.publish(LATER)
        await world.told(TITLE, LATER)
    assert world.balanced()


def _refuse(paper: Newsroom) -> Callable[[], None]:
    paper.status = 503

    def mend() -> None:
        paper.status = 200

    return mend


def _portal(paper: Newsroom) -> Callable[[], None]:
    paper.pages["/feed.xml"] = web.Response(text="<html><p>Log in to the hotel's network.", content_type="text/html")

    def mend() -> None:
        del paper.pages["/feed.xml"]

    return mend


def _hang(paper: Newsroom) -> Callable[[], None]:
    paper.hanging.add("/feed.xml")
    return lambda: paper.hanging.discard("/feed.xml")


@pytest.mark.parametrize("breaks", [_refuse, _portal, _hang], ids=["refuses", "is a captive portal", "hangs"])
async def test_an_outlet_is_away_for_a_while(world: World, breaks: Callable[[Newsroom], Callable[[], None]]) -> None:
    """Another one is told meanwhile; what it published in that time is told when it is back."""
    async with Newsroom("B") as other:
        world.feeds.append(("B", other.feed_url))
        world.configure(http={"allow_networks": ["127.0.0.0/8"], "pace": "0s", "timeout": "3s", "stall": "2s"})
        async with world.running():
            await until(lambda: bool(world.rows("select 1 from polls")))
            mend = breaks(world.paper)
            world.publish()
            seen = len(world.paper.requests) + len(world.paper.waiting)
            await until(lambda: len(world.paper.requests) + len(world.paper.waiting) > seen)
            other.publish(LATER, ["Kosovo talks ended.", *[f"Line {n} of a text about Pristina." for n in range(20)]])
            await world.told(LATER)
            mend()
            await world.told(TITLE, LATER)
        assert world.balanced()


async def test_a_server_that_resets_every_connection(world: World) -> None:
    """Is one feed that fails; the others are told."""

    async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(reset, "127.0.0.1", 0)
    async with server:
        world.feeds.append(("Broken", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/feed.xml"))
        world.configure()
        async with world.running():
            world.publish()
            await world.told(TITLE)
            await until(lambda: bool(world.rows("select 1 from feeds where failures > 0 and name = 'Broken'")))
    assert world.balanced()
