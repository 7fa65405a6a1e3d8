"""The methods of Slack's Web API as functions over a workspace. Knows no HTTP and no faults.

A call is prepared first (everything that Slack would check) and done afterwards, so that a fault can come
between. Slack ignores arguments it does not know; here they are refused, so that a misspelt one shows.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from typing import NoReturn

from tests import slack_blocks, slack_mrkdwn
from tests.slack_blocks import Json
from tests.slack_mrkdwn import Link
from tests.slack_socket_mode import SocketMode
from tests.slack_workspace import (
    JITTER,
    Bucket,
    Channel,
    Message,
    Token,
    Workspace,
    microseconds,
    with_block_ids,
)

TEXT_TRUNCATED = 40_000
TEXT_SPLIT = 4_000  # plain text beyond it becomes several messages (slackapi/bolt-python#764)
UPDATE_TEXT = 4_000
MARKDOWN_TEXT = 12_000
METADATA = 1_024  # Slack does not publish its limit; this is what the project allows itself
CLIENT_MSG_ID = 255
PAGE = 999

_LATER = 2**63  # microseconds: after every message

POST_SCOPE = "chat:write"
BODY = frozenset({"channel", "text", "blocks", "metadata", "markdown_text", "link_names", "parse"})
WINDOW = frozenset({"channel", "cursor", "limit", "oldest", "latest", "inclusive", "include_all_metadata"})
ARGUMENTS: Mapping[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "apps.connections.open": frozenset(),
    "views.open": frozenset({"trigger_id", "view"}),
    "chat.postMessage": BODY
    | {"thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media", "mrkdwn", "client_msg_id"},
    "chat.update": BODY | {"ts"},
    "conversations.history": WINDOW,
    "conversations.replies": WINDOW | {"ts"},
    "conversations.info": frozenset({"channel", "include_num_members", "include_locale"}),
    "conversations.list": frozenset({"cursor", "limit", "types", "exclude_archived"}),
}


class SlackError(Exception):
    """Slack's `ok: false`."""

    def __init__(self, error: str, *details: str, **fields: object) -> None:
        super().__init__(error)
        self.error = error
        self.answer: dict[str, object] = {"ok": False, "error": error, **fields}
        if details:
            self.answer["errors"] = list(details)
            self.answer["response_metadata"] = {"messages": [f"[ERROR] {detail}" for detail in details]}


class RateLimitError(Exception):
    """Slack's 429, with the whole seconds of its Retry-After."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Call:
    """A call that Slack would grant. `do` does it and returns the answer."""

    do: Callable[[], dict[str, object]]
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class _Body:
    """What a message says, as checked."""

    text: str | None
    blocks: tuple[Json, ...] | None
    metadata: Json | None
    truncated: bool
    link_names: bool
    bare_links: bool


class Api:
    """Slack's methods, and what a test may ask of them afterwards."""

    def __init__(
        self, workspace: Workspace, socket_mode: SocketMode, *, messages_per_second: float, burst: int
    ) -> None:
        self._workspace = workspace
        self._socket_mode = socket_mode
        self.socket_url = ""
        self._buckets = defaultdict[str, Bucket](lambda: Bucket(per_second=messages_per_second, burst=burst))
        self._closed_until: dict[str, float] = {}
        self.posts_while_limited = 0
        self.mentions: list[str] = []
        self.links: list[Link] = []

    def token(self, given: str | None) -> Token:
        if not given:
            raise SlackError("not_authed")
        token = self._workspace.tokens.get(given)
        if token is None:
            raise SlackError("invalid_auth")
        if token.revoked:
            raise SlackError("token_revoked")
        return token

    def prepare(self, method: str, token: Token, arguments: Mapping[str, object]) -> Call:
        """Raises SlackError or RateLimitError, and has then changed nothing."""
        unknown = sorted(arguments.keys() - ARGUMENTS[method])
        if unknown:
            raise SlackError("invalid_arguments", *(f"unknown argument: {name}" for name in unknown))
        if token.is_app is not (method == "apps.connections.open"):
            raise SlackError("not_allowed_token_type")
        prepare: Mapping[str, Callable[[Token, Arguments], Call]] = {
            "auth.test": self._auth_test,
            "apps.connections.open": self._connect,
            "views.open": self._open_view,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.info": self._info,
            "conversations.list": self._list,
        }
        return prepare[method](token, Arguments(arguments))

    def close(self, channel: Channel, *, seconds: float) -> None:
        """The client has been told to leave a channel alone; what it posts before that is counted."""
        self._closed_until[channel.id] = time.monotonic() + seconds

    # ---- auth ----

    def _auth_test(self, token: Token, _: Arguments) -> Call:
        where = {"url": "https://desk.slack.com/", "team": "Desk", "team_id": "T0DESK"}
        who = {"user": "news-monitor", "user_id": token.user_id, "bot_id": token.bot_id}
        return Call(lambda: {"ok": True, **where, **who})

    # ---- people ----

    def _connect(self, token: Token, _: Arguments) -> Call:
        _need(token, "connections:write")
        return Call(lambda: {"ok": True, "url": f"{self.socket_url}?ticket={self._socket_mode.ticket()}"})

    def _open_view(self, _: Token, arguments: Arguments) -> Call:
        trigger_id = arguments.text("trigger_id")
        view = arguments.parsed("view", error="invalid_arguments")
        error = self._socket_mode.view_error(trigger_id, view)
        if error or not isinstance(view, dict):
            raise SlackError(error or "invalid_arguments")

        def show() -> dict[str, object]:
            self._socket_mode.show_view(trigger_id, view)
            return {"ok": True, "view": {"id": "V0NEWS", "type": "modal"}}

        return Call(show)

    # ---- chat ----

    def _post(self, token: Token, arguments: Arguments) -> Call:
        _need(token, POST_SCOPE)
        channel = self._target(arguments)
        body = _body(arguments)
        if not (body.text or body.blocks):
            raise SlackError("no_text")
        thread_ts = self._parent(channel, arguments.optional_text("thread_ts"))
        for name in ("unfurl_links", "unfurl_media", "mrkdwn"):
            arguments.flag(name)
        broadcast = arguments.flag("reply_broadcast")
        if broadcast and thread_ts is None:
            raise SlackError("invalid_arguments", "reply_broadcast needs a thread_ts")
        client_msg_id = arguments.optional_text("client_msg_id")
        if len(client_msg_id or "") > CLIENT_MSG_ID:
            raise SlackError("invalid_arguments", "client_msg_id is too long")
        self._pace(channel)
        draft = Message(
            channel=channel.id,
            ts="",
            text=body.text or "",
            blocks=body.blocks or (),
            metadata=body.metadata or None,
            thread_ts=thread_ts,
            broadcast=broadcast,
            client_msg_id=client_msg_id,
            bot_id=token.bot_id,
            user_id=token.user_id,
        )
        return Call(partial(self._take, draft, body), channel)

    def _target(self, arguments: Arguments) -> Channel:
        channel = self._workspace.channel(arguments.text("channel"))
        if channel is None or (channel.private and not channel.member):
            raise SlackError("channel_not_found")
        if channel.archived:
            raise SlackError("is_archived")
        if not channel.member:
            raise SlackError("not_in_channel")
        return channel

    def _parent(self, channel: Channel, thread_ts: str | None) -> str | None:
        if thread_ts is None:
            return None
        try:
            microseconds(thread_ts)
        except ValueError:
            raise SlackError("invalid_thread_ts", f"{thread_ts} is not a valid thread_ts") from None
        parent = self._workspace.find(channel.id, thread_ts)
        if parent is None:
            raise SlackError("thread_not_found")
        if parent.thread_ts:
            raise SlackError("cannot_reply_to_message")
        return thread_ts

    def _pace(self, channel: Channel) -> None:
        if time.monotonic() + JITTER < self._closed_until.get(channel.id, 0):
            self.posts_while_limited += 1
        wait = self._buckets[channel.id].wait()
        if wait:
            retry_after = max(1, ceil(wait))
            self.close(channel, seconds=retry_after)
            raise RateLimitError(retry_after)

    def _take(self, draft: Message, body: _Body) -> dict[str, object]:
        self._buckets[draft.channel].take()
        texts = [draft.text] if draft.blocks else _pieces(draft.text)
        taken = [replace(draft, ts=self._workspace.stamp(), text=text) for text in texts]
        for message in taken:
            self._workspace.put(message)
        self._notify(taken[0].blocks, draft.text, body)
        return {
            "ok": True,
            "channel": draft.channel,
            "ts": taken[0].ts,
            "message": _as_json(taken[0], metadata=True),
            **({"warning": "message_truncated"} if body.truncated else {}),
        }

    def _update(self, token: Token, arguments: Arguments) -> Call:
        _need(token, POST_SCOPE)
        channel = self._channel(arguments)
        message = self._workspace.find(channel.id, arguments.text("ts"))
        if message is None:
            raise SlackError("message_not_found")
        if message.bot_id != token.bot_id:
            raise SlackError("cant_update_message")
        if channel.archived:
            raise SlackError("is_inactive")
        body = _body(arguments)
        if len(body.text or "") > UPDATE_TEXT:
            raise SlackError("msg_too_long")
        # What an update does not name stays as it was; empty blocks or metadata take it away.
        changed = replace(
            message,
            text=message.text if body.text is None else body.text,
            blocks=message.blocks if body.blocks is None else body.blocks,
            metadata=message.metadata if body.metadata is None else body.metadata or None,
        )
        if (body.text is None and body.blocks is None) or not (changed.text or changed.blocks):
            raise SlackError("no_text")
        return Call(partial(self._change, changed, body), channel)

    def _change(self, changed: Message, body: _Body) -> dict[str, object]:
        changed = replace(changed, edited_ts=self._workspace.stamp())
        self._workspace.put(changed)
        self._notify(changed.blocks, changed.text, body)
        return {
            "ok": True,
            "channel": changed.channel,
            "ts": changed.ts,
            "text": changed.text,
            "message": _as_json(changed, metadata=True),
        }

    def _notify(self, blocks: tuple[Json, ...], text: str, body: _Body) -> None:
        self.mentions += slack_mrkdwn.mentions(text, blocks, link_names=body.link_names)
        self.links += slack_mrkdwn.links(text, blocks, bare=body.bare_links)

    # ---- conversations ----

    def _channel(self, arguments: Arguments) -> Channel:
        """By id only: a name will do for chat.postMessage and nowhere else."""
        channel = self._workspace.channels.get(arguments.text("channel"))
        if channel is None or (channel.private and not channel.member):
            raise SlackError("channel_not_found")
        return channel

    def _readable(self, token: Token, arguments: Arguments) -> Channel:
        _need_any(token, "channels:history", "groups:history")
        channel = self._channel(arguments)
        _need(token, f"{channel.family}:history")
        if not channel.member:
            raise SlackError("not_in_channel")
        return channel

    def _history(self, token: Token, arguments: Arguments) -> Call:
        channel = self._readable(token, arguments)
        window = _window(arguments)

        def read() -> dict[str, object]:
            shown = [m for m in self._workspace.shown(channel.id, thread_ts=None) if window.holds(m.ts)]
            newest_first = [m for m in reversed(shown) if window.place is None or microseconds(m.ts) < window.place]
            page, rest = newest_first[: window.limit], newest_first[window.limit :]
            return _page(page, next_cursor=_cursor("next_ts", page[-1].ts) if rest else "", window=window)

        return Call(read, channel)

    def _replies(self, token: Token, arguments: Arguments) -> Call:
        channel = self._readable(token, arguments)
        parent = self._workspace.find(channel.id, arguments.text("ts"))
        if parent is None:
            raise SlackError("thread_not_found")
        window = _window(arguments)

        def read() -> dict[str, object]:
            shown = [m for m in self._workspace.shown(channel.id, thread_ts=parent.ts) if window.holds(m.ts)]
            oldest_first = [m for m in shown if window.place is None or microseconds(m.ts) > window.place]
            page, rest = oldest_first[: window.limit], oldest_first[window.limit :]
            cursor = _cursor("next_ts", page[-1].ts) if rest else ""
            return _page([parent, *page], next_cursor=cursor, window=window)

        return Call(read, channel)

    def _info(self, token: Token, arguments: Arguments) -> Call:
        _need_any(token, "channels:read", "groups:read")
        channel = self._channel(arguments)
        _need(token, f"{channel.family}:read")
        return Call(lambda: {"ok": True, "channel": _channel_json(channel)}, channel)

    def _list(self, token: Token, arguments: Arguments) -> Call:
        types = set((arguments.optional_text("types") or "public_channel").split(","))
        if not types <= {"public_channel", "private_channel"}:
            raise SlackError("invalid_types")
        if "public_channel" in types:
            _need(token, "channels:read")
        if "private_channel" in types:
            _need(token, "groups:read")
        with_archived = not arguments.flag("exclude_archived")
        after = _read_cursor(arguments.optional_text("cursor"), "channel") or ""
        limit = arguments.number("limit", default=100, most=PAGE)
        listed = sorted(
            (
                channel
                for channel in self._workspace.channels.values()
                if ("private_channel" if channel.private else "public_channel") in types
                and (channel.member or not channel.private)
                and (with_archived or not channel.archived)
                and channel.id > after
            ),
            key=lambda channel: channel.id,
        )
        page, rest = listed[:limit], listed[limit:]
        answer = {
            "ok": True,
            "channels": [_channel_json(channel) for channel in page],
            "response_metadata": {"next_cursor": _cursor("channel", page[-1].id) if rest else ""},
        }
        return Call(lambda: answer)


# ---- arguments ----


class Arguments:
    """Typed access. From a form everything is text, from JSON it must be what Slack documents."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        value = self.optional_text(name)
        if not value:
            raise SlackError("invalid_arguments", f"missing required field: {name}")
        return value

    def optional_text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            self._complain(name, "must be a string")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._values.get(name, default)
        if isinstance(value, bool):
            return value
        if value not in ("1", "true", "0", "false"):
            self._complain(name, "must be a boolean")
        return value in ("1", "true")

    def number(self, name: str, *, default: int, most: int) -> int:
        text = str(self._values.get(name, default))
        if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= most):
            self._complain(name, f"must be a whole number from 1 to {most}")
        return int(text)

    def parsed(self, name: str, *, error: str) -> object | None:
        """JSON as such, or as text within a form. `error`: what Slack says when it is not JSON."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        try:
            found: object = json.loads(value)
        except ValueError:
            raise SlackError(error) from None
        return found

    def _complain(self, name: str, what: str) -> NoReturn:
        raise SlackError("invalid_arguments", f"{what} [json-pointer:/{name}]")


def _body(arguments: Arguments) -> _Body:
    text = arguments.optional_text("text")
    blocks = _blocks(arguments)
    metadata = _metadata(arguments)
    markdown = arguments.optional_text("markdown_text")
    if markdown is not None:
        if text is not None or blocks is not None:
            raise SlackError("markdown_text_conflict")
        if len(markdown) > MARKDOWN_TEXT:
            raise SlackError("msg_too_long")
        text = markdown
    if text is not None and not text.strip():
        text = ""
    parse = arguments.optional_text("parse")
    if parse not in {None, "none", "full"}:
        raise SlackError("invalid_arguments", "must be one of: none, full [json-pointer:/parse]")
    return _Body(
        text=None if text is None else text[:TEXT_TRUNCATED],
        blocks=blocks,
        metadata=metadata,
        truncated=len(text or "") > TEXT_TRUNCATED,
        link_names=arguments.flag("link_names") or parse == "full",
        bare_links=parse != "none",
    )


def _blocks(arguments: Arguments) -> tuple[Json, ...] | None:
    blocks = arguments.parsed("blocks", error="invalid_blocks_format")
    if blocks is None or blocks == []:
        return None if blocks is None else ()
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    problems = slack_blocks.problems(blocks)
    if problems:
        raise SlackError("invalid_blocks", *problems)
    if slack_blocks.text_length(blocks) > slack_blocks.ALL_TEXT:
        raise SlackError("msg_blocks_too_long")
    return tuple(blocks)


def _metadata(arguments: Arguments) -> Json | None:
    metadata = arguments.parsed("metadata", error="invalid_metadata_format")
    if metadata is None or metadata == {}:
        return None if metadata is None else {}
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    event_type, payload = metadata.get("event_type"), metadata.get("event_payload")
    if metadata.keys() != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_schema", "only event_type and event_payload, both")
    if not isinstance(event_type, str) or not event_type or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_schema", "event_type must be a string, event_payload an object")
    if len(json.dumps(metadata)) > METADATA:
        raise SlackError("metadata_too_large")
    return metadata


def _need(token: Token, scope: str) -> None:
    _need_any(token, scope)


def _need_any(token: Token, *scopes: str) -> None:
    if not token.scopes & set(scopes):
        raise missing_scope(token.scopes, needed=scopes)


def missing_scope(provided: Iterable[str], *, needed: Iterable[str]) -> SlackError:
    return SlackError("missing_scope", needed=",".join(needed), provided=",".join(sorted(provided)))


# ---- pages ----


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of history, in microseconds, and how far a reader has come in it."""

    oldest: int
    latest: int
    inclusive: bool
    limit: int
    place: int | None  # from the cursor: where the last page ended
    metadata: bool

    def holds(self, ts: str) -> bool:
        at = microseconds(ts)
        return self.oldest < at < self.latest or (self.inclusive and at in {self.oldest, self.latest})


def _window(arguments: Arguments) -> _Window:
    return _Window(
        oldest=_time(arguments, "oldest", default=-1),
        latest=_time(arguments, "latest", default=_LATER),
        inclusive=arguments.flag("inclusive"),
        limit=arguments.number("limit", default=100, most=PAGE),
        place=_place(arguments),
        metadata=arguments.flag("include_all_metadata"),
    )


def _time(arguments: Arguments, name: str, *, default: int) -> int:
    value = arguments.optional_text(name)
    if not value:
        return default
    try:
        return microseconds(value)
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None


def _place(arguments: Arguments) -> int | None:
    place = _read_cursor(arguments.optional_text("cursor"), "next_ts")
    try:
        return microseconds(place) if place else None
    except ValueError:
        raise SlackError("invalid_cursor") from None


def _cursor(kind: str, place: str) -> str:
    return b64encode(f"{kind}:{place}".encode()).decode()


def _read_cursor(cursor: str | None, kind: str) -> str | None:
    if not cursor:
        return None
    try:
        found, _, place = b64decode(cursor, validate=True).decode().partition(":")
    except ValueError:
        raise SlackError("invalid_cursor") from None
    if found != kind or not place:
        raise SlackError("invalid_cursor")
    return place


def _page(messages: list[Message], *, next_cursor: str, window: _Window) -> dict[str, object]:
    return {
        "ok": True,
        "messages": [_as_json(message, metadata=window.metadata) for message in messages],
        "has_more": bool(next_cursor),
        "response_metadata": {"next_cursor": next_cursor},
    }


# ---- what Slack shows ----


def _pieces(text: str) -> list[str]:
    return [text[start : start + TEXT_SPLIT] for start in range(0, len(text), TEXT_SPLIT)]


def _as_json(message: Message, *, metadata: bool) -> dict[str, object]:
    """As in history. Slack does not give a bot's `client_msg_id` back."""
    shown: dict[str, object] = {
        "type": "message",
        "user": message.user_id,
        "bot_id": message.bot_id,
        "ts": message.ts,
        "text": message.text,
    }
    if message.blocks:
        shown["blocks"] = with_block_ids(message)
    if message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    if message.edited_ts:
        shown["edited"] = {"user": message.user_id, "ts": message.edited_ts}
    if metadata and message.metadata:
        shown["metadata"] = message.metadata
    return shown


def _channel_json(channel: Channel) -> dict[str, object]:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": not channel.private,
        "is_private": channel.private,
        "is_archived": channel.archived,
        "is_member": channel.member,
    }
