"""There are hardly any file descriptors."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from tests.faults.world import TITLE, World, until

PITS = 60


async def test_few_descriptors_and_many_feeds_that_hang(world: World) -> None:
    """Connections that nobody answers take what there is; the program lives on, and the good feed is told."""
    hanging: list[asyncio.StreamWriter] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.append(writer)
        await reader.read()

    pits = [await asyncio.start_server(hang, f"127.0.1.{n + 1}", 0) for n in range(PITS)]
    addresses = [pit.sockets[0].getsockname() for pit in pits]
    world.feeds += [(f"Pit {host}", f"http://{host}:{port}/feed.xml") for host, port in addresses]
    world.wrapper = ("sh", "-c", 'ulimit -n 40; exec "$@"', "sh")
    world.configure(http={"allow_networks": ["127.0.0.0/8"], "pace": "0s", "timeout": "5s", "stall": "3s"})
    async with AsyncExitStack() as listening:
        for pit in pits:
            await listening.enter_async_context(pit)
        async with world.running():
            await until(lambda: len(hanging) > 10)
            world.publish()
            await world.told(TITLE)
        for writer in hanging:
            writer.transport.abort()
    assert world.balanced()
