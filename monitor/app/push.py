"""Hubs: asking them to call (WebSub), and listening for their calls. What is believed of them: feeds/websub.py.

Whoever knows the address of a subscription may be anyone who reads a proxy's log, so all that a call can do is to make
its feed due, and that only with our secret.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from monitor.app.config_values import Listen
from monitor.app.store_thread import StoreThread
from monitor.errors import FetchError, StoreError
from monitor.feeds import websub
from monitor.http import Http
from monitor.http_hints import retry_after
from monitor.model import FeedId, Subscription, SubscriptionState
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

MAX_PUSH_BYTES = 1_000_000
MAX_ANSWER_BYTES = 1_000  # of a hub, kept for the operator
MAX_CHALLENGE = 1_000  # characters
PUSH_SECONDS = 10  # for a push to arrive whole
PASSING = frozenset({408, 425, 429})  # of the 4xx


class Push:
    """One server, and the asking, under one configuration."""

    def __init__(self, *, listen: Listen, store: StoreThread, http: Http, clock: Callable[[], datetime]) -> None:
        self._listen = listen
        self._store = store
        self._http = http
        self._clock = clock
        self._runner: web.AppRunner | None = None

    @property
    def is_open(self) -> bool:
        return self._runner is not None

    async def open(self) -> None:
        """Raises OSError when it cannot listen there."""
        app = web.Application(client_max_size=MAX_PUSH_BYTES)
        app.router.add_get("/{path:.*}", self._verify, allow_head=False)
        app.router.add_post("/{path:.*}", self._take)
        # No log of what was asked for: the addresses are secrets. Nothing is unpacked: the signature is of what came.
        runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._listen.host, self._listen.port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        await self._store.change(lambda store: store.subscriptions.listen(self._clock()))

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # ---- asking ----

    async def subscribe(self, due: Subscription) -> bool:
        """Ask a hub to call, for the first time or to renew. It says yes by a call of its own, perhaps at once."""
        await self._change(due.feed_id, lambda held: websub.asked(held, self._clock()))
        try:
            response = await self._http.post(due.hub, websub.form(due), max_bytes=MAX_ANSWER_BYTES)
        except FetchError as e:
            await self.failed(due.feed_id, str(e), e)
            return False
        if not 200 <= response.status < 300:
            lasting = 400 <= response.status < 500 and response.status not in PASSING
            wait = retry_after(response.headers, response.at)
            words = f"the hub answered {response.status}"
            await self.failed(due.feed_id, words, FetchError(words, permanent=lasting, retry_after=wait))
        return False

    async def failed(self, feed: FeedId, why: str, error: FetchError | None = None) -> None:
        """Put off the next asking."""
        lasting, wait = (error.permanent, error.retry_after) if error else (False, None)
        await self._change(feed, lambda held: websub.failed(held, why, self._clock(), lasting=lasting, wait=wait))
        log.warning("a hub could not be asked", extra={"feed": feed, "why": why})

    async def _change(self, feed: FeedId, step: Callable[[Subscription], Subscription]) -> None:
        def change(store: Store) -> None:
            held = store.subscriptions.of(feed)
            if held is not None:
                store.subscriptions.save(feed, step(held))

        await self._store.change(change)

    # ---- listening ----

    async def _verify(self, request: web.Request) -> web.Response:
        """A hub asks whether it was really we who asked (section 5.3), or says that it refuses."""
        query, challenge = request.query, request.query.get("hub.challenge", "")

        def verified(store: Store) -> bool:
            held = store.subscriptions.by_path(_path(request))
            after = held and websub.verified(
                held,
                mode=query.get("hub.mode", ""),
                topic=query.get("hub.topic", ""),
                lease=query.get("hub.lease_seconds", ""),
                reason=query.get("hub.reason", ""),
                now=self._clock(),
            )
            if after:
                store.subscriptions.save(after.feed_id, after)
            return after is not None

        try:
            held = await self._held(request)
            if held is None or len(challenge) > MAX_CHALLENGE or not await self._store.change(verified):
                return web.Response(status=404)
        except StoreError:
            return web.Response(status=503)
        return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def _take(self, request: web.Request) -> web.Response:
        """A push. Whether its signature was good is told to no one."""
        try:
            held = await self._held(request)
            if held is None:
                return web.Response(status=404)
            if held.state is not SubscriptionState.ACTIVE:
                return web.Response(status=410)  # the hub may forget us (section 7)
            async with asyncio.timeout(PUSH_SECONDS):
                body = await request.read()
            if websub.is_signed(held, request.headers.get("X-Hub-Signature", ""), body):
                await self._store.change(lambda store: self._look_soon(store, held.feed_id))
        except TimeoutError:
            return web.Response(status=408)
        except StoreError:
            return web.Response(status=503)
        return web.Response(status=202)

    async def _held(self, request: web.Request) -> Subscription | None:
        return await self._store.ask(lambda store: store.subscriptions.by_path(_path(request)))

    def _look_soon(self, store: Store, feed: FeedId) -> None:
        held, now = store.subscriptions.of(feed), self._clock()
        if held is None:
            return
        store.subscriptions.save(feed, replace(held, pushed_at=now))
        store.feeds.hasten(feed, websub.look_at(store.feeds.state(feed).last_poll_at, now))


def _path(request: web.Request) -> str:
    """The last part of the address: a proxy may pass on the whole of it, or what follows its own."""
    return request.path.rpartition("/")[2]
