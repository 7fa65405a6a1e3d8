"""Asking Slack: the client as we want it, and what its refusals mean.

slack-sdk's own retries are off: one of them doubled every message whose connection dropped after Slack had taken it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient


def _codes(words: str) -> frozenset[str]:
    return frozenset(words.split())


# docs.slack.dev/reference/methods/chat.postMessage, errors; what to do with each is our judgement.
RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
NOTHING_WRITTEN = frozenset({"request_timeout"})
MAYBE_WRITTEN = frozenset({"fatal_error", "internal_error", "service_unavailable"})
LOCKED = _codes("""
    invalid_auth not_authed token_revoked token_expired account_inactive missing_scope not_allowed_token_type
    access_denied accesslimited app_access_restricted org_login_required team_added_to_org
    two_factor_setup_required enterprise_is_restricted message_limit_exceeded
""")
NO_THREAD = _codes("""
    cannot_reply_to_message thread_not_found message_not_found restricted_action_thread_locked
    restricted_action_thread_only_channel restricted_action_non_threadable_channel
""")
OUR_MESSAGE = _codes("""
    invalid_blocks invalid_blocks_format msg_blocks_too_long msg_too_long no_text invalid_metadata_format
    invalid_metadata_schema metadata_too_large metadata_must_be_sent_from_app too_many_attachments
    invalid_arguments invalid_argument_name invalid_array_arg markdown_text_conflict
""")
REMEDIES: Mapping[str, str] = {
    "invalid_auth": "the token is wrong; set SLACK_BOT_TOKEN to the app's bot token (xoxb-…)",
    "not_authed": "no token arrived; set SLACK_BOT_TOKEN to the app's bot token (xoxb-…)",
    "token_revoked": "the token was revoked; install the app again and set SLACK_BOT_TOKEN to the new bot token",
    "account_inactive": "the bot's account is switched off; install the app again",
    "missing_scope": "the app lacks a scope; add chat:write, channels:read, channels:history and reinstall it",
    "channel_not_found": "there is no such channel, or it is private and the app is not in it; "
    "correct the name or /invite the app there",
    "not_in_channel": "the app is not in the channel; /invite it there",
    "is_archived": "the channel is archived; unarchive it or name another one",
}

NEVER_CONNECTED = (aiohttp.ClientConnectorError,)
UNCLEAR = (SlackClientError, aiohttp.ClientError, OSError, TimeoutError, ValueError)


def client(
    token: str, *, api_url: str, timeout: timedelta, session: aiohttp.ClientSession | None = None
) -> AsyncWebClient:
    """With a `session` its connections are kept; without one each call has its own."""
    made = AsyncWebClient(
        token=token,
        base_url=api_url if api_url.endswith("/") else api_url + "/",
        timeout=max(1, round(timeout.total_seconds())),
        session=session,
        retry_handlers=[],
    )
    if api_url.startswith("http://"):
        made.proxy = None  # slack-sdk takes HTTPS_PROXY from the environment and knows no NO_PROXY
    return made


def may_pass(error: SlackApiError) -> bool:
    """Whether asking again later may be answered."""
    code, status = code_of(error), status_of(error)
    trouble = code is None or code in RATE_LIMITED | MAYBE_WRITTEN | NOTHING_WRITTEN
    return trouble or (status or 0) >= 429


def code_of(error: SlackApiError) -> str | None:
    """Slack's word for the error; None when the answer was not Slack's JSON."""
    data = getattr(error.response, "data", error.response)
    code = data.get("error") if isinstance(data, Mapping) else None
    return code if isinstance(code, str) else None


def status_of(error: SlackApiError) -> int | None:
    """The HTTP status: slack-sdk's response and aiohttp's call it by different names."""
    status = getattr(error.response, "status_code", None) or getattr(error.response, "status", None)
    return status if isinstance(status, int) else None


def retry_after_of(error: SlackApiError) -> timedelta | None:
    """In seconds; slack-sdk's own handler dies of a fraction here."""
    headers = getattr(error.response, "headers", None) or {}
    for name, value in headers.items():
        if name.lower() == "retry-after":
            try:
                return timedelta(seconds=min(max(float(value), 0.0), 86_400.0))
            except ValueError:
                return None
    return None


def explain(code: str) -> str:
    return f"Slack said {code}: {REMEDIES[code]}" if code in REMEDIES else f"Slack said {code}"


def in_words(error: BaseException) -> str:
    return str(error).split("\n")[0][:200] or type(error).__name__
