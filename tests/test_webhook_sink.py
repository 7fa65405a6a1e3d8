"""Signed JSON to a real receiver, checked with the verifier of the Standard Webhooks project."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from monitor.alerts.sinks.webhook import Webhook, WebhookSink
from monitor.app.clock import utc_now
from monitor.http import Http, HttpSettings
from monitor.model import Accepted, DeliveryId, Missing, NotSent, Refused, Report, TargetBroken
from tests.builders import NOON, delivery, message

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests' own").decode()


@dataclass
class Receiver:
    """What came, and what is answered."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    taker, app = Receiver(), web.Application()
    app.router.add_post("/hook", taker.take)
    async with TestServer(app) as server:
        taker.url = str(server.make_url("/hook"))
        yield taker


@pytest.fixture
async def sink(receiver: Receiver) -> AsyncIterator[WebhookSink]:
    settings = HttpSettings(
        user_agent="tests", allow_networks=(ip_network("127.0.0.0/8"),), timeout=timedelta(seconds=5)
    )
    async with Http(settings) as http:
        yield WebhookSink({"desk": Webhook(receiver.url, SECRET)}, http, utc_now)


async def test_a_receiver_can_check_who_sent_it(receiver: Receiver, sink: WebhookSink) -> None:
    """The signature is over id, time and body; with another secret it does not hold."""
    assert isinstance(await sink.send(delivery(target="desk", message=message())), Accepted)

    headers, body = receiver.got[0]
    told: dict[str, Any] = Verifier(SECRET).verify(body, headers)
    assert ("alert", "a" * 32) == (told["type"], headers["webhook-id"])
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + base64.b64encode(b"another").decode()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(body.replace(b"tanks", b"banks"), headers)


async def test_what_is_told(receiver: Receiver, sink: WebhookSink) -> None:
    """The article, each rule with its evidence, and the thread by which later ones are known."""
    await sink.send(delivery(target="desk", message=message()))
    await sink.send(delivery("b" * 32, target="desk", message=message(), thread_of=DeliveryId("a" * 32)))
    await sink.edit(delivery(target="desk", message=message(standing="3 outlets")))
    await sink.send(delivery("c" * 32, target="desk", message=Report(("a feed is gone",), 0, NOON)))

    first, reply, changed, report = (json.loads(body) for _, body in receiver.got)
    assert "Serbia moves tanks" == first["data"]["headline"]
    assert "tanks" == first["data"]["rules"][0]["evidence"][0]["words"]
    assert [("alert", "a" * 32), ("update", "a" * 32), ("changed", "a" * 32)] == [
        (told["type"], told["thread"]) for told in (first, reply, changed)
    ]
    assert "3 outlets" in changed["data"]["notes"]
    assert ("report", ["a feed is gone"]) == (report["type"], report["data"]["lines"])


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (204, {}, Accepted("desk:204")),
        (500, {}, NotSent("the receiver answered 500", None)),
        (429, {"Retry-After": "7"}, NotSent("the receiver answered 429", timedelta(seconds=7))),
        (400, {}, Refused("the receiver answered 400")),
        (404, {}, TargetBroken("the receiver answered 404")),
        (410, {}, TargetBroken("the receiver answered 410")),
    ],
)
async def test_answers(
    receiver: Receiver, sink: WebhookSink, status: int, headers: dict[str, str], expected: object
) -> None:
    """Each says whether to wait, to give this message up, or that somebody must mend the receiver."""
    receiver.status, receiver.headers = status, headers

    assert expected == await sink.send(delivery(target="desk", message=message()))


async def test_a_receiver_that_is_not_there(receiver: Receiver) -> None:
    """It is tried again; the same id tells the receiver what it has already."""
    settings = HttpSettings(user_agent="tests", allow_networks=(ip_network("127.0.0.0/8"),))
    async with Http(settings) as http:
        gone = WebhookSink({"desk": Webhook("http://127.0.0.1:9/", SECRET)}, http, utc_now)
        outcome = await gone.send(delivery(target="desk", message=message()))

    assert isinstance(outcome, NotSent | TargetBroken)  # the port is one that we never use
    assert Missing() == await gone.find(delivery(target="desk"))
    assert [] == receiver.got


async def test_a_private_address_is_refused_unless_allowed() -> None:
    """A webhook is bound by the same networks as feeds."""
    async with Http(HttpSettings(user_agent="tests")) as http:
        sink = WebhookSink({"desk": Webhook("http://10.0.0.1/hook", SECRET)}, http, utc_now)
        outcome = await sink.send(delivery(target="desk", message=message()))

    assert isinstance(outcome, TargetBroken)


async def test_a_target_that_is_gone_from_the_configuration(sink: WebhookSink) -> None:
    """Its messages wait, and operators are told."""
    assert isinstance(await sink.send(delivery(target="old", message=message())), TargetBroken)
