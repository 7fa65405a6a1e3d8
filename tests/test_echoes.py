"""The daemon with every sink beside the console: a real receiver, a real mail server, real files."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiosmtpd.smtp import SMTP
from standardwebhooks import Webhook as Verifier

from monitor.app import config as configuration
from monitor.app.audit import audit
from monitor.app.daemon import Daemon
from monitor.feeds.parse import parse
from monitor.model import FeedId
from monitor.store.sqlite.store import Store
from tests.newsroom import TANKS, Newsroom, write_config

SECRET = "whsec_dGhlIHNlY3JldCBvZiB0aGUgdGVzdHM="
LATER = (
    "Serbia has withdrawn the tanks from the border with Kosovo, the defence ministry said on Saturday, and denied "
    "that artillery had ever been there; 27 transporters left two villages near the crossing before the morning.",
    *TANKS[1:],
)


class Elsewhere:
    """What arrived in the other places."""

    def __init__(self) -> None:
        self.posts: list[tuple[dict[str, str], bytes]] = []
        self.letters: list[EmailMessage] = []
        self.status = 200

    async def take(self, request: web.Request) -> web.Response:
        self.posts.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


async def test_what_the_channel_is_told_the_other_places_are_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once per story, the follow-up in its thread; operators where they ask for it. A broken place stops no other."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    elsewhere, app = Elsewhere(), web.Application()
    app.router.add_post("/hook", elsewhere.take)
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(elsewhere), "127.0.0.1")
    atom = tmp_path / "alerts.atom"
    async with Newsroom() as paper, TestServer(app) as server, listening:
        good = {"url": str(server.make_url("/hook")), "secret": "${HOOK_SECRET}"}
        sinks = {
            "webhooks": [
                {"name": "soc", "operations": True, **good},
                {"name": "loud", "severity": "critical", **good},
                {"name": "broken", "url": str(server.make_url("/gone")), "secret": "${HOOK_SECRET}"},
            ],
            "email": {
                "host": "127.0.0.1",
                "port": listening.sockets[0].getsockname()[1],
                "tls": "none",
                "sender": "monitor@news.example",
                "readers": [{"name": "desk", "to": ["desk@news.example"]}],
            },
            "atom": [{"name": "all", "file": str(atom)}],
        }
        feeds = [("A", paper.feed_url)]
        directory = write_config(tmp_path / "config", feeds, sinks=sinks, baseline={"alert_last": "6h"})
        for title, text in (("Serbia moves tanks to the border", TANKS), ("Serbia withdraws tanks", LATER)):
            paper.publish(title, text)
            await Daemon(configuration.load(directory), io.StringIO()).run_once(now=True)

    told = [Verifier(SECRET).verify(body, headers) for headers, body in elsewhere.posts]
    alert, update = (one for one in told if one["type"] in ("alert", "update"))
    assert ("Serbia moves tanks to the border", alert["id"]) == (alert["data"]["headline"], update["thread"])
    assert update["data"]["new"]
    (report,) = [one for one in told if one["type"] == "report"]
    assert "webhook broken" in report["data"]["lines"][0]
    first, second = elsewhere.letters
    assert first["Message-ID"] == second["In-Reply-To"]
    shown = parse(
        atom.read_bytes(), feed_id=FeedId("f"), url="https://desk.example/", content_type="", now=datetime.now(UTC)
    )
    assert 2 == len(shown.entries)
    store = Store.reader(tmp_path / "news.db")
    balance = audit(store)
    assert balance.balanced, balance
    listed = [(one["sink"], one["delivery"], one["echoes"]) for one in store.ledger.alerts(limit=10)]
    assert balance.matches == len(listed)
    assert {("console", "sent", 4), ("console", "folded", 0)} == set(listed)
