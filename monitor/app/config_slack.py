"""The keys of monitor.yaml under `slack`."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field

from monitor.app.config_values import Channel, Section, SomeTime, WebUrl, some

SLACK_API = "https://slack.com/api/"

_SOME_USERS = partial(some, remedy="name whoever may, as in [U012AB3CD], or delete it: then all in the channels may")
_SOME_CHANNELS = partial(some, remedy='name a channel, as in ["#news-desk"], or delete it: then it is where alerts go')
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")


def _user(value: object) -> str:
    if not isinstance(value, str) or not _USER.fullmatch(value):
        raise ValueError("is not a user of Slack; write the member ID of the profile (Copy member ID), as in U012AB3CD")
    return value


User = Annotated[str, BeforeValidator(_user)]


class SlackSection(Section):
    token: str | None = None
    app_token: str | None = None  # None: nobody hears what is clicked, so there are no buttons
    channel: Channel = "#news-alerts"
    ops_channel: Channel | None = None
    # left out: whoever is in an allowed channel
    allowed_users: Annotated[tuple[User, ...], BeforeValidator(_SOME_USERS)] = Field(default=(), strict=False)
    # left out: the channels that alerts go to
    allowed_channels: Annotated[tuple[Channel, ...], BeforeValidator(_SOME_CHANNELS)] = Field(default=(), strict=False)
    api_url: WebUrl = SLACK_API
    timeout: SomeTime = timedelta(seconds=10)
    settle_after: SomeTime = timedelta(seconds=30)
