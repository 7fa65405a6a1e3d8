"""Socket Mode against the stand-in: a real WebSocket on loopback that greets, breaks, and wants to be acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from monitor.alerts.sinks.slack_client import client
from monitor.alerts.sinks.slack_replies import SlackReplies, modal, sections
from monitor.alerts.sinks.slack_requests import Asker, Click, Words
from monitor.alerts.sinks.slack_socket import SlackSocket, SocketSettings
from monitor.errors import SinkError
from tests import slack_blocks
from tests.slack_standin import APP_TOKEN, TOKEN, SlackStandIn, Token

ASKER = Asker("U0ANN", "ann", "C0ALERTS", "https://hooks.slack.com/x", "1.2.abc")


class Desk:
    """Takes what is asked for, as slowly as it is told to."""

    def __init__(self) -> None:
        self.taken: list[Click | Words] = []
        self.told: list[str | None] = []
        self.seconds = 0.0

    async def take(self, asked: Click | Words) -> None:
        await asyncio.sleep(self.seconds)
        self.taken.append(asked)

    async def tell(self, wrong: str | None) -> None:
        self.told.append(wrong)


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as slack:
        yield slack


def hurried(token: str, url: str) -> SocketSettings:
    return SocketSettings(token, url, timedelta(seconds=2), timedelta(seconds=0.02), timedelta(seconds=0.2))


@asynccontextmanager
async def listening(slack: SlackStandIn, desk: Desk, token: str = APP_TOKEN) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(SlackSocket(hurried(token, slack.url), take=desk.take, tell=desk.tell).run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_what_is_typed_is_acknowledged_at_once_and_done_after(slack: SlackStandIn) -> None:
    """However long the work takes, Slack does not wait for it."""
    slack.people.seconds_to_ack, desk = 1.0, Desk()
    desk.seconds = 1.5
    async with listening(slack, desk):
        await until(lambda: slack.people.sockets)
        await slack.command("status")
        await slack.command("help")
        assert ([], 2) == (desk.taken, len(slack.people.acknowledged))
        await until(lambda: len(desk.taken) == 2)
    asked, _ = desk.taken
    assert isinstance(asked, Words)
    assert ("status", "slack U0ANN ann", "C0ALERTS") == (asked.text, str(asked.asker), asked.asker.channel)
    assert ([], [None]) == (slack.people.unacknowledged, desk.told)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets", None])
async def test_a_connection_that_ends_is_made_anew(slack: SlackStandIn, reason: str | None) -> None:
    """Whether Slack says so or it breaks without a word; what is asked for afterwards is heard."""
    desk = Desk()
    async with listening(slack, desk):
        for round_ in range(3):
            await until(lambda n=round_: slack.people.opened > n and slack.people.sockets)  # type: ignore[misc]
            await slack.command(f"search {round_}")
            await until(lambda n=round_: len(desk.taken) > n)  # type: ignore[misc]
            if reason is None:
                slack.people.drop()
            else:
                await slack.people.disconnect(reason)
    assert ["search 0", "search 1", "search 2"] == [asked.text for asked in desk.taken if isinstance(asked, Words)]
    assert [None] == desk.told


async def test_what_comes_twice_is_done_once(slack: SlackStandIn) -> None:
    """Under the same envelope or another one: Slack sends again what it believes unheard."""
    desk = Desk()
    typed = {"user_id": "U0ANN", "channel_id": "C0ALERTS", "response_url": "https://hooks.slack.com/x", "text": "help"}
    async with listening(slack, desk):
        await until(lambda: slack.people.sockets)
        for envelope in ("e1", "e1", "e2"):
            await slack.people.send("slash_commands", {**typed, "trigger_id": "1.2.abc"}, envelope_id=envelope)
        await slack.people.send("slash_commands", {**typed, "trigger_id": "3.4.def"})
        await until(lambda: len(desk.taken) == 2)
    assert 4 == len(slack.people.acknowledged)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("events_api", {"event": {"type": "message"}}),
        ("interactive", {"type": "view_closed"}),
        ("interactive", {"type": "block_actions"}),
        ("interactive", {"type": "block_actions", "actions": [], "user": {}}),
        ("interactive", {"type": "block_actions", "actions": [{"block_id": "other:1", "action_id": "x"}], "user": {}}),
        ("slash_commands", {}),
    ],
)
async def test_what_makes_no_sense_is_acknowledged_and_forgotten(slack: SlackStandIn, kind: str, payload: Any) -> None:
    """It neither ends the connection nor reaches the desk."""
    desk = Desk()
    async with listening(slack, desk):
        await until(lambda: slack.people.sockets)
        await slack.people.send(kind, payload)
        await slack.command("help")
        await until(lambda: desk.taken)
    assert (1, 1, []) == (len(desk.taken), slack.people.opened, slack.people.unacknowledged)


async def test_a_revoked_token_is_told_once_and_heals(slack: SlackStandIn) -> None:
    """Whoever sets it right needs no restart; the log is not flooded meanwhile."""
    app = Token(frozenset({"connections:write"}), is_app=True, revoked=True)
    slack.set_token(APP_TOKEN, app)
    desk = Desk()
    async with listening(slack, desk):
        await until(lambda: len(slack.requests) >= 3)
        assert 1 == len(desk.told)
        assert "token_revoked" in str(desk.told[0])
        assert "SLACK_APP_TOKEN" in str(desk.told[0])
        slack.set_token(APP_TOKEN, Token(frozenset({"connections:write"}), is_app=True))
        await until(lambda: len(desk.told) == 2)
    assert desk.told[1] is None


@pytest.mark.parametrize("token", ["xapp-wrong", TOKEN])
async def test_a_wrong_token_says_which_one_is_needed(slack: SlackStandIn, token: str) -> None:
    """One that Slack does not know, and the bot's in place of the app's."""
    desk = Desk()
    async with listening(slack, desk, token):
        await until(lambda: desk.told)
    assert "connections:write" in str(desk.told)


async def test_a_socket_mode_that_is_switched_off_is_told(slack: SlackStandIn) -> None:
    """Slack says so over the connection that it takes away."""
    desk = Desk()
    async with listening(slack, desk):
        await until(lambda: slack.people.sockets)
        await slack.people.disconnect("link_disabled")
        await until(lambda: len(desk.told) >= 2)
    assert "switched off" in str(desk.told[1])


async def test_a_slack_that_is_away_is_told_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """Once, and without a traceback for every attempt."""
    caplog.set_level(logging.INFO)
    desk = Desk()
    settings = hurried(APP_TOKEN, "http://127.0.0.1:9/api/")
    task = asyncio.create_task(SlackSocket(settings, take=desk.take, tell=desk.tell).run())
    await until(lambda: desk.told)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert 1 == len(desk.told)
    assert [] == [record for record in caplog.records if record.exc_info]


# ---- answers ----


async def test_an_answer_goes_to_slack_and_nowhere_else(slack: SlackStandIn) -> None:
    """A payload that names another place to answer to is not obeyed."""
    replies = SlackReplies(token=TOKEN, api_url=slack.url, timeout=timedelta(seconds=2))
    for url in ("http://127.0.0.1:1/answers/1", "https://hooks.slack.com.evil.example/1", "file:///etc/passwd"):
        with pytest.raises(SinkError, match="no address of Slack"):
            await replies.answer(Asker("U", "u", "C", url, "t"), ["hello"])


@pytest.mark.parametrize("lines", [[], [""], ["x" * 9_000], ["<" * 2_000, "y"] * 40, ["line"] * 5_000])
def test_answers_stay_inside_slacks_limits(lines: list[str]) -> None:
    """As a message and as a modal; what has no room is said to be left out."""
    blocks = sections(lines)
    assert [] == slack_blocks.problems(blocks)
    assert slack_blocks.text_length(blocks) <= slack_blocks.ALL_TEXT
    assert [] == slack_blocks.view_problems(modal("Why this alert, and why so long", lines))


async def test_a_trigger_is_good_once_and_for_three_seconds(slack: SlackStandIn) -> None:
    """The stand-in is as strict as Slack about modals."""
    desk, bot = Desk(), client(TOKEN, api_url=slack.url, timeout=timedelta(seconds=2))

    async def error(trigger: str, **changed: Any) -> str:
        with pytest.raises(SlackApiError) as caught:
            await bot.views_open(trigger_id=trigger, view={**modal("Why", ["x"]), **changed})
        return str(caught.value.response["error"])

    async with listening(slack, desk):
        await until(lambda: slack.people.sockets)
        await slack.command("help")
        await until(lambda: desk.taken)
        trigger = desk.taken[0].asker.trigger
        assert "invalid_arguments" == await error(trigger, title={"type": "plain_text", "text": "x" * 25})
        await bot.views_open(trigger_id=trigger, view=modal("Why", ["x"]))
        assert "exchanged_trigger_id" == await error(trigger)
        assert "invalid_trigger_id" == await error("nonsense")
        slack.people.seconds_of_trigger = 0.0
        await slack.command("help")
        await until(lambda: len(desk.taken) == 2)
        assert "expired_trigger_id" == await error(desk.taken[1].asker.trigger)


async def test_what_is_not_acknowledged_is_an_error_to_the_user(slack: SlackStandIn) -> None:
    """The stand-in waits no longer than Slack, and a ticket is good for one connection."""
    bot = client(APP_TOKEN, api_url=slack.url, timeout=timedelta(seconds=2))
    url = str((await bot.apps_connections_open(app_token=APP_TOKEN))["url"])
    slack.people.seconds_to_ack = 0.05
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        assert "hello" == (await socket.receive_json())["type"]
        await slack.command("help")
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
    assert ([], 1) == (slack.people.acknowledged, len(slack.people.unacknowledged))
