"""Fixtures of more than one file."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.newsroom import Newsroom
from tests.slack_standin import SlackStandIn

APART = ("test_boot.py", "test_machine.py", "test_outbox.py", "test_silence.py")  # some minutes each: of the campaign
LONGEST = ("test_docs", "test_crash", "test_story_commands")


def pytest_xdist_auto_num_workers() -> int:
    """With `-n auto`: most of the tests wait for sockets, processes and timers more than they compute."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that nobody waits for them at the end."""
    for item in items:
        if "faults" in item.path.parts or item.path.name in APART:
            item.add_marker("campaign")
    items.sort(key=lambda item: not item.path.name.startswith(LONGEST))


@pytest.fixture
async def paper() -> AsyncIterator[Newsroom]:
    async with Newsroom() as paper:
        yield paper


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as slack:
        yield slack
