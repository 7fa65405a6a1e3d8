"""Fixtures of more than one file."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.newsroom import Newsroom
from tests.slack_standin import SlackStandIn


@pytest.fixture
async def paper() -> AsyncIterator[Newsroom]:
    async with Newsroom() as paper:
        yield paper


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as slack:
        yield slack
