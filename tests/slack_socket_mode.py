"""The stand-in's people: what they click and type goes to the app over its WebSocket, as Slack's Socket Mode has it.

An envelope that is not acknowledged within three seconds is an error to the user (`unacknowledged`); a trigger may be
exchanged once and within three seconds; a response_url takes five answers.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from tests import slack_blocks, slack_mrkdwn
from tests.slack_blocks import Json
from tests.slack_workspace import Message

ACK_SECONDS = 3.0
TRIGGER_SECONDS = 3.0
ANSWERS = 5
MOST_CONNECTIONS = 10
VIEW_BYTES = 250_000


@dataclass(frozen=True, slots=True)
class Person:
    id: str = "U0ANN"
    name: str = "ann"


ANN = Person()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app said through a response_url."""

    user: str
    text: str
    blocks: tuple[Json, ...]
    ephemeral: bool


@dataclass(slots=True)
class _Trigger:
    user: str
    made_at: float
    exchanged: bool = False


@dataclass(slots=True)
class SocketMode:
    """Connections of the app, and what passed over them."""

    seconds_to_ack: float = ACK_SECONDS
    seconds_of_trigger: float = TRIGGER_SECONDS
    tickets: set[str] = field(default_factory=set)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    opened: int = 0  # connections, ever
    acknowledged: list[str] = field(default_factory=list)
    unacknowledged: list[str] = field(default_factory=list)  # too late, or never
    answers: list[Answer] = field(default_factory=list)
    views: list[tuple[str, Json]] = field(default_factory=list)  # who saw which modal
    mentions: list[str] = field(default_factory=list)  # in answers and modals
    refused: list[str] = field(default_factory=list)  # answers that Slack would not show
    _waiting: dict[str, asyncio.Future[float]] = field(default_factory=dict)
    _triggers: dict[str, _Trigger] = field(default_factory=dict)
    _urls: dict[str, list[Any]] = field(default_factory=dict)  # [user, answers left]
    _numbers: count[int] = field(default_factory=lambda: count(1))

    # ---- the app's side ----

    def ticket(self) -> str:
        ticket = f"ticket-{next(self._numbers)}"
        self.tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("ticket") not in self.tickets:
            return web.Response(status=403, text="a ticket is good for one connection")
        self.tickets.discard(request.query["ticket"])
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        if len(self.sockets) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self.sockets.append(socket)
        self.opened += 1
        await socket.send_json(
            {"type": "hello", "num_connections": len(self.sockets), "connection_info": {"app_id": "A0NEWS"}}
        )
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledge(json.loads(frame.data))
        finally:
            self.sockets.remove(socket)
        return socket

    def _acknowledge(self, said: Mapping[str, Any]) -> None:
        waiting = self._waiting.get(said["envelope_id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(time.monotonic())

    async def respond(self, request: web.Request) -> web.Response:
        """A response_url."""
        left = self._urls.get(request.match_info["id"])
        if left is None or not left[1]:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        left[1] -= 1
        said = await request.json()
        blocks = said.get("blocks") or []
        problems = slack_blocks.problems(blocks) if blocks else []
        if problems or not (said.get("text") or blocks):
            self.refused.append(json.dumps(problems or said))
            return web.json_response({"ok": False, "error": "invalid_blocks"}, status=400)
        self.mentions += slack_mrkdwn.mentions(said.get("text", ""), blocks, link_names=False)
        ephemeral = said.get("response_type") == "ephemeral" and not said.get("replace_original", True)
        self.answers.append(Answer(left[0], said.get("text", ""), tuple(blocks), ephemeral))
        return web.Response(text="ok")

    def view_error(self, trigger_id: str, view: object) -> str | None:
        """What Slack has against showing a modal for this trigger."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            return "invalid_trigger_id"
        if time.monotonic() - trigger.made_at > self.seconds_of_trigger:
            return "expired_trigger_id"
        if trigger.exchanged:
            return "exchanged_trigger_id"
        if len(json.dumps(view)) > VIEW_BYTES:
            return "view_too_large"
        problems = slack_blocks.view_problems(view)
        self.refused += problems
        return "invalid_arguments" if problems else None

    def show_view(self, trigger_id: str, view: Json) -> None:
        trigger = self._triggers[trigger_id]
        trigger.exchanged = True
        self.mentions += slack_mrkdwn.mentions("", [view], link_names=False)
        self.views.append((trigger.user, view))

    # ---- the people's side ----

    async def click(
        self, base: str, message: Message, action: Mapping[str, Any], *, by: Person, channel: str | None, again: int
    ) -> None:
        """Somebody uses an element of a message; `again`: how often Slack tells it once more."""
        url = self._answer_url(base, by)
        payload = {
            "type": "block_actions",
            "user": {"id": by.id, "username": by.name, "name": by.name, "team_id": "T0DESK"},
            "channel": {"id": channel or message.channel, "name": "somewhere"},
            "container": {"type": "message", "message_ts": message.ts, "channel_id": channel or message.channel},
            "message": {"ts": message.ts, "text": message.text},
            "trigger_id": self._trigger(by),
            "response_url": url,
            "actions": [{"action_ts": f"{time.time():.6f}", **action}],
        }
        for _ in range(1 + again):
            await self.send("interactive", payload)

    async def command(self, base: str, text: str, *, by: Person, channel: str, name: str) -> None:
        payload = {
            "command": "/news",
            "text": text,
            "user_id": by.id,
            "user_name": by.name,
            "channel_id": channel,
            "channel_name": name,
            "team_id": "T0DESK",
            "trigger_id": self._trigger(by),
            "response_url": self._answer_url(base, by),
        }
        await self.send("slash_commands", payload)

    async def send(self, kind: str, payload: Mapping[str, Any], *, envelope_id: str | None = None) -> None:
        """Returns when it is acknowledged, or too late."""
        id_ = envelope_id or f"envelope-{next(self._numbers)}"
        self._waiting[id_] = asyncio.get_running_loop().create_future()
        await self.sockets[-1].send_json(
            {"envelope_id": id_, "type": kind, "accepts_response_payload": kind != "events_api", "payload": payload}
        )
        try:
            await asyncio.wait_for(self._waiting[id_], self.seconds_to_ack)
        except TimeoutError:
            self.unacknowledged.append(id_)
        else:
            self.acknowledged.append(id_)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        for socket in list(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "wss"}})

    def drop(self) -> None:
        """The connection breaks without a word."""
        for socket in list(self.sockets):
            transport = socket._req.transport if socket._req else None
            if transport is not None:
                transport.abort()

    async def close(self) -> None:
        for socket in list(self.sockets):
            await socket.close()

    def _trigger(self, by: Person) -> str:
        trigger = f"{next(self._numbers)}.98765.abcdef"
        self._triggers[trigger] = _Trigger(by.id, time.monotonic())
        return trigger

    def _answer_url(self, base: str, by: Person) -> str:
        id_ = f"r{next(self._numbers)}"
        self._urls[id_] = [by.id, ANSWERS]
        return f"{base}answers/{id_}"
