"""There are hardly any file descriptors."""

from __future__ import annotations

import asyncio

from tests.faults.world import TITLE, World, until


async def test_few_descriptors_and_many_feeds_that_hang(world: World) -> None:
    """Connections that nobody answers take what there is; the program lives on, and the good feed is told."""
    hanging: list[asyncio.StreamWriter] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hanging.append(writer)
        await reader.read()

    server = await asyncio.start_server(hang, "0.0.0.0", 0)  # 127/8, every address of it
    port = server.sockets[0].getsockname()[1]
    world.feeds += [(f"Pit {n}", f"http://127.0.1.{n + 1}:{port}/feed.xml") for n in range(60)]
    world.wrapper = ("sh", "-c", 'ulimit -n 40; exec "$@"', "sh")
    world.configure(http={"allow_networks": ["127.0.0.0/8"], "pace": "0s", "timeout": "5s", "stall": "3s"})
    async with server:
        async with world.running():
            await until(lambda: len(hanging) > 10)
            world.publish()
            await world.told(TITLE)
        for writer in hanging:
            writer.transport.abort()
    assert world.balanced()
