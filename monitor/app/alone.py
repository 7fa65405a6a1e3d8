"""A command of a person when no daemon runs: this process takes the database for a moment."""

from __future__ import annotations

import sys

from monitor.app.build import assemble, remember_configuration
from monitor.app.clock import utc_now
from monitor.app.commands import Command
from monitor.app.config import Config
from monitor.app.store_thread import StoreThread
from monitor.app.story_desk import Memory
from monitor.app.workers import Workers
from monitor.store.sqlite.store import Store


async def perform_alone(config: Config, command: Command) -> str:
    """What was done; what is to be sent waits for the daemon. Raises Refused, StoreBusy or StoreError."""
    store, workers = StoreThread(lambda: Store.writer(config.database)), Workers()
    try:
        await store.open()
        config = await store.change(lambda opened: remember_configuration(opened, config, utc_now()))
        parts = assemble(config, store, workers, sys.stdout, utc_now, Memory())
        try:
            return await parts.commands.perform(command)
        finally:
            await parts.close()
    finally:
        await workers.close()
        await store.close()
