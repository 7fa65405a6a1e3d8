"""Slack's Socket Mode: what people click and type comes over a WebSocket that we open, so no public address is needed.

The envelopes are slack-sdk's, the connection is ours: slack-sdk's client asks for a new address every five seconds for
ever, also with a token that was revoked, with a traceback each time (slack_sdk/socket_mode/aiohttp, `connect`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from monitor.alerts.sinks import slack_requests
from monitor.alerts.sinks.slack_client import LOCKED, UNCLEAR, client, code_of, in_words, retry_after_of
from monitor.alerts.sinks.slack_requests import Click, Words

log = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(minutes=1)
STEADY = timedelta(seconds=10)  # a connection that lasted so long was a good one
TELL_AFTER = 6  # failures in a row: about a minute
PING_SECONDS = 15.0  # a peer that does not answer is gone
MOST_BYTES = 4 * 1024 * 1024
REMEMBERED = 1_000  # requests that were acted on

_REMEDY = (
    "make an app-level token with connections:write (Basic Information, App-Level Tokens), set it as SLACK_APP_TOKEN "
    "and switch Socket Mode on; alerts go on without buttons that work"
)


class _Refused(Exception):
    """Slack takes no connection until somebody mends something."""


@dataclass(frozen=True, slots=True)
class SocketSettings:
    app_token: str
    api_url: str
    timeout: timedelta
    first_pause: timedelta = timedelta(seconds=1)  # before it is tried again; doubled up to a minute
    refused_pause: timedelta = timedelta(minutes=10)  # somebody must act; then it goes on by itself


class SlackSocket:
    """`take` does what a person asked for; `tell` is told why nobody is heard, once, and None when all is well."""

    def __init__(
        self,
        settings: SocketSettings,
        *,
        take: Callable[[Click | Words], Awaitable[None]],
        tell: Callable[[str | None], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._take = take
        self._tell = tell
        self._told: str | None = ""  # not yet anything
        self._client = client(settings.app_token, api_url=settings.api_url, timeout=settings.timeout)
        self._seen: dict[str, None] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until it is cancelled; what people asked for is finished first."""
        failures = 0
        try:
            async with aiohttp.ClientSession() as session:
                while True:
                    lasted, wrong = await self._connection(session)
                    failures = 0 if lasted >= STEADY else failures + 1
                    await self._complain(wrong, failures)
                    await asyncio.sleep(self._pause(wrong, failures).total_seconds())
        finally:
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _connection(self, session: aiohttp.ClientSession) -> tuple[timedelta, Exception | None]:
        """How long one connection lasted, and why it could not be made, if it could not."""
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self._settings.timeout.total_seconds()):
                answer = await self._client.apps_connections_open(app_token=self._settings.app_token)
                socket = await session.ws_connect(
                    str(answer["url"]), heartbeat=PING_SECONDS, max_msg_size=MOST_BYTES, proxy=self._client.proxy
                )
            async with socket:
                began = clock()
                await self._listen(socket)
        except SlackApiError as e:
            refused = code_of(e) in LOCKED
            return timedelta(0), _Refused(f"Slack said {code_of(e)}: {_REMEDY}") if refused else e
        except _Refused as e:
            return timedelta(0), e
        except UNCLEAR as e:
            return timedelta(seconds=clock() - began), e
        return timedelta(seconds=clock() - began), None

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Until Slack closes the connection or wants another one in its place."""
        greeted = False
        async for frame in socket:
            said = json.loads(frame.data) if frame.type is aiohttp.WSMsgType.TEXT else None
            if not isinstance(said, dict):
                continue
            if said.get("type") == "hello":
                greeted = True
                await self._complain(None, 0)
            elif said.get("type") == "disconnect":
                if said.get("reason") == "link_disabled":
                    raise _Refused(f"Socket Mode is switched off: {_REMEDY}")
                break
            elif (request := SocketModeRequest.from_dict(said)) is not None:
                # First of all: Slack waits three seconds, and tells the user of an error then.
                await socket.send_json(SocketModeResponse(envelope_id=request.envelope_id).to_dict())
                self._begin(request)
        if not greeted:
            raise ConnectionError("Slack closed the connection without a hello")

    def _begin(self, request: SocketModeRequest) -> None:
        """What a person asked for, beside the connection. What comes twice is done once."""
        identity = slack_requests.identity(request.envelope_id, request.payload)
        if identity in self._seen:
            return
        self._seen[identity] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        work = asyncio.create_task(self._act(request.type, request.payload))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)

    async def _act(self, kind: str, payload: Mapping[str, Any]) -> None:
        try:
            asked = slack_requests.read(kind, payload)
        except ValueError as e:
            log.warning("a request from Slack cannot be read", extra={"why": str(e)})
            return
        if asked is not None:
            await self._take(asked)

    async def _complain(self, wrong: Exception | None, failures: int) -> None:
        """What passes in a minute is nobody's business; the same is told once."""
        if wrong is not None and not isinstance(wrong, _Refused) and failures < TELL_AFTER:
            log.info("no connection for clicks and commands; trying again", extra={"why": in_words(wrong)})
            return
        words = None if wrong is None else in_words(wrong)
        if words != self._told:
            self._told = words
            await self._tell(words)

    def _pause(self, wrong: Exception | None, failures: int) -> timedelta:
        if isinstance(wrong, _Refused):
            return self._settings.refused_pause
        asked_for = retry_after_of(wrong) if isinstance(wrong, SlackApiError) else None
        backoff = self._settings.first_pause * 2 ** min(failures - 1, 6) if failures else timedelta(0)
        return max(asked_for or timedelta(0), min(backoff, LONGEST_PAUSE))
