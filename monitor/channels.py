"""Where an alert goes in Slack, as an operator writes it: `#name`, or the id that Slack shows for a channel."""

from __future__ import annotations

import re

_CHANNEL = re.compile(r"#[\w.-]{1,80}|[CGD][A-Z0-9]{1,20}")


def channel(value: object) -> str:
    """The value if it names a channel, or a ValueError that says what to write."""
    if isinstance(value, str) and _CHANNEL.fullmatch(value):
        return value
    raise ValueError('is not a channel; write "#name" in quotes (an unquoted # begins a comment), or the id C…')
