"""Apprise itself, over its own JSON service to a receiver on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.alerts.sinks.apprise import AppriseSink, usable
from monitor.model import Accepted, NotSent, Report, TargetBroken, Unreadable
from tests.builders import NOON, delivery, message


@pytest.fixture
async def got() -> AsyncIterator[tuple[list[dict[str, str]], str]]:
    taken: list[dict[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    async with TestServer(app) as server:
        yield taken, f"json://127.0.0.1:{server.port}/?cto=30&rto=30"  # seconds, on a busy machine


async def test_a_service_gets_title_and_text(got: tuple[list[dict[str, str]], str]) -> None:
    """As plain text."""
    taken, url = got
    sink = AppriseSink({"phones": url}, lambda: NOON)

    assert isinstance(await sink.send(delivery(target="phones", message=message())), Accepted)
    assert isinstance(await sink.send(delivery(target="phones", message=Report(("gone",), 0, NOON))), Accepted)
    assert ["[high] Serbia moves tanks", "News monitor: what operators must know"] == [one["title"] for one in taken]
    assert "“Serbia has deployed tanks.”" in taken[0]["message"]


async def test_a_service_that_fails_is_tried_again() -> None:
    """Of a failure Apprise only says that there was one."""
    sink = AppriseSink({"phones": "json://127.0.0.1:9/"}, lambda: NOON)

    assert isinstance(await sink.send(delivery(target="phones", message=message())), NotSent)
    assert isinstance(await sink.find(delivery(target="phones")), Unreadable)
    assert isinstance(await sink.send(delivery(target="old", message=message())), TargetBroken)


@pytest.mark.parametrize(("url", "known"), [("json://127.0.0.1/", True), ("nonsense", False), ("ftp://x/", False)])
def test_addresses_are_checked(url: str, known: bool) -> None:
    """What Apprise does not know is refused before anything waits for it."""
    assert known is usable(url)
