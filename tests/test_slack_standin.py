"""The stand-in keeps Slack's contract, and its faults do what they say. Driven by slack-sdk over sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from tests.slack_api import Api
from tests.slack_socket_mode import SocketMode
from tests.slack_standin import APP_TOKEN, TOKEN, Channel, Fault, Link, Message, SlackStandIn, Token
from tests.slack_workspace import ALL_SCOPES, Workspace, microseconds

METADATA = {"event_type": "news_alert", "event_payload": {"k": "1"}}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "Tanks near the border"}}
CHANNELS = (
    Channel("C0ALERTS", "news-alerts"),
    Channel("C0OPEN", "elsewhere", member=False),
    Channel("C0OLD", "closed", archived=True),
    Channel("G0DESK", "desk", private=True),
    Channel("G0SECRET", "secret", private=True, member=False),
)


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn(channels=CHANNELS, messages_per_second=1_000) as slack:
        yield slack


def client(slack: SlackStandIn, *, token: str | None = TOKEN, timeout: float = 10) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=slack.url, retry_handlers=[], timeout=timeout)  # type: ignore[arg-type]


async def post(slack: SlackStandIn, text: str = "news", **more: Any) -> str:
    answer = await client(slack).chat_postMessage(**{"channel": "C0ALERTS", "text": text, **more})
    return str(answer["ts"])


async def refusal(call: Awaitable[AsyncSlackResponse]) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await call
    assert isinstance(caught.value.response, AsyncSlackResponse)
    answer = caught.value.response.data
    assert isinstance(answer, dict)
    return answer


async def error(call: Awaitable[AsyncSlackResponse]) -> str:
    return str((await refusal(call))["error"])


# ---- who may call ----


async def test_an_app_token_is_good_for_connections_only(slack: SlackStandIn) -> None:
    """And a bot token for everything else."""
    assert "not_allowed_token_type" == await error(client(slack, token=APP_TOKEN).auth_test())
    assert "not_allowed_token_type" == await error(client(slack).apps_connections_open(app_token=TOKEN))


async def test_who_am_i(slack: SlackStandIn) -> None:
    """auth.test names the bot, and every answer names the token's scopes."""
    answer = await client(slack).auth_test()
    assert answer["bot_id"] == "B0NEWS"
    assert ",".join(sorted(ALL_SCOPES)) == answer.headers["x-oauth-scopes"]


@pytest.mark.parametrize(
    ("token", "expected"),
    [(None, "not_authed"), ("xoxb-wrong", "invalid_auth"), ("xoxb-old", "token_revoked")],
)
async def test_tokens(slack: SlackStandIn, token: str | None, expected: str) -> None:
    """A token that does not work is refused with the reason."""
    slack.set_token("xoxb-old", Token(revoked=True))
    assert await error(client(slack, token=token).auth_test()) == expected


async def test_scopes(slack: SlackStandIn) -> None:
    """A token does what its scopes allow; the refusal tells what is needed."""
    slack.set_token("xoxb-mute", Token(scopes=frozenset({"channels:history"})))
    mute = client(slack, token="xoxb-mute")
    answer = await refusal(mute.chat_postMessage(channel="C0ALERTS", text="news"))
    assert answer == {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "channels:history"}
    assert await error(mute.conversations_history(channel="G0DESK")) == "missing_scope"
    assert await error(mute.conversations_info(channel="C0ALERTS")) == "missing_scope"
    assert await error(mute.conversations_list()) == "missing_scope"
    assert (await mute.conversations_history(channel="C0ALERTS"))["ok"]


async def test_no_such_method(slack: SlackStandIn) -> None:
    """A method that is not there says so."""
    assert await error(client(slack).api_call("chat.shout")) == "unknown_method"


# ---- where to ----


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("#nowhere", "channel_not_found"),
        ("G0SECRET", "channel_not_found"),
        ("C0OPEN", "not_in_channel"),
        ("C0OLD", "is_archived"),
    ],
)
async def test_channels_that_take_no_message(slack: SlackStandIn, channel: str, expected: str) -> None:
    """A private channel without the bot might as well not exist."""
    assert await error(client(slack).chat_postMessage(channel=channel, text="news")) == expected


@pytest.mark.parametrize("channel", ["C0ALERTS", "#news-alerts", "news-alerts"])
async def test_a_post_may_name_its_channel(slack: SlackStandIn, channel: str) -> None:
    """chat.postMessage takes ids and names, and answers with the id."""
    assert (await client(slack).chat_postMessage(channel=channel, text="news"))["channel"] == "C0ALERTS"


async def test_everything_else_takes_ids(slack: SlackStandIn) -> None:
    """A name is no channel to the other methods."""
    ts = await post(slack)
    for call in (
        client(slack).chat_update(channel="#news-alerts", ts=ts, text="more"),
        client(slack).conversations_history(channel="news-alerts"),
        client(slack).conversations_replies(channel="#news-alerts", ts=ts),
        client(slack).conversations_info(channel="#news-alerts"),
    ):
        assert await error(call) == "channel_not_found"


async def test_channel_info(slack: SlackStandIn) -> None:
    """The start-up check sees whether the bot is in and the channel is open."""
    slack.set_channel(Channel("C0ALERTS", "news-alerts", archived=True))
    for id_, archived, member in (("C0ALERTS", True, True), ("C0OPEN", False, False)):
        info = (await client(slack).conversations_info(channel=id_))["channel"]
        assert (archived, member) == (info["is_archived"], info["is_member"])


async def test_channel_list_in_pages(slack: SlackStandIn) -> None:
    """A cursor leads on; private channels show only where the bot is."""
    seen: list[str] = []
    cursor = ""
    while not seen or cursor:
        answer = await client(slack).conversations_list(
            types="public_channel,private_channel", exclude_archived=True, limit=2, cursor=cursor
        )
        seen += [channel["id"] for channel in answer["channels"]]
        cursor = answer["response_metadata"]["next_cursor"]
    assert seen == ["C0ALERTS", "C0OPEN", "G0DESK"]


# ---- what is said ----


async def test_a_message_is_kept_as_sent(slack: SlackStandIn) -> None:
    """The truth holds text, blocks, metadata, thread and the client's key."""
    parent = await post(slack)
    ts = await post(
        slack, blocks=[SECTION], metadata=METADATA, thread_ts=parent, client_msg_id="key", unfurl_links=False
    )
    (_, message) = slack.messages("#news-alerts")
    assert message == Message(
        channel="C0ALERTS",
        ts=ts,
        text="news",
        blocks=(SECTION,),
        metadata=METADATA,
        thread_ts=parent,
        client_msg_id="key",
        bot_id="B0NEWS",
        user_id="U0NEWS",
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "no_text"),
        ({"text": " "}, "no_text"),
        ({"text": "", "blocks": []}, "no_text"),
        ({"blocks": [{"type": "header"}]}, "invalid_blocks"),
        ({"blocks": "[{"}, "invalid_blocks_format"),
        ({"blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"blocks": [{**SECTION, "text": {"type": "mrkdwn", "text": "x" * 2_601}}] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "markdown_text": "x"}, "markdown_text_conflict"),
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"text": "x", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "x", "metadata": [1]}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_schema"),
        ({"text": "x", "metadata": {**METADATA, "more": 1}}, "invalid_metadata_schema"),
        ({"text": "x", "metadata": {**METADATA, "event_payload": "k"}}, "invalid_metadata_schema"),
        ({"text": "x", "metadata": {**METADATA, "event_payload": {"k": "x" * 1_024}}}, "metadata_too_large"),
        ({"text": "x", "thread_ts": "yesterday"}, "invalid_thread_ts"),
        ({"text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"text": 5}, "invalid_arguments"),
        ({"text": "x", "thread_ts": 1.5}, "invalid_arguments"),
        ({"text": "x", "unfurl_links": "never"}, "invalid_arguments"),
        ({"text": "x", "parse": "some"}, "invalid_arguments"),
        ({"text": "x", "unfurl_link": False}, "invalid_arguments"),
    ],
)  # fmt: skip
async def test_bodies_that_slack_refuses(slack: SlackStandIn, body: dict[str, Any], expected: str) -> None:
    """Nothing of a refused message is kept."""
    call = client(slack).api_call("chat.postMessage", json={"channel": "C0ALERTS", **body})
    assert await error(call) == expected
    assert slack.messages() == ()
    assert [(r.method, r.ok, r.error) for r in slack.requests] == [("chat.postMessage", False, expected)]


async def test_a_channel_is_required(slack: SlackStandIn) -> None:
    """What is missing is named."""
    answer = await refusal(client(slack).api_call("chat.postMessage", json={"text": "news"}))
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


async def test_block_problems_are_told(slack: SlackStandIn) -> None:
    """invalid_blocks comes with the list of what is wrong and where."""
    answer = await refusal(client(slack).chat_postMessage(channel="C0ALERTS", text="x", blocks=[{"type": "header"}]))
    problem = "missing required field: text [json-pointer:/blocks/0]"
    assert answer["errors"] == [problem]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {problem}"]


async def test_no_answer_to_an_answer(slack: SlackStandIn) -> None:
    """Threads are one level deep, and a deleted parent takes no replies."""
    parent = await post(slack)
    reply = await post(slack, thread_ts=parent)
    call = client(slack).chat_postMessage
    assert await error(call(channel="C0ALERTS", text="x", thread_ts=reply)) == "cannot_reply_to_message"
    slack.delete(slack.messages()[0])
    assert await error(call(channel="C0ALERTS", text="x", thread_ts=parent)) == "thread_not_found"


async def test_forms(slack: SlackStandIn) -> None:
    """A form carries JSON as text, and may carry the token."""
    form = {
        "token": TOKEN,
        "channel": "C0ALERTS",
        "blocks": json.dumps([SECTION]),
        "metadata": json.dumps(METADATA),
        "unfurl_links": "false",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{slack.url}chat.postMessage", data=form) as answer,
    ):
        assert (answer.status, (await answer.json())["ok"]) == (200, True)
    assert [(message.blocks, message.metadata) for message in slack.messages()] == [((SECTION,), METADATA)]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"\xff", "application/json", "invalid_json"),
        (b"[]", "application/json", "json_not_object"),
        (b"{}", "text/csv", "invalid_post_type"),
    ],
)
async def test_bodies_that_cannot_be_read(slack: SlackStandIn, body: bytes, content_type: str, expected: str) -> None:
    """A refusal is a 200 all the same."""
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {TOKEN}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{slack.url}chat.postMessage", data=body) as answer,
    ):
        assert (200, expected) == (answer.status, (await answer.json())["error"])


async def test_long_plain_text_falls_apart(slack: SlackStandIn) -> None:
    """Beyond 4,000 characters a text without blocks becomes several messages, beyond 40,000 it is cut."""
    await post(slack, "x" * 4_001)
    assert [len(message.text) for message in slack.messages()] == [4_000, 1]
    await post(slack, "y" * 40_001, channel="G0DESK")
    assert [len(message.text) for message in slack.messages("desk")] == [4_000] * 10
    await post(slack, "z" * 5_000, blocks=[SECTION])
    assert len(slack.messages("news-alerts")[-1].text) == 5_000


async def test_mentions_and_links(slack: SlackStandIn) -> None:
    """What would have called people or led them somewhere is told."""
    await post(slack, "&lt;!channel&gt; https://e.org/a", parse="none")
    assert (slack.mentions, slack.links) == ([], [])
    await post(slack, "<!here> <https://e.org/b|bank>", blocks=[SECTION])
    assert (["!here"], [Link("https://e.org/b", "bank")]) == (slack.mentions, slack.links)


# ---- changing what was said ----


async def test_update(slack: SlackStandIn) -> None:
    """An update replaces what it names and keeps the rest; it can take metadata away."""
    ts = await post(slack, blocks=[SECTION], metadata=METADATA)
    await client(slack).chat_update(channel="C0ALERTS", ts=ts, text="more")
    (first,) = slack.messages()
    assert (first.text, first.blocks, first.metadata) == ("more", (SECTION,), METADATA)
    await client(slack).chat_update(channel="C0ALERTS", ts=ts, text="more", blocks=[], metadata={})
    (second,) = slack.messages()
    assert ((), None, ts) == (second.blocks, second.metadata, second.ts)


async def test_updates_that_slack_refuses(slack: SlackStandIn) -> None:
    """One changes one's own messages, where they are, with something."""
    slack.set_token("xoxb-other", Token(bot_id="B0OTHER"))
    ts = await post(slack)
    mine, other = client(slack), client(slack, token="xoxb-other")
    assert await error(mine.chat_update(channel="G0DESK", ts=ts, text="x")) == "message_not_found"
    assert await error(other.chat_update(channel="C0ALERTS", ts=ts, text="x")) == "cant_update_message"
    assert await error(mine.chat_update(channel="C0ALERTS", ts=ts, text="x" * 4_001)) == "msg_too_long"
    assert await error(mine.api_call("chat.update", json={"channel": "C0ALERTS", "ts": ts})) == "no_text"
    assert await error(mine.api_call("chat.update", json={"channel": "C0ALERTS", "ts": ts, "text": ""})) == "no_text"
    slack.set_channel(Channel("C0ALERTS", "news-alerts", archived=True))
    assert await error(mine.chat_update(channel="C0ALERTS", ts=ts, text="x")) == "is_inactive"
    assert [message.text for message in slack.messages()] == ["news"]


# ---- reading back ----


async def test_history(slack: SlackStandIn) -> None:
    """Newest first, without replies; metadata only for those who ask."""
    first = await post(slack, metadata=METADATA)
    await post(slack, thread_ts=first)
    second = await post(slack, blocks=[SECTION])
    plain = (await client(slack).conversations_history(channel="C0ALERTS"))["messages"]
    assert [message["ts"] for message in plain] == [second, first]
    assert "metadata" not in plain[1]
    assert "block_id" in plain[0]["blocks"][0]
    rich = await client(slack).conversations_history(channel="C0ALERTS", include_all_metadata=True)
    assert rich["messages"][1]["metadata"] == METADATA


async def test_history_between_times(slack: SlackStandIn) -> None:
    """The ends belong to the window on request."""
    one, two, three = [await post(slack) for _ in range(3)]

    async def read(**window: Any) -> list[str]:
        answer = await client(slack).conversations_history(channel="C0ALERTS", **window)
        return [message["ts"] for message in answer["messages"]]

    assert await read(oldest=one) == [three, two]
    assert await read(oldest=one, inclusive=True) == [three, two, one]
    assert await read(latest=two) == [one]
    assert await read(oldest=one, latest=three) == [two]
    assert await read(oldest="0") == [three, two, one]


async def test_replies(slack: SlackStandIn) -> None:
    """The parent first, then its thread, oldest first."""
    parent = await post(slack)
    replies = [await post(slack, thread_ts=parent) for _ in range(3)]
    call = client(slack).conversations_replies
    whole = await call(channel="C0ALERTS", ts=parent)
    assert [message["ts"] for message in whole["messages"]] == [parent, *replies]
    page = await call(channel="C0ALERTS", ts=parent, limit=2)
    rest = await call(channel="C0ALERTS", ts=parent, cursor=page["response_metadata"]["next_cursor"])
    assert (page["has_more"], rest["has_more"]) == (True, False)
    assert [message["ts"] for message in rest["messages"]] == [parent, replies[2]]
    assert await error(call(channel="C0ALERTS", ts="1.5")) == "thread_not_found"


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"cursor": "???"}, "invalid_cursor"),
        ({"cursor": "Y2hhbm5lbDpDMQ=="}, "invalid_cursor"),  # conversations.list made it
        ({"cursor": "bmV4dF90czpvbmU="}, "invalid_cursor"),
        ({"limit": 0}, "invalid_arguments"),
        ({"limit": 1_000}, "invalid_arguments"),
        ({"oldest": "2026-11-23"}, "invalid_ts_oldest"),
        ({"latest": "now"}, "invalid_ts_latest"),
        ({"before": "1.5"}, "invalid_arguments"),
    ],
)
async def test_windows_that_slack_refuses(slack: SlackStandIn, window: dict[str, Any], expected: str) -> None:
    """A wrong window is an error, not an empty page."""
    assert await error(client(slack).conversations_history(channel="C0ALERTS", **window)) == expected


async def test_history_of_other_rooms(slack: SlackStandIn) -> None:
    """Only members read."""
    assert await error(client(slack).conversations_history(channel="C0OPEN")) == "not_in_channel"
    assert await error(client(slack).conversations_history(channel="G0SECRET")) == "channel_not_found"


@given(count=st.integers(0, 12), limit=st.integers(1, 5))
def test_pages_show_everything_once(count: int, limit: int) -> None:
    """However long the pages, they hold each message exactly once, and time stamps strictly increase."""
    workspace = Workspace({TOKEN: Token()}, CHANNELS)
    api = Api(workspace, SocketMode(), messages_per_second=1_000_000, burst=1)
    for _ in range(count):
        api.prepare("chat.postMessage", Token(), {"channel": "C0ALERTS", "text": "news"}).do()
    stamps = [microseconds(message.ts) for message in workspace.messages()]
    assert sorted(set(stamps)) == stamps

    seen: list[str] = []
    arguments: dict[str, object] = {"channel": "C0ALERTS", "limit": limit}
    while True:
        page: Any = api.prepare("conversations.history", Token(), arguments).do()
        seen += [message["ts"] for message in page["messages"]]
        if not page["has_more"]:
            break
        arguments["cursor"] = page["response_metadata"]["next_cursor"]
    assert seen == [message.ts for message in reversed(workspace.messages())]


# ---- how fast ----


async def test_one_message_a_second_and_channel() -> None:
    """The second message at once is too early; another channel is free; whole seconds are told."""
    async with SlackStandIn(channels=CHANNELS) as slack:
        await post(slack)
        await post(slack, channel="G0DESK")
        assert await retry_after(slack) == "1"
        assert slack.posts_while_limited == 0
        await refusal(client(slack).chat_postMessage(channel="C0ALERTS", text="impatient"))
        assert slack.posts_while_limited == 1
        await asyncio.sleep(1)
        await post(slack, "patient")
        assert [message.text for message in slack.messages("news-alerts")] == ["news", "patient"]


async def retry_after(slack: SlackStandIn) -> str:
    with pytest.raises(SlackApiError) as limited:
        await post(slack)
    assert isinstance(limited.value.response, AsyncSlackResponse)
    assert limited.value.response.status_code == 429
    return str(limited.value.response.headers["Retry-After"])


async def test_burst() -> None:
    """A burst passes, and then fills again at the rate."""
    async with SlackStandIn(burst=3) as slack:
        for _ in range(3):
            await post(slack)
        assert await error(client(slack).chat_postMessage(channel="C0ALERTS", text="x")) == "ratelimited"
        await asyncio.sleep(1)
        await post(slack)


# ---- what goes wrong ----


@pytest.mark.parametrize(
    ("fault", "expected", "taken"),
    [
        (Fault.HTTP_500, 500, 0),
        (Fault.HTTP_502, 502, 0),
        (Fault.HTTP_503, 503, 0),
        (Fault.HTTP_500_TAKEN, 500, 1),
        (Fault.HTML, 200, 0),
        (Fault.FATAL_ERROR, "fatal_error", 0),
        (Fault.FATAL_ERROR_TAKEN, "fatal_error", 1),
        (Fault.RATELIMITED, "ratelimited", 0),
        (Fault.STALL, TimeoutError, 0),
        (Fault.STALL_TAKEN, TimeoutError, 1),
        (Fault.LATE_COMMIT, TimeoutError, 1),
        (Fault.DROP, aiohttp.ServerDisconnectedError, 0),
        (Fault.DROP_TAKEN, aiohttp.ServerDisconnectedError, 1),
        (Fault.TRUNCATED_TAKEN, aiohttp.ClientPayloadError, 1),
        (Fault.HISTORY_LAG, None, 1),
    ],
)
async def test_faults_of_a_post(
    slack: SlackStandIn, fault: Fault, expected: int | str | type[Exception] | None, taken: int
) -> None:
    """Each fault looks to the client as it should, and the message is there or not; the next call is fine."""
    slack.fail_next("chat.postMessage", fault, seconds=0.2)
    assert await outcome(slack, timeout=0.3 if expected is TimeoutError else 10) == expected
    await slack.settled()
    assert len(slack.messages()) == taken
    assert [(request.fault, request.ok) for request in slack.requests] == [(fault, bool(taken))]
    assert await outcome(slack) is None


async def test_blocks_that_slack_dislikes(slack: SlackStandIn) -> None:
    """Only a message that has some is refused for them."""
    slack.fail_next("chat.postMessage", Fault.INVALID_BLOCKS, times=2)
    divider = [{"type": "divider"}]
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        await client(slack).chat_postMessage(channel="C0ALERTS", text="news", blocks=divider)
    assert () == slack.messages()
    assert await outcome(slack) is None


async def outcome(slack: SlackStandIn, *, timeout: float = 10) -> int | str | type[Exception] | None:
    """A status or error code that the client was given, the exception it met, or None for a clear yes."""
    try:
        await client(slack, timeout=timeout).chat_postMessage(channel="C0ALERTS", text="news")
    except SlackApiError as refused:
        code: str | int = refused.response.get("error") or refused.response.status_code
        return code
    except Exception as failed:
        return type(failed)
    return None


async def test_late_commit(slack: SlackStandIn) -> None:
    """The message appears some time after the client has given up."""
    slack.fail_next("chat.postMessage", Fault.LATE_COMMIT, seconds=0.2)
    await outcome(slack, timeout=0.3)
    given_up = monotonic()
    assert slack.messages() == ()
    await slack.settled()
    assert monotonic() - given_up >= 0.2
    assert len(slack.messages()) == 1


async def test_history_lags(slack: SlackStandIn) -> None:
    """The message is there, and history does not show it yet."""
    slack.fail_next("chat.postMessage", Fault.HISTORY_LAG, seconds=0.5)
    await post(slack)
    assert (await client(slack).conversations_history(channel="C0ALERTS"))["messages"] == []
    await asyncio.sleep(0.5)
    assert len((await client(slack).conversations_history(channel="C0ALERTS"))["messages"]) == 1


async def test_history_refused(slack: SlackStandIn) -> None:
    """As if the scope had never been granted."""
    slack.fail_next("conversations.history", Fault.HISTORY_REFUSED, times=2)
    for _ in range(2):
        answer = await refusal(client(slack).conversations_history(channel="C0ALERTS"))
        assert (answer["error"], answer["needed"]) == ("missing_scope", "channels:history")
    await client(slack).conversations_history(channel="C0ALERTS")


async def test_retry_after_of_a_fault(slack: SlackStandIn) -> None:
    """The wait that a fault asks for is told, and posts before its end are counted."""
    slack.fail_next("chat.postMessage", Fault.RATELIMITED, seconds=7)
    assert await retry_after(slack) == "7"
    await post(slack)
    assert slack.posts_while_limited == 1


async def test_a_refused_call_meets_no_fault(slack: SlackStandIn) -> None:
    """The fault waits for the next call that Slack would grant."""
    slack.fail_next("chat.postMessage", Fault.FATAL_ERROR)
    assert await error(client(slack).api_call("chat.postMessage", json={"channel": "C0ALERTS"})) == "no_text"
    assert await outcome(slack) == "fatal_error"


async def test_faults_that_make_no_sense(slack: SlackStandIn) -> None:
    """They are refused where they are ordered."""
    with pytest.raises(ValueError, match="late_commit cannot befall"):
        slack.fail_next("conversations.history", Fault.LATE_COMMIT)


async def test_chance() -> None:
    """The same seed fails the same posts, another seed others; starting up is never hit."""

    async def failed(seed: int) -> list[bool]:
        faults = {Fault.FATAL_ERROR: 0.3, Fault.HTTP_500: 0.2}
        async with SlackStandIn(messages_per_second=1_000, faults=faults, seed=seed) as slack:
            for _ in range(5):
                await client(slack).auth_test()
            return [await outcome(slack) is not None for _ in range(40)]

    first = await failed(1)
    assert 5 < sum(first) < 35
    assert await failed(1) == first
    assert await failed(2) != first


# ---- killing the client ----

POSTER = """
import asyncio, sys
from slack_sdk.web.async_client import AsyncWebClient
async def main():
    client = AsyncWebClient(token=sys.argv[2], base_url=sys.argv[1], retry_handlers=[])
    for number in range(9):
        await client.chat_postMessage(channel="C0ALERTS", text=str(number))
asyncio.run(main())
"""


@pytest.mark.parametrize(("stage", "taken"), [("received", ["0"]), ("taken", ["0", "1"])])
async def test_the_client_dies_while_it_posts(stage: str, taken: list[str]) -> None:
    """A test can kill the client with its message lost, or taken but not answered."""
    killed: list[int] = []

    async def kill(at: str, number: int) -> None:
        if (at, number) != (stage, 2):
            return
        if stage == "received":
            slack.fail_next("chat.postMessage", Fault.DROP)
        os.kill(process.pid, signal.SIGKILL)
        killed.append(await process.wait())

    async with SlackStandIn(messages_per_second=1_000, on_post=kill) as slack:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", POSTER, slack.url, TOKEN)
        await process.wait()
        await slack.settled()
        assert [message.text for message in slack.messages()] == taken
    assert killed == [-signal.SIGKILL]


# ---- the command ----


async def test_the_command(tmp_path: Path) -> None:
    """It prints its URL, and its ledger tells every call and message."""
    ledger = tmp_path / "ledger.jsonl"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.slack_standin", "--port", "0", "--ledger", str(ledger)),
        *("--fault", "drop_taken=1", "--messages-per-second", "1000"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    caller = AsyncWebClient(token=TOKEN, base_url=url, retry_handlers=[])
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await caller.chat_postMessage(channel="#news-alerts", text="news", metadata=METADATA)
    process.send_signal(signal.SIGTERM)
    await process.communicate()
    assert process.returncode == 0
    message, request = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert (message["kind"], message["channel"], message["metadata"]) == ("message", "C0ALERTS", METADATA)
    assert (request["kind"], request["ok"], request["fault"]) == ("request", True, "drop_taken")
