"""Slack lets us in no more, for a while."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.faults.world import LATER, TITLE, World, until
from tests.slack_standin import APP_TOKEN, TOKEN, Channel, Fault, SlackStandIn, Token

Change = Callable[[SlackStandIn], None]
ALERTS = Channel("C0ALERTS", "news-alerts")

BREAKS: dict[str, tuple[Change, Change]] = {
    "the token is revoked": (
        lambda slack: slack.set_token(TOKEN, Token(revoked=True)),
        lambda slack: slack.set_token(TOKEN, Token()),
    ),
    "the token has lost a scope": (
        lambda slack: slack.set_token(TOKEN, Token(scopes=frozenset({"channels:read"}))),
        lambda slack: slack.set_token(TOKEN, Token()),
    ),
    "the channel is archived": (
        lambda slack: slack.set_channel(Channel("C0ALERTS", "news-alerts", archived=True)),
        lambda slack: slack.set_channel(ALERTS),
    ),
    "the app was thrown out of the channel": (
        lambda slack: slack.set_channel(Channel("C0ALERTS", "news-alerts", member=False)),
        lambda slack: slack.set_channel(ALERTS),
    ),
}


@pytest.mark.parametrize(("breaks", "mends"), BREAKS.values(), ids=BREAKS.keys())
async def test_what_slack_refuses_waits_and_is_told_once(world: World, breaks: Change, mends: Change) -> None:
    """Feeds are polled on; once it is mended a reload lets all of it out, and nothing is lost or doubled."""
    world.configure()
    async with world.running():
        breaks(world.slack)
        world.publish()
        await until(lambda: bool(world.rows("select 1 from deliveries where state = 'blocked'")))
        world.publish(LATER)
        await until(lambda: 2 == len(world.rows("select 1 from deliveries where message is not null")))
        assert not world.said()
        mends(world.slack)
        world.signal(signal.SIGHUP)
        await world.told(TITLE, LATER)
    assert world.balanced()


async def test_without_the_app_token_alerts_go_out(world: World) -> None:
    """Nobody can click, and that is all."""
    world.slack.set_token(APP_TOKEN, Token(frozenset({"connections:write"}), is_app=True, revoked=True))
    world.configure(slack={"app_token": "${SLACK_APP_TOKEN}"})
    async with world.running():
        world.publish()
        await world.told(TITLE)
    assert world.balanced()


async def test_a_history_that_cannot_be_read_loses_nothing(world: World) -> None:
    """What may stand twice is sent again and marked, and operators are told; the next one stands once."""
    world.configure(slack={"ops_channel": "#news-ops"})
    async with world.running():
        world.slack.fail_next("chat.postMessage", Fault.DROP_TAKEN)
        world.slack.fail_next("conversations.history", Fault.HISTORY_REFUSED)
        world.publish()
        await until(lambda: 2 == world.said()[TITLE])
        world.publish(LATER)
        await until(lambda: 1 == world.said()[LATER])
        await until(lambda: any("stand there twice" in m.text for m in world.slack.messages("C0OPS")))
    (row,) = world.rows("select error from deliveries where error is not null")
    assert "may stand twice" in row["error"]
    assert 2 == world.said()[TITLE]
    assert world.balanced()
