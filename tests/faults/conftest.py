"""A fresh world for each fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.world import World
from tests.newsroom import Newsroom
from tests.slack_standin import SlackStandIn


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with Newsroom() as paper, SlackStandIn() as slack:
        yield World(tmp_path, paper, slack)
