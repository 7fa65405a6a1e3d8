"""What people ask for in Slack, out of the payloads of its Socket Mode: a click below an alert, or `/news WORDS`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.alerts.sinks.slack_buttons import Action, key_of, span_and_rule
from monitor.alerts.sinks.slack_text import visible
from monitor.model import DeliveryId

Payload = Mapping[str, Any]

LONGEST_NAME = 80
LONGEST_WORDS = 4_000  # a rule may be pasted


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, where, and how to answer."""

    user: str  # Slack's id
    name: str
    channel: str  # Slack's id
    answer_url: str  # takes a few answers, for half an hour
    trigger: str  # opens one modal, within three seconds

    def __str__(self) -> str:
        return f"slack {self.user} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class Click:
    """`value`: of the option that was picked; empty for a button."""

    asker: Asker
    action: Action
    key: DeliveryId
    value: str


@dataclass(frozen=True, slots=True)
class Words:
    """What follows `/news`; a pasted rule has several lines."""

    asker: Asker
    text: str


def read(kind: str, payload: Payload) -> Click | Words | None:
    """None for what is not for us: another app's block, an event nobody asked for. Raises ValueError."""
    try:
        if kind == "slash_commands":
            return _words(payload)
        if kind == "interactive" and payload["type"] == "block_actions":
            return _click(payload)
    except (KeyError, TypeError, IndexError) as e:
        raise ValueError(f"a payload of Slack's is not as documented ({e!r})") from e
    return None


def identity(envelope_id: str, payload: Payload) -> str:
    """What tells one request from another, however often Slack sends it: a trigger belongs to one gesture."""
    trigger = payload.get("trigger_id")
    return trigger if isinstance(trigger, str) and trigger else envelope_id


def _words(payload: Payload) -> Words:
    asker = Asker(
        user=str(payload["user_id"]),
        name=_name(payload.get("user_name")),
        channel=str(payload["channel_id"]),
        answer_url=str(payload["response_url"]),
        trigger=str(payload["trigger_id"]),
    )
    lines = str(payload.get("text") or "")[:LONGEST_WORDS].split("\n")
    return Words(asker, "\n".join(map(visible, lines)).strip())


def _click(payload: Payload) -> Click | None:
    (clicked, *_), user = payload["actions"], payload["user"]
    key = key_of(str(clicked.get("block_id", "")))
    if key is None:
        return None
    option = clicked.get("selected_option") or {}
    asker = Asker(
        user=str(user["id"]),
        name=_name(user.get("username") or user.get("name")),
        channel=str(payload["channel"]["id"]),
        answer_url=str(payload["response_url"]),
        trigger=str(payload["trigger_id"]),
    )
    click = Click(asker, Action(clicked["action_id"]), DeliveryId(key), str(option.get("value", "")))
    if click.action in (Action.MUTE_STORY, Action.SNOOZE_RULE):
        span_and_rule(click.value)
    return click


def _name(given: object) -> str:
    return " ".join(visible(str(given or "")).split())[:LONGEST_NAME]
