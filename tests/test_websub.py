"""Hubs that call when there is news, over real sockets: a hub, a newsroom and the daemon."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web
from click.testing import CliRunner

from monitor.app import config as configuration
from monitor.app.daemon import Daemon
from monitor.cli.common import Place
from monitor.cli.feeds import feeds
from monitor.errors import StoreError
from monitor.model import FeedId, Subscription, SubscriptionState
from monitor.store.sqlite.store import Store
from tests.hub import Hub, request
from tests.newsroom import TANKS, Newsroom, write_config
from tests.test_daemon import SetClock, running

T = TypeVar("T")
HEADLINE = "Serbia moves tanks to the border"


@dataclass(slots=True)
class Desk:
    """A daemon whose polls are an hour apart, with a newsroom and its hub."""

    hub: Hub
    paper: Newsroom
    daemon: Daemon
    database: Path
    port: int
    clock: SetClock
    output: io.StringIO

    def held(self) -> Subscription | None:
        return self._asked(lambda store: next(map(store.subscriptions.of, _ids(store)), None))

    def last_look(self) -> str | None:
        return self._asked(lambda store: next((row["last_success_at"] for row in store.ledger.feeds()), None))

    def _asked(self, question: Callable[[Store], T | None]) -> T | None:
        try:
            store = Store.reader(self.database)
        except StoreError:  # the daemon is about to make it
            return None
        try:
            return question(store)
        finally:
            store.close()

    def is_active(self) -> bool:
        held = self.held()
        return held is not None and held.state is SubscriptionState.ACTIVE

    @property
    def polls(self) -> int:
        return sum(path == "/feed.xml" for path, _ in self.paper.requests)

    def sleep(self, span: timedelta) -> None:
        self.clock.offset += span


def _ids(store: Store) -> list[FeedId]:
    return [FeedId(row["id"]) for row in store.ledger.feeds()]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@asynccontextmanager
async def desk(tmp_path: Path, hub: Hub) -> AsyncIterator[Desk]:
    """The daemon is not running yet."""
    async with hub, Newsroom() as paper:
        paper.head = hub.links(paper.feed_url)
        port = free_port()
        config = write_config(
            tmp_path / "config",
            [("Courier", paper.feed_url)],
            schedule={"every": "1h"},
            websub={"callback": f"http://127.0.0.1:{port}/push", "listen": f"127.0.0.1:{port}"},
        )
        loaded, clock, output = configuration.load(config), SetClock(), io.StringIO()
        yield Desk(hub, paper, Daemon(loaded, output, clock=clock), loaded.database, port, clock, output)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.1)


async def test_a_push_brings_the_alert_at_once(tmp_path: Path) -> None:
    """Although the next poll is an hour away. The content that is pushed is not read."""
    async with desk(tmp_path, Hub()) as it, running(it.daemon):
        await until(lambda: it.polls == 1 and it.is_active())
        assert [(200, "c-1")] == it.hub.verified
        it.sleep(timedelta(minutes=1))
        it.paper.publish(HEADLINE, TANKS)
        assert 202 == await it.hub.push(b"\x00 this is no feed <!ENTITY")
        await until(lambda: HEADLINE in it.output.getvalue())
        assert 2 == it.polls
        shown = CliRunner().invoke(feeds, ["list", "--json"], obj=Place(tmp_path / "config")).stdout
        assert ("active", "Z") == (json.loads(shown)["push"], json.loads(shown)["push_until"][-1])
        shown = CliRunner().invoke(feeds, ["list"], obj=Place(tmp_path / "config")).stdout
        assert "push: its hub calls when there is news, until 20" in shown


async def test_a_hub_that_only_the_server_names(tmp_path: Path) -> None:
    """In the header of an answer to an ordinary poll, also when the document itself is one that was read before."""
    async with desk(tmp_path, Hub()) as it:
        it.paper.head = ""
        async with running(it.daemon):
            await until(lambda: it.last_look() is not None)
            assert it.held() is None
            it.paper.headers["Link"] = f'<{it.hub.url}>; rel="hub", </feed.xml>; rel=self'
            it.sleep(timedelta(hours=2))
            await until(it.is_active)
    assert it.paper.feed_url == it.hub.asked[0]["hub.topic"]


async def test_a_push_during_a_look_brings_another_one(tmp_path: Path) -> None:
    """The server may have answered the first one before there was that news."""
    async with desk(tmp_path, Hub()) as it, running(it.daemon):
        await until(lambda: it.polls == 1 and it.is_active())
        it.sleep(timedelta(minutes=1))
        it.paper.hanging.add("/feed.xml")
        assert 202 == await it.hub.push()
        await until(lambda: "/feed.xml" in it.paper.waiting)
        it.paper.publish(HEADLINE, TANKS)
        assert 202 == await it.hub.push()
        it.paper.hanging.clear()
        await until(lambda: it.polls == 2)
        it.sleep(timedelta(seconds=11))
        await until(lambda: HEADLINE in it.output.getvalue())
        assert 3 == it.polls


async def test_a_push_is_no_way_around_a_server_that_asked_to_be_left_alone(tmp_path: Path) -> None:
    """Until that is over."""
    async with desk(tmp_path, Hub(lease="864000")) as it, running(it.daemon):
        await until(lambda: it.polls == 1 and it.is_active())
        it.paper.pages["/feed.xml"] = web.Response(status=429, headers={"Retry-After": "1800"})
        for expected in (2, 2):
            it.sleep(timedelta(minutes=1))
            assert 202 == await it.hub.push()
            await until(lambda count=expected: it.polls == count)  # type: ignore[misc]
            await asyncio.sleep(2)  # two heartbeats
        assert 2 == it.polls
        del it.paper.pages["/feed.xml"]
        it.sleep(timedelta(minutes=32))
        await until(lambda: it.polls == 3)


async def test_a_verification_that_we_did_not_ask_for_is_none_of_ours(tmp_path: Path) -> None:
    """Another topic, an unsubscription, another path; nothing changes by it. Nor is there anything else."""
    async with desk(tmp_path, Hub()) as it, running(it.daemon):
        await until(it.is_active)
        before = it.held()
        for changes in ({"topic": "http://other.example/"}, {"mode": "unsubscribe"}, {"mode": ""}, {"mode": "x"}):
            assert (404, "") == await it.hub.verify(**changes)
        assert (404, "") == await it.hub.verify(challenge="c" * 2_000)
        base = f"http://127.0.0.1:{it.port}"
        query = {"hub.mode": "subscribe", "hub.topic": it.paper.feed_url, "hub.challenge": "c"}
        for path in ("/", "/push", "/push/", "/push/x", f"/push/{'x' * 43}"):
            assert 404 == (await request("GET", base + path, params=query))[0]
            assert 404 == (await request("POST", base + path, data=b"x"))[0]
        assert 405 == (await request("DELETE", it.hub.asked[-1]["hub.callback"]))[0]
        assert before == it.held()


async def test_what_is_not_signed_is_ignored(tmp_path: Path) -> None:
    """The answer does not tell. Too much is cut off; the same push again, or many, are one look."""
    async with desk(tmp_path, Hub()) as it, running(it.daemon):
        await until(lambda: it.polls == 1 and it.is_active())
        it.sleep(timedelta(minutes=1))
        before = it.held()
        assert [202] * 4 == [
            await it.hub.push(method=""),
            await it.hub.push(method="sha1"),
            await it.hub.push(method="md5"),
            await it.hub.push(secret="guessed"),
        ]
        assert 413 == await it.hub.push(b"x" * 2_000_000)
        assert before == it.held()
        assert [202] * 5 == [await it.hub.push() for _ in range(5)]
        await until(lambda: it.polls == 2)
        assert 202 == await it.hub.push()  # ten seconds lie between two looks
        await asyncio.sleep(2)  # two heartbeats
        assert 2 == it.polls


async def test_a_subscription_is_renewed_and_a_hub_that_fails_harms_no_lease(tmp_path: Path) -> None:
    """At 80 % of the lease, which is clamped; under the same address and secret."""
    async with desk(tmp_path, Hub(lease="1")) as it, running(it.daemon):
        await until(it.is_active)
        first = it.held()
        assert first is not None
        assert first.verified_at is not None
        assert first.verified_at + timedelta(hours=1) == first.lease_until
        it.hub.answer = 500
        it.sleep(timedelta(minutes=49))
        await until(lambda: len(it.hub.asked) == 2)
        await until(lambda: (held := it.held()) is not None and held.error == "the hub answered 500")
        assert it.is_active()
        it.hub.answer, it.hub.lease = 202, "999999999"
        it.sleep(timedelta(minutes=31))
        await until(lambda: (held := it.held()) is not None and held.verified_at != first.verified_at)
        renewed = it.held()
        assert renewed is not None
        assert renewed.verified_at is not None
        assert (None, timedelta(days=30)) == (renewed.error, renewed.lease_until - renewed.verified_at)  # type: ignore[operator]
        assert 1 == len({(form["hub.callback"], form["hub.secret"]) for form in it.hub.asked})


async def test_a_hub_that_keeps_silent_is_not_trusted(tmp_path: Path) -> None:
    """A poll finds what it should have told; its pushes are not wanted any more, and polling goes on."""
    async with desk(tmp_path, Hub(lease="864000")) as it, running(it.daemon):
        await until(lambda: it.polls == 1 and it.is_active())
        it.paper.items.append(("Late news", "/late", datetime.now(UTC) + timedelta(minutes=5)))
        it.sleep(timedelta(minutes=70))
        await until(lambda: (held := it.held()) is not None and held.state is SubscriptionState.ENDED)
        assert 410 == await it.hub.push()
        assert (404, "") == await it.hub.verify()
        it.sleep(timedelta(minutes=70))
        await until(lambda: it.polls == 3)


async def test_a_daemon_that_was_away_does_not_blame_the_hub(tmp_path: Path) -> None:
    """Nor does a single sweep, in which no hub can reach us."""
    async with desk(tmp_path, Hub(lease="864000")) as it:
        async with running(it.daemon):
            await until(lambda: it.polls == 1 and it.is_active())
        it.paper.items.append(("Late news", "/late", datetime.now(UTC) + timedelta(minutes=5)))
        it.sleep(timedelta(minutes=70))
        loaded = configuration.load(tmp_path / "config")
        await Daemon(loaded, it.output, clock=it.clock).run_once()
        assert 2 == it.polls
        it.paper.items.append(("Later news", "/later", datetime.now(UTC) + timedelta(minutes=80)))
        it.sleep(timedelta(minutes=70))
        async with running(Daemon(loaded, it.output, clock=it.clock)):
            await until(lambda: it.polls == 3)
            assert it.is_active()
        assert 1 == len(it.hub.asked)


@pytest.mark.parametrize(
    ("hub", "why"),
    [
        (Hub(answer=403), "the hub answered 403"),
        (Hub(answer=307), "a redirect (307) that does not say where to"),
        (Hub(mode="denied"), "the hub refused: it does not say why"),
    ],
)
async def test_a_hub_that_refuses_is_left_alone(tmp_path: Path, hub: Hub, why: str) -> None:
    """Why is remembered; polling goes on."""
    async with desk(tmp_path, hub) as it, running(it.daemon):
        await until(lambda: (held := it.held()) is not None and held.error == why)
        if hub.answer != 307:
            assert SubscriptionState.REFUSED is it.held().state  # type: ignore[union-attr]
        it.sleep(timedelta(minutes=61))
        await until(lambda: it.polls == 2)


async def test_a_hub_at_a_private_address_is_refused(tmp_path: Path) -> None:
    """The guard says so before anything is sent."""
    async with desk(tmp_path, Hub()) as it:
        it.paper.head = it.paper.head.replace(it.hub.url, "http://169.254.169.254/latest/")
        async with running(it.daemon):
            await until(lambda: (held := it.held()) is not None and held.state is SubscriptionState.REFUSED)
        assert "link-local" in it.held().error  # type: ignore[union-attr, operator]


async def test_a_port_that_is_taken_ends_nothing(tmp_path: Path) -> None:
    """Operators are told; feeds are polled, and no hub is asked to call where nobody listens."""
    async with desk(tmp_path, Hub()) as it:
        with socket.socket() as other:
            other.bind(("127.0.0.1", it.port))
            other.listen()
            async with running(it.daemon):
                await until(lambda: it.polls == 1)
                await asyncio.sleep(2)  # two heartbeats
        store = Store.reader(it.database)
        assert ["push"] == [notice["about"] for notice in store.notices.open()]
        store.close()
        assert [] == it.hub.asked


async def test_a_reload_goes_on_listening_and_without_websub_all_is_forgotten(tmp_path: Path) -> None:
    """The hub goes on as before; a single sweep under a configuration without it forgets the secrets."""
    async with desk(tmp_path, Hub()) as it:
        async with running(it.daemon):
            await until(it.is_active)
            it.daemon._asked_to_reload()
            await until(lambda: not it.daemon._reload.is_set())
            it.sleep(timedelta(minutes=1))
            await asyncio.sleep(1)
            assert 202 == await it.hub.push()
            await until(lambda: it.polls == 2)
            assert 1 == len(it.hub.asked)
        file = tmp_path / "config" / "monitor.yaml"
        file.write_text(file.read_text().split("websub:")[0])
        await Daemon(configuration.load(tmp_path / "config"), it.output).run_once()
        assert it.held() is None


async def test_secrets_stay_out_of_log_and_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the path nor the secret of a subscription is ever logged, even when all goes wrong."""
    caplog.set_level(0)
    async with desk(tmp_path, Hub()) as it:
        async with running(it.daemon):
            await until(it.is_active)
            it.hub.answer = 500
            it.sleep(timedelta(minutes=49))
            await until(lambda: len(it.hub.asked) == 2)
            await it.hub.push(method="")
        held = it.held()
        assert held is not None
        said = f"{held!r} {[vars(record) for record in caplog.records]} {it.output.getvalue()}"
        assert "the hub answered 500" in said
        assert held.secret not in said
        assert held.path not in said
