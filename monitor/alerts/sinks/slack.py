"""Alerts in Slack, by its Web API.

Every answer becomes one of the outcomes of `model.SendOutcome`; what is neither a clear yes nor a clear no is Unclear.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from monitor.alerts.sink import SLACK
from monitor.alerts.sinks import slack_blocks
from monitor.alerts.sinks.slack_client import (
    LOCKED,
    MAYBE_WRITTEN,
    NEVER_CONNECTED,
    NO_THREAD,
    NOTHING_WRITTEN,
    OUR_MESSAGE,
    RATE_LIMITED,
    REMEDIES,
    UNCLEAR,
    client,
    code_of,
    explain,
    in_words,
    may_pass,
    retry_after_of,
    status_of,
)
from monitor.model import (
    Accepted,
    Delivery,
    FindOutcome,
    Missing,
    NotSent,
    Refused,
    SendOutcome,
    SinkLocked,
    TargetBroken,
    ThreadBroken,
    Unclear,
    Unreadable,
)

EVENT_TYPE = "news_monitor_alert"
LIMIT_PER_CHANNEL = timedelta(seconds=1.05)  # Slack allows one message a second and channel
CLOCK_SKEW = timedelta(hours=1)  # between Slack's clock, which stamps messages, and ours
HISTORY_PAGE = 200
MOST_PAGES = 20


Body = dict[str, Any]


class Names(Protocol):
    """Slack's own id for a channel that the operator calls by name, kept over restarts."""

    async def own_id(self, target: str) -> str | None: ...

    async def save_own_id(self, target: str, own_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SlackSettings:
    token: str
    api_url: str
    timeout: timedelta
    settle_after: timedelta
    interactive: bool = False  # somebody hears what is clicked


class SlackSink:
    """One workspace. Targets are channel ids (C0123456789) or names (#news-alerts)."""

    name = SLACK
    pace = LIMIT_PER_CHANNEL

    def __init__(
        self, settings: SlackSettings, names: Names, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settle_after = settings.settle_after
        self._timeout = settings.timeout.total_seconds()
        self._names = names
        self._clock = clock
        self._session = aiohttp.ClientSession()
        self._client = client(settings.token, api_url=settings.api_url, timeout=settings.timeout, session=self._session)
        self._interactive = settings.interactive

    async def send(self, delivery: Delivery) -> SendOutcome:
        outcome = await self._call(self._client.chat_postMessage, self._arguments(delivery))
        if isinstance(outcome, Accepted):
            await self._learn(delivery, outcome.receipt.partition(":")[0])
        return outcome

    async def _learn(self, delivery: Delivery, channel: str) -> None:
        """What a target's name means now, which a reply does not show."""
        if _parent(delivery) is None:
            await self._names.save_own_id(delivery.target, channel)

    async def edit(self, delivery: Delivery) -> SendOutcome:
        channel, _, ts = (delivery.receipt or "").partition(":")
        arguments = {**self._body(delivery, delivery.sent_at or self._clock()), "channel": channel, "ts": ts}
        return await self._call(self._client.chat_update, arguments)

    async def _call(self, method: Callable[..., Awaitable[AsyncSlackResponse]], arguments: Body) -> SendOutcome:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await method(**arguments)
        except SlackApiError as e:
            return _refusal(e)
        except NEVER_CONNECTED as e:
            return NotSent(f"Slack cannot be reached ({e.os_error.strerror or in_words(e)})")
        except UNCLEAR as e:
            return Unclear(f"Slack's answer did not arrive ({in_words(e)})")
        channel, ts = answer.get("channel"), answer.get("ts")
        if not channel or not ts:
            return Unclear("Slack's answer names no message")
        return Accepted(receipt=f"{channel}:{ts}")

    async def find(self, delivery: Delivery) -> FindOutcome:
        """Look for the delivery's key in the channel (or thread) since before its first attempt."""
        since = delivery.created_at - CLOCK_SKEW
        try:
            async with asyncio.timeout(self._timeout * 3):
                for channel, thread in await self._places(delivery):
                    async for message in self._history(channel, since, thread):
                        if _key_of(message) == delivery.id:
                            await self._learn(delivery, channel)
                            return Accepted(receipt=f"{channel}:{message['ts']}")
        except SlackApiError as e:
            return _history_refusal(e)
        except UNCLEAR as e:
            return Unreadable(f"Slack's history did not arrive ({in_words(e)})")
        return Missing()

    async def check(self, targets: Iterable[str] = ()) -> tuple[str, ...] | None:
        """What is wrong with the token, or with channels that are called by name, in words.

        None when Slack cannot be asked now. Ids are learnt on the way: they are needed to settle a doubtful send.
        """
        try:
            async with asyncio.timeout(self._timeout):
                await self._client.auth_test()
                return tuple([wrong for target in sorted(targets) for wrong in await self._check_channel(target)])
        except SlackApiError as e:
            code = code_of(e)
            return (explain(code),) if code in LOCKED else None
        except UNCLEAR:
            return None

    async def _check_channel(self, target: str) -> tuple[str, ...]:
        if not target.startswith("#") or await self._names.own_id(target):
            return ()
        try:
            found = await self._listed(target)
        except SlackApiError as e:
            if may_pass(e):
                return ()
            return (
                f"the id of {target} cannot be looked up ({code_of(e)}), so a doubtful message there would be sent "
                "twice; add the scope channels:read (private channels: groups:read), or write the channel's id",
            )
        if found is None:
            return (f"{target}: {REMEDIES['channel_not_found']}; its alerts wait",)
        await self._names.save_own_id(target, found)
        return ()

    async def close(self) -> None:
        await self._session.close()

    def _arguments(self, delivery: Delivery) -> Body:
        arguments: Body = {
            **self._body(delivery, self._clock()),
            "channel": delivery.target,
            # Not documented for this method, yet its error list knows it: belt and braces.
            "client_msg_id": str(uuid5(NAMESPACE_URL, f"news-monitor:{delivery.id}")),
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if (parent := _parent(delivery)) is not None:
            # Where that stands: the channel may have been renamed, and its name be another one's by now.
            arguments["channel"], arguments["thread_ts"] = parent
            if delivery.broadcast:
                arguments["reply_broadcast"] = True
        return arguments

    def _body(self, delivery: Delivery, now: datetime) -> Body:
        """What posting and updating have in common."""
        message = delivery.message
        assert message is not None  # noqa: S101 - folded deliveries are never sent
        body: Body = {
            "text": slack_blocks.fallback(message, now),
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": delivery.id}},
            "link_names": False,
            "parse": "none",
        }
        if not delivery.plain:
            body["blocks"] = slack_blocks.blocks(message, key=delivery.id, now=now, buttons=self._interactive)
        return body

    async def _places(self, delivery: Delivery) -> tuple[tuple[str, str | None], ...]:
        """The channels, or the thread in one, where a delivery may stand."""
        parent = _parent(delivery)
        return (parent,) if parent else tuple((id_, None) for id_ in await self._channel_ids(delivery.target))

    async def _channel_ids(self, target: str) -> tuple[str, ...]:
        """Where a message to a target may stand. Every method but chat.postMessage wants Slack's own id.

        A name may be another channel's by now. Where no id can be learnt the name is tried.
        """
        if not target.startswith("#"):
            return (target,)
        known, listed = await self._names.own_id(target), None
        try:
            listed = await self._listed(target)
        except SlackApiError as e:
            if may_pass(e):
                raise
        return tuple(dict.fromkeys(id_ for id_ in (listed, known) if id_)) or (target,)

    async def _listed(self, name: str) -> str | None:
        """The id that Slack lists for a channel's name; None when it lists no such channel."""
        async for channel in self._channels():
            if channel.get("name") == name[1:]:
                return str(channel["id"])
        return None

    async def _channels(self) -> AsyncIterator[dict[str, Any]]:
        cursor = ""
        for _ in range(MOST_PAGES):
            page = await self._client.conversations_list(
                exclude_archived=False,
                limit=HISTORY_PAGE,
                types="public_channel,private_channel",
                cursor=cursor,
            )
            for channel in page.get("channels") or []:
                yield channel
            cursor = _next_cursor(page)
            if not cursor:
                return

    async def _history(self, channel: str, since: datetime, thread: str | None) -> AsyncIterator[dict[str, Any]]:
        """Newest first. A thread's replies are not in the channel's history, so they are read there."""
        cursor = ""
        for _ in range(MOST_PAGES):
            options: dict[str, Any] = {
                "channel": channel,
                "oldest": f"{since.timestamp():.6f}",
                "limit": HISTORY_PAGE,
                "include_all_metadata": True,
            }
            if cursor:
                options["cursor"] = cursor
            if thread:
                page = await self._client.conversations_replies(ts=thread, **options)
            else:
                page = await self._client.conversations_history(**options)
            for message in page.get("messages") or []:
                yield message
            cursor = _next_cursor(page)
            if not cursor:
                return
        raise ValueError(f"more than {MOST_PAGES} pages")


def _parent(delivery: Delivery) -> tuple[str, str] | None:
    """The channel and the time stamp of the message that it answers."""
    if not delivery.thread_of or not delivery.thread_receipt:
        return None
    channel, _, ts = delivery.thread_receipt.rpartition(":")
    return channel, ts


def _key_of(message: Mapping[str, Any]) -> str | None:
    """The key travels twice: in the metadata and in the first block's id, should the metadata not be shown to us."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    if payload.get("key"):
        return str(payload["key"])
    for block in message.get("blocks") or []:
        prefix, _, key = str(block.get("block_id", "")).partition(":")
        if prefix == "news-monitor":
            return key
    return None


def _refusal(error: SlackApiError) -> SendOutcome:
    code, status = code_of(error), status_of(error)
    if status == 429 or code in RATE_LIMITED:
        return NotSent("Slack asked us to slow down", retry_after_of(error))
    if code in NOTHING_WRITTEN:
        return NotSent(explain(code))
    if code is None or code in MAYBE_WRITTEN or (status is not None and status >= 500):
        return Unclear(f"Slack had an error of its own ({code or status})")
    if code in LOCKED:
        return SinkLocked(explain(code))
    if code in NO_THREAD:
        return ThreadBroken(explain(code))
    if code in OUR_MESSAGE:
        return Refused(explain(code))
    return TargetBroken(explain(code))


def _history_refusal(error: SlackApiError) -> FindOutcome:
    code, status = code_of(error), status_of(error)
    if status == 429 or code in RATE_LIMITED:
        return Unreadable("Slack asked us to slow down", retry_after=retry_after_of(error))
    if code in NO_THREAD:
        return Missing()
    return Unreadable(explain(code or str(status)), lasting=not may_pass(error))


def _next_cursor(page: Any) -> str:
    return (page.get("response_metadata") or {}).get("next_cursor") or ""
