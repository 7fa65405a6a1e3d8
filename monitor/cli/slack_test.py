"""A test message through the real sink, without the outbox."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from monitor.alerts.sinks.slack import SlackSettings, SlackSink
from monitor.app.build import settle_after
from monitor.app.config import Config
from monitor.model import (
    Accepted,
    AlertId,
    ArticleId,
    BodySource,
    Delivery,
    DeliveryId,
    DeliveryState,
    Message,
    Severity,
    StoryId,
)


class _NoNames:
    """A single message needs no memory of channel ids."""

    async def own_id(self, target: str) -> str | None:  # noqa: ARG002 - the contract of Names
        return None

    async def save_own_id(self, target: str, own_id: str) -> None:
        """Forget it."""


async def send_test(config: Config, now: datetime) -> tuple[bool, str]:
    """Whether Slack took it, and a sentence."""
    slack = config.monitor.slack
    if slack.token is None:
        return False, "No Slack token: set SLACK_BOT_TOKEN to the app's bot token (xoxb-…)."
    sink = SlackSink(SlackSettings(slack.token, slack.api_url, slack.timeout, settle_after(config)), _NoNames())
    try:
        outcome = await sink.send(_delivery(slack.channel, now))
    finally:
        await sink.close()
    if isinstance(outcome, Accepted):
        return True, f"Slack took the test message for {slack.channel} ({outcome.receipt})."
    return False, f"{slack.channel}: {outcome.error}"


def _delivery(target: str, now: datetime) -> Delivery:
    key = uuid4().hex
    return Delivery(
        id=DeliveryId(key),
        alert_id=AlertId(key),
        sink=SlackSink.name,
        target=target,
        state=DeliveryState.SENDING,
        attempts=1,
        next_attempt_at=now,
        created_at=now,
        message=Message(
            headline="This is a test of news-monitor",
            url=None,
            outlet="news-monitor",
            site="news-monitor",
            author=None,
            published_at=now,
            seen_at=now,
            body_source=BodySource.PAGE,
            severity=Severity.LOW,
            reasons=(),
            story_id=StoryId("test"),
            article_id=ArticleId("test"),
        ),
    )
