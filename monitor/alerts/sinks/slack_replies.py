"""Answers to a person in Slack: words that only they see, or a modal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError

from monitor.alerts.sinks.slack_blocks import SECTION_LIMIT, Block, section
from monitor.alerts.sinks.slack_client import UNCLEAR, client, code_of, explain, in_words
from monitor.alerts.sinks.slack_requests import Asker
from monitor.errors import SinkError

ANSWER_HOST = "hooks.slack.com"
MOST_SECTIONS = 3  # about 13,000 characters are too many for a message, see slack_blocks
MORE, NOTHING = "… and more", "Nothing."
PACKED = SECTION_LIMIT - len(MORE) - 1
MODAL_TITLE_LIMIT = 24


class Replies(Protocol):
    async def answer(self, asker: Asker, lines: Iterable[str]) -> None: ...

    async def show(self, asker: Asker, title: str, lines: Iterable[str]) -> None: ...


class SlackReplies:
    """Raises SinkError where Slack does not take the answer. Lines are mrkdwn, with all that is untrusted escaped."""

    def __init__(self, *, token: str, api_url: str, timeout: timedelta) -> None:
        self._client = client(token, api_url=api_url, timeout=timeout)
        self._timeout = timeout.total_seconds()
        self._hosts = {("https", ANSWER_HOST), urlsplit(api_url)[:2]}

    async def answer(self, asker: Asker, lines: Iterable[str]) -> None:
        """Only the asker sees it, below what the channel shows."""
        if urlsplit(asker.answer_url)[:2] not in self._hosts:
            raise SinkError("this is no address of Slack's to answer to")
        blocks = sections(lines)
        said: dict[str, Any] = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": blocks[0]["text"]["text"],
            "blocks": blocks,
        }
        try:
            async with asyncio.timeout(self._timeout), aiohttp.ClientSession() as session:
                post = session.post(asker.answer_url, json=said, proxy=self._client.proxy, allow_redirects=False)
                async with post as response:
                    if response.status != 200:
                        raise SinkError(f"Slack did not take the answer (HTTP {response.status})")
        except UNCLEAR as e:
            raise SinkError(f"Slack did not take the answer ({in_words(e)})") from e

    async def show(self, asker: Asker, title: str, lines: Iterable[str]) -> None:
        """A modal, if the asker's gesture is not older than three seconds."""
        view = modal(title, lines)
        try:
            async with asyncio.timeout(self._timeout):
                await self._client.views_open(trigger_id=asker.trigger, view=view)
        except SlackApiError as e:
            raise SinkError(explain(code_of(e) or "nothing of use")) from e
        except UNCLEAR as e:
            raise SinkError(f"Slack did not show it ({in_words(e)})") from e


def modal(title: str, lines: Iterable[str]) -> Block:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title[:MODAL_TITLE_LIMIT], "emoji": False},
        "close": {"type": "plain_text", "text": "Close", "emoji": False},
        "blocks": sections(lines),
    }


def sections(lines: Iterable[str]) -> list[Block]:
    """Whole lines, packed into as few sections as Slack's limits allow; what has no room is left out, and said so."""
    packed = [""]
    for line in lines:
        joined = f"{packed[-1]}\n{line}" if packed[-1] else line
        if len(joined) <= PACKED:
            packed[-1] = joined
        elif len(packed) == MOST_SECTIONS:
            packed[-1] += f"\n{MORE}"
            break
        else:
            packed.append(line if len(line) <= PACKED else MORE)
    return [section(text or NOTHING) for text in packed]
