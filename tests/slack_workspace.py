"""A Slack workspace in memory: who may do what, the channels and what stands in them. Knows no HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.slack_blocks import Json

JITTER = 0.05  # seconds by which a client that paces itself may come early

ALL_SCOPES = frozenset(
    {"chat:write", "channels:read", "groups:read", "channels:history", "groups:history"}
)  # what the app's manifest asks for


@dataclass(frozen=True, slots=True)
class Token:
    """What a token may do, and as whom."""

    scopes: frozenset[str] = ALL_SCOPES
    bot_id: str = "B0NEWS"
    user_id: str = "U0NEWS"
    revoked: bool = False
    is_app: bool = False  # an app-level token (xapp-): good for connections, and for nothing else


@dataclass(frozen=True, slots=True)
class Channel:
    """`member`: whether the bots are in it."""

    id: str
    name: str
    private: bool = False
    archived: bool = False
    member: bool = True

    @property
    def family(self) -> str:
        """The first half of the scopes that it takes."""
        return "groups" if self.private else "channels"


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it stands in its channel."""

    channel: str
    ts: str
    text: str
    blocks: tuple[Json, ...]
    metadata: Json | None
    thread_ts: str | None
    client_msg_id: str | None
    bot_id: str
    user_id: str
    edited_ts: str | None = None
    broadcast: bool = False  # a reply that stands in the channel too


class Workspace:
    """Tokens, channels and messages. Time stamps strictly increase over the whole workspace."""

    def __init__(self, tokens: Mapping[str, Token], channels: Sequence[Channel]) -> None:
        self.tokens = dict(tokens)
        self.channels = {channel.id: channel for channel in channels}
        self.journal: list[Message] = []  # every message as it was posted, and again after every edit
        self._messages: dict[str, Message] = {}  # by time stamp
        self._hidden_until: dict[str, float] = {}
        self._last_stamp = 0

    def channel(self, name_or_id: str) -> Channel | None:
        if name_or_id in self.channels:
            return self.channels[name_or_id]
        name = name_or_id.removeprefix("#")
        return next((channel for channel in self.channels.values() if channel.name == name), None)

    def stamp(self) -> str:
        self._last_stamp = max(time.time_ns() // 1_000, self._last_stamp + 1)
        return f"{self._last_stamp // 1_000_000}.{self._last_stamp % 1_000_000:06d}"

    def put(self, message: Message) -> None:
        self._messages[message.ts] = message
        self.journal.append(message)

    def delete(self, channel: str, ts: str) -> None:
        if self.find(channel, ts) is None:
            raise LookupError(f"no message {ts} in {channel}")
        del self._messages[ts]

    def hide(self, since: str, *, seconds: float) -> None:
        """Messages from this time stamp on are not read back for a while."""
        until = time.monotonic() + seconds
        self._hidden_until |= {ts: until for ts in self._messages if microseconds(ts) >= microseconds(since)}

    def find(self, channel: str, ts: str) -> Message | None:
        message = self._messages.get(ts)
        return message if message and message.channel == channel else None

    def messages(self, channel: str | None = None) -> tuple[Message, ...]:
        """Everything that was taken and not deleted, oldest first, replies and hidden messages too."""
        wanted = [message for message in self._messages.values() if channel is None or channel == message.channel]
        return tuple(sorted(wanted, key=lambda message: microseconds(message.ts)))

    def shown(self, channel: str, *, thread_ts: str | None) -> tuple[Message, ...]:
        """What a reader sees of the channel (no thread) or below a parent, oldest first."""
        now = time.monotonic()
        return tuple(
            message
            for message in self.messages(channel)
            if (message.thread_ts == thread_ts or (thread_ts is None and message.broadcast))
            and self._hidden_until.get(message.ts, now) <= now
        )


def microseconds(ts: str) -> int:
    """Raises ValueError for what is not a time stamp of Slack's."""
    whole, _, part = ts.partition(".")
    if not (whole + part).isdecimal() or not whole.isascii() or not part.isascii() or len(part) > 6:
        raise ValueError(f"not a time stamp: {ts!r}")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0"))


class Bucket:
    """How many messages a channel takes: `burst` at once, then `per_second`."""

    def __init__(self, *, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._level = float(burst)
        self._filled_at = time.monotonic()

    def wait(self) -> float:
        """Seconds until a message may be posted; 0 for now."""
        self._fill()
        wait = (1 - self._level) / self._per_second
        return wait if wait > JITTER else 0.0

    def take(self) -> None:
        self._fill()
        self._level -= 1

    def _fill(self) -> None:
        now = time.monotonic()
        gained = (now - self._filled_at) * self._per_second
        self._level = min(self._burst, self._level + gained)
        self._filled_at = now


def with_block_ids(message: Message) -> list[Json]:
    """Slack names the blocks that came without a name."""
    return [{"block_id": f"{message.ts[-4:]}{position}", **block} for position, block in enumerate(message.blocks)]
