"""Fixtures of more than one file."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.newsroom import Newsroom
from tests.slack_standin import SlackStandIn


def pytest_xdist_auto_num_workers() -> int:
    """With `-n auto`: most of the tests wait for sockets, processes and timers more than they compute."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture
async def paper() -> AsyncIterator[Newsroom]:
    async with Newsroom() as paper:
        yield paper


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as slack:
        yield slack
