"""The worker processes, with real processes that really hang, bloat and die."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from pebble import CONSTS

from monitor.app.workers import WATCH_IDLE_SECONDS, WATCH_SECONDS, WorkerFailed, Workers
from monitor.errors import ExtractError, FetchError, NewsMonitorError, ParseError

LONG = timedelta(seconds=60)
SHORT = timedelta(seconds=4)  # long enough to start a process on a busy machine


@pytest_asyncio.fixture
async def workers() -> AsyncIterator[Workers]:
    pool = Workers(limit=LONG)
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def hasty() -> AsyncIterator[Workers]:
    pool = Workers(limit=SHORT)
    yield pool
    await pool.close()


async def test_result(workers: Workers) -> None:
    """The result of a function comes back from another process."""
    pid = await workers.run(os.getpid)

    assert pid != os.getpid()
    assert await workers.run(divmod, 7, 2) == (3, 1)
    assert await workers.run(int, "ff", base=16) == 255
    assert pid == await workers.run(os.getpid)


ERRORS = [
    FetchError("gone", permanent=True, status=410, retry_after=timedelta(seconds=5)),
    ParseError("not a feed: an image"),
    ExtractError("no text"),
]
FOREIGN = [KeyError("x"), TimeoutError("the function's own"), LookupError("unknown encoding: base64")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
async def test_error(workers: Workers, error: Exception) -> None:
    """An error of ours comes back as it was, with all that it carries."""
    with pytest.raises(type(error)) as caught:
        await workers.run(throw, error)

    assert error.args == caught.value.args
    assert facts(error) == facts(caught.value)


@pytest.mark.parametrize("error", FOREIGN, ids=lambda e: type(e).__name__)
async def test_a_librarys_error_costs_this_task_only(workers: Workers, error: Exception) -> None:
    """Callers know our errors; whatever else a library raises comes back as a failed task, in words."""
    with pytest.raises(WorkerFailed, match=type(error).__name__):
        await workers.run(throw, error)


async def test_error_that_cannot_travel(workers: Workers) -> None:
    """An error that cannot be pickled comes back as words, and the worker lives on."""
    pid = await workers.run(os.getpid)

    with pytest.raises(WorkerFailed, match="StubbornError: no luck"):
        await workers.run(throw_stubborn)

    assert pid == await workers.run(os.getpid)


async def test_hang(hasty: Workers) -> None:
    """A task that hangs is killed at the limit, and the next one finds a fresh process."""
    pid = await hasty.run(os.getpid)

    with pytest.raises(WorkerFailed, match="no answer within 4 s"):
        await hasty.run(hang)

    assert pid != await hasty.run(os.getpid)
    assert gone(pid)


async def test_frozen(hasty: Workers) -> None:
    """A worker that no longer takes tasks is replaced at the second one."""
    pid = await hasty.run(os.getpid)
    os.kill(pid, signal.SIGSTOP)

    for _ in range(2):
        with pytest.raises(WorkerFailed, match="no worker took the task within 4 s"):
            await hasty.run(os.getpid)

    assert pid != await hasty.run(os.getpid)
    assert gone(pid)


@pytest.mark.parametrize("leave", [SystemExit(5), KeyboardInterrupt()], ids=["exit", "interrupt"])
async def test_exit_by_exception(workers: Workers, leave: BaseException) -> None:
    """What would end a program ends the task, and not the daemon."""
    with pytest.raises(WorkerFailed, match=type(leave).__name__):
        await workers.run(throw, leave)

    assert await workers.run(abs, -1) == 1


async def test_exit(workers: Workers) -> None:
    """A worker that ends in the middle of a task costs that task only."""
    with pytest.raises(WorkerFailed, match="exit code 3"):
        await workers.run(os._exit, 3)

    assert await workers.run(abs, -1) == 1


async def test_crash(workers: Workers) -> None:
    """A crash names the signal."""
    with pytest.raises(WorkerFailed, match="SIGABRT"):
        await workers.run(os.abort)


async def test_memory() -> None:
    """A task that wants more memory than it may have costs that task only."""
    workers = Workers(limit=LONG, memory=512 * 1024**2)
    try:
        with pytest.raises(WorkerFailed, match="too much memory"):
            await workers.run(bytearray, 1024**3)
        assert await workers.run(abs, -1) == 1
    finally:
        await workers.close()


async def test_idle_worker_killed(workers: Workers) -> None:
    """A worker that is killed while it waits is replaced."""
    os.kill(await workers.run(os.getpid), signal.SIGKILL)
    await asyncio.sleep(0.5)

    assert await workers.run(abs, -1) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_signals(workers: Workers, number: signal.Signals) -> None:
    """Ctrl-C and systemd's stop, which reach the whole group, leave a worker to its task."""
    pid = await workers.run(os.getpid)
    task = asyncio.create_task(workers.run(nap, 0.5))
    await asyncio.sleep(0.2)
    os.kill(pid, number)

    assert pid == await task


async def test_cancel(workers: Workers) -> None:
    """Cancelling a call kills its process."""
    pid = await workers.run(os.getpid)
    task = asyncio.create_task(workers.run(hang))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await workers.run(abs, -1) == 1
    assert gone(pid)


async def test_two_at_once() -> None:
    """With two processes a slow task does not hold up a quick one."""
    workers = Workers(2, limit=LONG)
    try:
        slow = asyncio.create_task(workers.run(hang))
        await asyncio.sleep(0)
        assert await workers.run(abs, -1) == 1
        assert not slow.done()
    finally:
        await workers.close()
    with pytest.raises(WorkerFailed, match="closed"):
        await slow


async def test_close(workers: Workers) -> None:
    """Closing does not wait for a task that hangs, and nothing can be run afterwards."""
    pid = await workers.run(os.getpid)
    task = asyncio.create_task(workers.run(hang))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await workers.close()

    assert time.monotonic() - began < 3
    assert gone(pid)
    with pytest.raises(WorkerFailed, match="closed"):
        await task
    with pytest.raises(WorkerFailed, match="closed"):
        await workers.run(abs, -1)


async def test_close_unused() -> None:
    """Closing workers that never worked is nothing special."""
    await Workers().close()


async def test_recycled() -> None:
    """A process is replaced after its share of tasks."""
    workers = Workers(limit=LONG, max_tasks=2)
    try:
        pids = [await workers.run(os.getpid) for _ in range(5)]
    finally:
        await workers.close()

    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


ORPHAN = """
import asyncio, os, time
from monitor.app.workers import Workers

async def main():
    workers = Workers(max_tasks=1)
    first = await workers.run(os.getpid)
    task = asyncio.create_task(workers.run(time.sleep, 1000))
    await asyncio.sleep(1.5)  # the second worker, started by another thread, is at it
    print("ready", flush=True)
    await task

asyncio.run(main())
"""


def test_no_orphans() -> None:
    """When the parent is killed outright, a busy worker dies with it."""
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent, parent.stdout as lines:
        assert lines.readline() == "ready\n"
        family = children(parent.pid)
        parent.kill()

    assert len(family) >= 2  # the worker, and multiprocessing's own helper
    deadline = time.monotonic() + 2
    while not all(gone(pid) for pid in family) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(gone(pid) for pid in family)


SCRIPT = """
import asyncio, sys
from monitor.app.workers import Workers
from monitor.articles.tasks import read_page
from monitor.errors import ExtractError

async def main():
    workers = Workers()
    try:
        await workers.run(read_page, b"", "https://example.org/", "text/html")
    except ExtractError as error:
        print(error)
    await workers.close()
    print(sorted({"trafilatura", "feedparser", "lxml"} & set(sys.modules)))

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.parametrize("way", ["command", "script", "module"])
def test_ways_to_start(way: str, tmp_path: Path) -> None:
    """Workers work whichever way Python was started, and the heavy libraries stay out of the main process."""
    script = tmp_path / "news-desk"  # a console script has no suffix
    script.write_text(SCRIPT)
    (tmp_path / "desk.py").write_text(SCRIPT)
    command = {"command": ["-c", SCRIPT], "script": [str(script)], "module": ["-m", "desk"]}[way]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False
    )

    assert done.stderr == ""
    assert done.stdout == "the page is empty\n[]\n"


class StubbornError(NewsMonitorError):
    def __init__(self, *, why: str) -> None:
        super().__init__(f"no luck: {why}")
        self.args = (f"no luck: {why}", why)

    def __str__(self) -> str:
        return "no luck"


def throw(error: BaseException) -> None:
    raise error


def throw_stubborn() -> None:
    raise StubbornError(why="bad luck")


def hang() -> None:
    while True:
        pass


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def facts(error: Exception) -> dict[str, object]:
    return {name: value for name, value in vars(error).items() if name != "traceback"}  # pebble's addition


def children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").glob("*/children")  # a child belongs to the thread that started it
    return [int(child) for thread in threads for child in thread.read_text().split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_quick_tasks_of_a_moment_go_together(workers: Workers) -> None:
    """Each has its own answer or error, whatever the others have; a later one goes by itself."""
    answers = await asyncio.gather(
        workers.run_quick(divmod, 7, 2),
        workers.run_quick(throw, ERRORS[1]),
        workers.run_quick(throw, FOREIGN[0]),
        workers.run_quick(int, "ff", base=16),
        return_exceptions=True,
    )

    assert (3, 1) == answers[0]
    assert isinstance(answers[1], ParseError)
    assert isinstance(answers[2], WorkerFailed)
    assert 255 == answers[3]
    assert os.getpid() != await workers.run_quick(os.getpid)


async def test_a_quick_task_that_dies_takes_no_other_with_it(workers: Workers) -> None:
    """The others are done again without it."""
    answers = await asyncio.gather(
        workers.run_quick(divmod, 7, 2),
        workers.run_quick(os._exit, 3),
        workers.run_quick(int, "12"),
        return_exceptions=True,
    )

    assert (3, 1) == answers[0]
    assert isinstance(answers[1], WorkerFailed)
    assert 12 == answers[2]


async def test_whoever_waits_for_a_quick_task_is_told_when_the_workers_close(workers: Workers) -> None:
    """Nobody waits for ever."""
    waiting = [asyncio.create_task(workers.run_quick(time.sleep, 30)) for _ in range(3)]
    await asyncio.sleep(0.5)
    await workers.close()

    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(answer, WorkerFailed) for answer in answers)


async def test_idle_processes_are_looked_after_less_often(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """And closely again with the next task, so that a death is noticed as soon as ever."""
    monkeypatch.setattr("monitor.app.workers.IDLE_AFTER_SECONDS", 0.05)
    await workers.run(os.getpid)
    async with asyncio.timeout(10):
        while CONSTS.sleep_unit != WATCH_IDLE_SECONDS:
            await asyncio.sleep(0.01)

    task = asyncio.create_task(workers.run(time.sleep, 0.5))
    await asyncio.sleep(0.1)
    assert WATCH_SECONDS == CONSTS.sleep_unit
    await task
