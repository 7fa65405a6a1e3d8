"""A strict stand-in of Slack's Web API: a real HTTP server on loopback that remembers everything.

    async with SlackStandIn() as slack:
        client = AsyncWebClient(token=TOKEN, base_url=slack.url, retry_handlers=[])

It enforces what Slack enforces (scopes, membership, Block Kit, lengths, one message a second), goes wrong on
demand, and keeps the truth to compare with what the client believes. A fault befalls only calls that Slack
would have granted: a refused call gets its refusal.

As a command it prints its URL and keeps a ledger: `python -m tests.slack_standin --port 0`.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Self

import click
from aiohttp import web

from tests.slack_api import ARGUMENTS, Api, Call, RateLimitError, SlackError, missing_scope
from tests.slack_blocks import objects
from tests.slack_faults import NOT_TAKEN, Fault, FaultPlan, Strike
from tests.slack_mrkdwn import Link
from tests.slack_socket_mode import ANN, Person, SocketMode
from tests.slack_workspace import Channel, Message, Token, Workspace

__all__ = ["APP_TOKEN", "TOKEN", "Channel", "Fault", "Link", "Message", "Person", "Request", "SlackStandIn", "Token"]

TOKEN = "xoxb-stand-in"
APP_TOKEN = "xapp-stand-in"
CHANNELS = (
    Channel("C0ALERTS", "news-alerts"),
    Channel("C0OPS", "news-ops"),
    Channel("C0BALKANS", "balkans-watch"),
)

TOKENS = {TOKEN: Token(), APP_TOKEN: Token(frozenset({"connections:write"}), is_app=True)}

OnPost = Callable[[str, int], Awaitable[None] | None]

_STATUS = {Fault.HTTP_500: 500, Fault.HTTP_502: 502, Fault.HTTP_503: 503, Fault.HTML: 200}
_ERRORS = {
    Fault.FATAL_ERROR: "fatal_error",
    Fault.RATELIMITED: "ratelimited",
    Fault.HISTORY_REFUSED: "missing_scope",
    Fault.INVALID_BLOCKS: "invalid_blocks",
}
_WEB_PAGE = "<!DOCTYPE html><title>Not Slack</title><p>This is a web page."


@dataclass(frozen=True, slots=True)
class Request:
    """A call. `ok`: Slack did it, whether or not a fault kept that from the client."""

    method: str
    channel: str | None
    ok: bool
    error: str | None
    fault: Fault | None
    time: datetime


class SlackStandIn:
    """Slack, as far as the project uses it.

    `faults` are chances per call (drawn with `seed`), `seconds` the measure of a fault where it has one.
    `on_post` is called with "received" (nothing is done yet) or "taken" (done, not yet answered) and with the
    number of the chat.postMessage, from 1. It may order the fault for that very call: to lose a message with
    its client, order Fault.DROP on "received" and kill the client.
    """

    def __init__(
        self,
        *,
        tokens: Mapping[str, Token] | None = None,
        channels: Sequence[Channel] = CHANNELS,
        messages_per_second: float = 1.0,
        burst: int = 1,
        faults: Mapping[Fault, float] | None = None,
        seconds: Mapping[Fault, float] | None = None,
        seed: int = 0,
        on_post: OnPost | None = None,
        ledger: Path | None = None,
        port: int = 0,
    ) -> None:
        self._workspace = Workspace(TOKENS if tokens is None else tokens, channels)
        self.people = SocketMode()
        self._api = Api(self._workspace, self.people, messages_per_second=messages_per_second, burst=burst)
        self._plan = FaultPlan(faults or {}, seconds=seconds or {}, seed=seed)
        self._on_post = on_post
        self._posts = 0
        self._requests: list[Request] = []
        self._ledger = ledger
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._handle)
        app.router.add_get("/link", self.people.serve)
        app.router.add_post("/answers/{id}", self.people.respond)
        self._runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self._api.socket_url = f"ws://127.0.0.1:{self._port}/link"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        await self.people.close()
        await self.settled()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """The base address for a client, with the slash at the end that slack-sdk needs."""
        return f"http://127.0.0.1:{self._port}/api/"

    @property
    def _base(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    # ---- what a test arranges ----

    def fail_next(self, method: str, fault: Fault, *, times: int = 1, seconds: float | None = None) -> None:
        """The next calls of a method that Slack would grant meet this fault."""
        self._plan.order(method, fault, times=times, seconds=seconds)

    def set_channel(self, channel: Channel) -> None:
        """A new channel, or a known one in another state."""
        self._workspace.channels[channel.id] = channel

    def set_token(self, secret: str, token: Token) -> None:
        self._workspace.tokens[secret] = token

    def delete(self, message: Message) -> None:
        """As if a person deleted it."""
        self._workspace.delete(message.channel, message.ts)

    async def click(
        self,
        message: Message,
        action_id: str,
        value: str | None = None,
        *,
        by: Person = ANN,
        again: int = 0,
        channel: str | None = None,
    ) -> None:
        """Somebody clicks a button of a message, or picks an option of a select; returns when the app knows."""
        elements = [item for item in objects(list(message.blocks)) if item.get("action_id") == action_id]
        if not elements:
            raise LookupError(f"no {action_id} to click")
        (element,) = elements
        block = next(block for block in message.blocks if any(item is element for item in objects(block)))
        action = {"type": element["type"], "action_id": action_id, "block_id": block["block_id"]}
        if element["type"] == "button":
            action["value"] = element.get("value")
        else:
            options = [item for item in objects(element) if item.get("value") == value and "text" in item]
            action["selected_option"] = options[0]
        await self.people.click(self._base, message, action, by=by, channel=channel, again=again)

    async def command(self, text: str, *, by: Person = ANN, channel: str = "C0ALERTS") -> None:
        """Somebody types /news TEXT in a channel; returns when the app knows."""
        found = self._workspace.channels.get(channel)
        name = found.name if found else "elsewhere"
        await self.people.command(self._base, text, by=by, channel=channel, name=name)

    async def settled(self) -> None:
        """Returns when no call is under way: no commit can come late any more."""
        await self._idle.wait()

    # ---- what a test asks ----

    def messages(self, channel: str | None = None) -> tuple[Message, ...]:
        """The truth, oldest first: all that was taken, with replies and what history hides yet."""
        if channel is None:
            return self._workspace.messages()
        found = self._workspace.channel(channel)
        if found is None:
            raise LookupError(f"no channel {channel}")
        return self._workspace.messages(found.id)

    @property
    def requests(self) -> tuple[Request, ...]:
        return tuple(self._requests)

    @property
    def mentions(self) -> list[str]:
        """Every mention that fired: `!channel`, `@U1`, `!subteam^S1`."""
        return list(self._api.mentions)

    @property
    def links(self) -> list[Link]:
        """Every link that was shown, in the order of the messages."""
        return list(self._api.links)

    @property
    def posts_while_limited(self) -> int:
        """Posts that came to a channel before the Retry-After of a 429 was over."""
        return self._api.posts_while_limited

    # ---- a call ----

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._under_way += 1
        self._idle.clear()
        try:
            return await self._answer(_Exchange(request, request.match_info["method"]))
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def _answer(self, exchange: _Exchange) -> web.StreamResponse:
        try:
            call = await self._grant(exchange)
        except RateLimitError as limit:
            self._note(exchange, ok=False, error="ratelimited")
            return _limited(limit.retry_after)
        except SlackError as refusal:
            self._note(exchange, ok=False, error=refusal.error)
            return _json(refusal.answer, exchange.token)
        strike = self._plan.next(exchange.method)
        if strike is None or (strike.fault is Fault.INVALID_BLOCKS and not exchange.has_blocks):
            return _json(await self._do(exchange, call, None), exchange.token)
        return await self._befall(exchange, call, strike)

    async def _grant(self, exchange: _Exchange) -> Call:
        if exchange.method not in ARGUMENTS:
            raise SlackError("unknown_method", req_method=exchange.method)
        secret, arguments = await _read(exchange.request)
        exchange.channel = self._channel_id(arguments.get("channel"))
        exchange.has_blocks = bool(arguments.get("blocks"))
        if exchange.method == "chat.postMessage":
            self._posts += 1
            exchange.number = self._posts
            await self._tell("received", exchange.number)
        exchange.token = self._api.token(secret)
        return self._api.prepare(exchange.method, exchange.token, arguments)

    async def _do(self, exchange: _Exchange, call: Call, strike: Strike | None) -> dict[str, object]:
        fault = strike.fault if strike else None
        written = len(self._workspace.journal)
        answer = call.do()
        if strike and fault is Fault.HISTORY_LAG:
            self._workspace.hide(str(answer["ts"]), seconds=strike.seconds)
        for message in self._workspace.journal[written:]:
            self._write("message", asdict(message))
        error = "fatal_error" if fault is Fault.FATAL_ERROR_TAKEN else None
        self._note(exchange, ok=True, error=error, fault=fault)
        if exchange.number:
            await self._tell("taken", exchange.number)
        return answer

    async def _tell(self, stage: str, number: int) -> None:
        told = self._on_post(stage, number) if self._on_post else None
        if inspect.isawaitable(told):
            await told

    # ---- a fault ----

    async def _befall(self, exchange: _Exchange, call: Call, strike: Strike) -> web.StreamResponse:
        fault = strike.fault
        if fault in NOT_TAKEN:
            self._note(exchange, ok=False, error=_ERRORS.get(fault), fault=fault)
            return await self._withhold(exchange, call, strike)
        if fault is Fault.LATE_COMMIT:
            await self._client_leaves(exchange.request)
            if not await self._pass(strike.seconds):
                return web.Response()
        answer = await self._do(exchange, call, strike)
        return await self._garble(exchange, answer, fault)

    async def _withhold(self, exchange: _Exchange, call: Call, strike: Strike) -> web.StreamResponse:
        """The answer to a call that is not done."""
        match strike.fault:
            case Fault.HTTP_500 | Fault.HTTP_502 | Fault.HTTP_503 | Fault.HTML:
                return _page(_STATUS[strike.fault])
            case Fault.RATELIMITED:
                retry_after = ceil(strike.seconds)
                if call.channel and exchange.number:
                    self._api.close(call.channel, seconds=retry_after)
                return _limited(retry_after)
            case Fault.FATAL_ERROR | Fault.INVALID_BLOCKS:
                return _json({"ok": False, "error": _ERRORS[strike.fault]}, exchange.token)
            case Fault.HISTORY_REFUSED:
                provided = exchange.token.scopes if exchange.token else ()
                kept = (scope for scope in provided if not scope.endswith(":history"))
                return _json(missing_scope(kept, needed=["channels:history"]).answer, exchange.token)
            case Fault.STALL:
                await self._client_leaves(exchange.request)
        return _drop(exchange.request)

    async def _garble(self, exchange: _Exchange, answer: dict[str, object], fault: Fault) -> web.StreamResponse:
        """The answer to a call that has been done."""
        match fault:
            case Fault.HTTP_500_TAKEN:
                return _page(500)
            case Fault.FATAL_ERROR_TAKEN:
                return _json({"ok": False, "error": "fatal_error"}, exchange.token)
            case Fault.TRUNCATED_TAKEN:
                return await _half(exchange.request, answer)
            case Fault.HISTORY_LAG:
                return _json(answer, exchange.token)
            case Fault.STALL_TAKEN:
                await self._client_leaves(exchange.request)
        return _drop(exchange.request)

    async def _client_leaves(self, request: web.Request) -> None:
        while request.transport is not None and not request.transport.is_closing():
            if not await self._pass(0.01):
                return

    async def _pass(self, seconds: float) -> bool:
        """Lets time pass; False if the stand-in closes meanwhile."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return True
        return False

    # ---- what is remembered ----

    def _channel_id(self, given: object) -> str | None:
        if not isinstance(given, str):
            return None
        channel = self._workspace.channel(given)
        return channel.id if channel else given

    def _note(self, exchange: _Exchange, *, ok: bool, error: str | None, fault: Fault | None = None) -> None:
        request = Request(exchange.method, exchange.channel, ok, error, fault, datetime.now(UTC))
        self._requests.append(request)
        self._write("request", {**asdict(request), "time": request.time.isoformat()})

    def _write(self, kind: str, facts: Mapping[str, object]) -> None:
        if self._ledger is None:
            return
        with self._ledger.open("a", encoding="ascii") as ledger:
            ledger.write(json.dumps({"kind": kind, **facts}) + "\n")


@dataclass(slots=True)
class _Exchange:
    """A call on its way. `number` counts posts from 1."""

    request: web.Request
    method: str
    channel: str | None = None
    token: Token | None = None
    has_blocks: bool = False
    number: int = 0


# ---- HTTP ----


async def _read(request: web.Request) -> tuple[str | None, dict[str, object]]:
    """The secret and the arguments, from the query string, a form or JSON."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    bearer = secret.strip() if scheme.lower() == "bearer" else None
    arguments: dict[str, object] = dict(request.query)
    if request.content_type == "application/json":
        arguments |= await _read_json(request)
    elif request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        form = dict(await request.post())
        token = form.pop("token", None)
        arguments |= form
        if bearer is None and isinstance(token, str):
            bearer = token
    elif request.can_read_body:
        raise SlackError("invalid_post_type")
    return bearer, {name: value for name, value in arguments.items() if value is not None}


async def _read_json(request: web.Request) -> dict[str, object]:
    try:
        found = await request.json()
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(found, dict):
        raise SlackError("json_not_object")
    return found


def _json(answer: Mapping[str, object], token: Token | None) -> web.Response:
    headers = {"x-oauth-scopes": ",".join(sorted(token.scopes))} if token else {}
    return web.json_response(answer, headers=headers)


def _limited(retry_after: int) -> web.Response:
    answer = {"ok": False, "error": "ratelimited"}
    return web.json_response(answer, status=429, headers={"Retry-After": str(retry_after)})


def _page(status: int) -> web.Response:
    return web.Response(status=status, text=_WEB_PAGE, content_type="text/html")


async def _half(request: web.Request, answer: Mapping[str, object]) -> web.StreamResponse:
    body = json.dumps(answer).encode()
    response = web.StreamResponse(
        headers={"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(body))}
    )
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return response


def _drop(request: web.Request) -> web.Response:
    """The connection goes; aiohttp wants a response all the same, and does not send it."""
    if request.transport:
        request.transport.abort()
    return web.Response()


# ---- the command ----


def _chances(_: click.Context, __: click.Parameter, given: Sequence[str]) -> dict[Fault, float]:
    try:
        return {Fault(name): float(chance) for name, _, chance in (pair.partition("=") for pair in given)}
    except ValueError as error:
        raise click.BadParameter(f"{error}; known: {', '.join(Fault)}") from error


@click.command()
@click.option("--port", default=0, help="0: any that is free.")
@click.option("--ledger", default="slack-ledger.jsonl", type=click.Path(path_type=Path), show_default=True)
@click.option("--messages-per-second", default=1.0, show_default=True)
@click.option("--burst", default=1, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--fault", "faults", multiple=True, callback=_chances, metavar="NAME=CHANCE")
@click.option("--seconds", multiple=True, callback=_chances, metavar="NAME=SECONDS")
def main(
    port: int,
    ledger: Path,
    messages_per_second: float,
    burst: int,
    seed: int,
    faults: dict[Fault, float],
    seconds: dict[Fault, float],
) -> None:
    """Runs the stand-in until it is interrupted. The token is xoxb-stand-in."""
    stand_in = SlackStandIn(
        port=port,
        ledger=ledger,
        messages_per_second=messages_per_second,
        burst=burst,
        seed=seed,
        faults=faults,
        seconds=seconds,
    )
    asyncio.run(_serve(stand_in))


async def _serve(stand_in: SlackStandIn) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with stand_in:
        click.echo(stand_in.url)
        await stop.wait()


if __name__ == "__main__":
    main()
