"""What can be clicked below an alert, and what a click says. The message's key stands in the block's id."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any

from monitor.alerts.message import shorten
from monitor.alerts.sinks.slack_text import visible
from monitor.model import Message

BLOCK = "news-monitor-desk"
LABEL_LIMIT = 75
MOST_RULES = 10
SPANS = {"8 hours": timedelta(hours=8), "1 day": timedelta(days=1), "7 days": timedelta(days=7)}


class Action(StrEnum):
    """The ids by which Slack tells what was clicked; an old message keeps its own for ever, so they never change."""

    RELEVANT = "relevant"
    NOT_RELEVANT = "not-relevant"
    WHY = "why"
    MUTE_STORY = "mute-story"  # its value: hours
    SNOOZE_RULE = "snooze-rule"  # its value: hours and the rule


def buttons(message: Message, key: str) -> dict[str, Any]:
    rules = list(dict.fromkeys((reason.rule, reason.title) for reason in message.reasons))[:MOST_RULES]
    groups = [{"label": _plain(title or rule), "options": _options(f" {rule}")} for rule, title in rules]
    return {
        "type": "actions",
        "block_id": f"{BLOCK}:{key}",
        "elements": [
            _button(Action.RELEVANT, "Relevant"),
            _button(Action.NOT_RELEVANT, "Not relevant"),
            _button(Action.WHY, "Why?"),
            _select(Action.MUTE_STORY, "Mute story", {"options": _options("")}),
            _select(Action.SNOOZE_RULE, "Snooze rule", {"option_groups": groups}),
        ],
    }


def key_of(block_id: str) -> str | None:
    """The key of the message below which a block stands; None for a block that is not ours."""
    prefix, _, key = block_id.partition(":")
    return key if prefix == BLOCK and key else None


def span_and_rule(value: str) -> tuple[timedelta, str]:
    """What an option says; the rule is empty where the story is meant. Raises ValueError."""
    hours, _, rule = value.partition(" ")
    span = timedelta(hours=int(hours))
    if span not in SPANS.values():
        raise ValueError(f"{value!r} is none of our options")
    return span, rule


def _button(action: Action, label: str) -> dict[str, Any]:
    return {"type": "button", "action_id": action, "text": _plain(label)}


def _select(action: Action, label: str, options: dict[str, Any]) -> dict[str, Any]:
    return {"type": "static_select", "action_id": action, "placeholder": _plain(label), **options}


def _options(rule: str) -> list[dict[str, Any]]:
    return [
        {"text": _plain(label), "value": f"{round(span.total_seconds()) // 3_600}{rule}"}
        for label, span in SPANS.items()
    ]


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": shorten(visible(text), LABEL_LIMIT) or "?", "emoji": False}
