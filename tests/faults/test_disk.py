"""The disk of the database is full."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.faults.namespaces import beside, needs_mounts, on_a_disk_of, seen_by
from tests.faults.world import LATER, TITLE, World, until


def _fill(place: Path) -> Path:
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4_096))
        except OSError:
            return filler


@needs_mounts
async def test_a_full_disk_stops_nothing_for_good(world: World) -> None:
    """The program lives on and says why; when there is room again, what came meanwhile is told once."""
    place = world.place = world.directory / "disk"
    world.wrapper = on_a_disk_of("8m", place)
    world.configure()
    async with world.running():
        assert world.process is not None
        disk = seen_by(world.process.pid, place)
        world.publish()
        await world.told(TITLE)
        filler = _fill(disk)
        world.publish(LATER)
        await world.logs("make room on its disk")
        assert 1 == world.said().total()
        filler.unlink()
        await world.told(TITLE, LATER)
        audit = (sys.executable, "-m", "monitor", "--config", str(world.directory / "config"), "audit")
        asking = await asyncio.create_subprocess_exec(*beside(world.process.pid), *audit, env=world.environment)
        assert 0 == await asking.wait()


@needs_mounts
async def test_a_disk_that_can_only_be_read(world: World) -> None:
    """Nothing is begun; what to do is said in one sentence."""
    place = world.place = world.directory / "disk"
    world.configure()
    command = (sys.executable, "-m", "monitor", "--config", str(world.directory / "config"), "run")
    process = await asyncio.create_subprocess_exec(
        *(*on_a_disk_of("1m,ro", place), *command), env=world.environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode in (1, 78)
    assert "set `database` to a writable place" in said.decode()
    assert "Traceback" not in said.decode()


async def test_files_that_may_not_grow(world: World) -> None:
    """A limit of the service manager (LimitFSIZE) is a full disk: no crash, and all is told once it is lifted."""
    world.configure()
    world.wrapper = ("sh", "-c", 'trap "" XFSZ; ulimit -f 1200; exec "$@"', "sh")  # in blocks of 512 bytes
    async with world.running():
        world.publish()
        await until(lambda: bool(world.paper.requests))
        for number in range(40):
            world.paper.publish(f"Nothing {number}", [f"Word{number}{n} " * 2_000 for n in range(4)])
        await world.logs("database")
    world.wrapper = ()
    async with world.running():
        world.publish(LATER)
        await world.told(TITLE, LATER)
    assert world.balanced()
