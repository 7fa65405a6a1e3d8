"""Processes for CPU-bound work on untrusted bytes; the only file that knows pebble.

A task that hangs, bloats or crashes costs its own process and nothing else. What is run must be a function
that a module names (it travels by name) and must have no side effects: a killed task is simply gone.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Final, ParamSpec, TypeVar, cast

from pebble import CONSTS, ProcessExpired, ProcessFuture, ProcessPool

from monitor.errors import NewsMonitorError

P = ParamSpec("P")
T = TypeVar("T")

TASK_LIMIT: Final = timedelta(seconds=15)
MAX_TASKS: Final = 2_000  # then a fresh process: lxml and the caches of its users never give memory back
UNTAKEN: Final = 2  # tasks in a row that no process took: one was slow to start; then they are stuck, and replaced
MAX_MEMORY: Final = 2 * 1024**3  # bytes of address space
GATHER_SECONDS: Final = 0.005
MOST_TOGETHER: Final = 32  # quick tasks
# How often pebble's threads look after their processes; a result does not wait for that, only a death or a kill does.
# Twenty looks a second were most of what a daemon with nothing to do cost.
WATCH_SECONDS, WATCH_IDLE_SECONDS = 0.1, 0.5
IDLE_AFTER_SECONDS: Final = 2.0

OUT_OF_MEMORY: Final = 86  # our own exit code, apart from those of Python and the shell
PR_SET_PDEATHSIG: Final = 1  # prctl(2)


class WorkerFailed(NewsMonitorError):
    """The process that did the work is gone and has left no answer; the next task gets a new one."""


@dataclass(frozen=True, slots=True, eq=False)
class _Quick:
    call: Callable[[], object]
    answer: asyncio.Future[object]

    def settle(self, answer: object) -> None:
        if self.answer.done():  # whoever asked was cancelled
            return
        if isinstance(answer, Exception):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class Workers:
    """`count` processes, started with the first task.

    `limit` is wall time on a monotonic clock; it counts from when a process is free for the task and includes
    the start of a process that has to be started. `memory` is address space in bytes.
    """

    def __init__(
        self,
        count: int = 1,
        *,
        limit: timedelta = TASK_LIMIT,
        max_tasks: int = MAX_TASKS,
        memory: int = MAX_MEMORY,
    ) -> None:
        self._count = count
        self._limit = limit
        self._max_tasks = max_tasks
        self._memory = memory
        self._free = asyncio.Semaphore(count)
        self._running: set[ProcessFuture[object]] = set()
        self._pool: ProcessPool | None = None
        self._closed = False
        self._untaken = 0
        self._quick: list[_Quick] = []
        self._journeys: set[asyncio.Task[None]] = set()
        self._begun: dict[int, float] = {}  # tasks under way, on the loop's clock
        self._idle: asyncio.TimerHandle | None = None
        self.lost = 0  # tasks whose process died, or had to be killed

    @property
    def stuck_for(self) -> timedelta:
        """How much longer than its limit the oldest task is under way: a task of ours always ends within it."""
        if not self._begun:
            return timedelta(0)
        age = timedelta(seconds=asyncio.get_running_loop().time() - min(self._begun.values()))
        return max(age - self._limit, timedelta(0))

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises, from another process. Cancelling kills that process.

        Raises WorkerFailed when there was no answer within the limit, or the process died.
        """
        async with self._free:
            call = partial(function, *args, **kwargs)
            self._watch_closely()
            self._begun[id(call)] = asyncio.get_running_loop().time()
            try:
                answer = await self._answer(call)
            except WorkerFailed:
                self.lost += 1
                raise
            finally:
                del self._begun[id(call)]
                if not self._begun and not self._closed:
                    self._idle = asyncio.get_running_loop().call_later(IDLE_AFTER_SECONDS, _watch_now_and_then)
        return cast("T", answer)

    async def run_quick(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, for tasks of a few milliseconds: those of a moment go together, as the way costs more than they do.

        When that ends badly each goes once more, alone, so that only the one at fault suffers.
        """
        loop = asyncio.get_running_loop()
        task = _Quick(partial(function, *args, **kwargs), loop.create_future())
        self._quick.append(task)
        if len(self._quick) == 1:
            loop.call_later(GATHER_SECONDS, self._depart)
        return cast("T", await task.answer)

    def _depart(self) -> None:
        while self._quick:
            together, self._quick = self._quick[:MOST_TOGETHER], self._quick[MOST_TOGETHER:]
            journey = asyncio.create_task(self._go(together))
            self._journeys.add(journey)
            journey.add_done_callback(self._journeys.discard)

    async def _go(self, together: Sequence[_Quick]) -> None:
        try:
            answers = await self.run(_each, [task.call for task in together])
        except Exception:
            await asyncio.gather(*(self._go_alone(task) for task in together))
        else:
            for task, answer in zip(together, answers, strict=True):
                task.settle(answer)

    async def _go_alone(self, task: _Quick) -> None:
        try:
            task.settle(await self.run(task.call))
        except Exception as error:
            task.settle(error)

    async def close(self) -> None:
        """Kill the processes, whatever they do. Tasks under way, and all later ones, raise WorkerFailed."""
        self._closed = True
        self._watch_closely()
        for future in tuple(self._running):
            future.cancel()  # type: ignore[no-untyped-call]
        pool, self._pool = self._pool, None
        await _stop(pool)

    def _watch_closely(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        CONSTS.sleep_unit = WATCH_SECONDS

    async def _answer(self, call: Callable[[], object]) -> object:
        pool = await self._live_pool()
        future = pool.schedule(_guarded, args=(call,))
        self._running.add(future)
        try:
            answer = asyncio.wrap_future(future)
            done, _ = await asyncio.wait({answer}, timeout=self._limit.total_seconds())
            taken = bool(done) or future.running()
            if answer.cancelled():
                raise WorkerFailed("the workers were closed")
            if done:
                self._untaken = 0
                return answer.result()
        except ProcessExpired as error:
            raise WorkerFailed(_cause_of_death(error.exitcode)) from error
        except BrokenProcessPool as error:
            raise WorkerFailed("the worker died before it took the task") from error
        finally:
            future.cancel()  # type: ignore[no-untyped-call]  # kills the process that is at it, if any
            self._running.discard(future)
        seconds = self._limit.total_seconds()
        if taken:
            self._untaken = 0
            raise WorkerFailed(f"no answer within {seconds:g} s, the worker was stopped")
        self._untaken += 1
        if self._untaken >= UNTAKEN and self._pool is pool:
            self._pool = None
            await _stop(pool)
        raise WorkerFailed(f"no worker took the task within {seconds:g} s")

    async def _live_pool(self) -> ProcessPool:
        if self._pool is not None and not self._pool.active:
            # pebble gives its pool up for good when an idle process dies, as under the kernel's OOM killer.
            broken, self._pool = self._pool, None
            await _stop(broken)
        if self._closed:
            raise WorkerFailed("the workers are closed")
        if self._pool is None:
            self._pool = self._new_pool()
        return self._pool

    def _new_pool(self) -> ProcessPool:
        pool = ProcessPool(
            max_workers=self._count,
            max_tasks=self._max_tasks,
            initializer=_prepare,
            initargs=(os.getpid(), self._memory),
            context=_Context(),
        )
        # Asking starts the processes: here, on the loop's thread. Later ones come from a thread as old as the
        # pool. Both matter, for the kernel kills a worker when the *thread* that started it ends (prctl(2)).
        try:
            _ = pool.active
        except (BrokenProcessPool, OSError) as error:  # as when there are no file descriptors left
            raise WorkerFailed(f"no worker could be started: {error.__cause__ or error}") from error
        return pool


class _Worker(SpawnProcess):
    """A process that is left alone by Ctrl-C and by systemd's stop, from its first moment on."""

    def start(self) -> None:
        # A mask is inherited; a handler could only be set once the new interpreter is up.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def terminate(self) -> None:
        """SIGTERM would not be heard, and what hangs in C code would not hear it anyway."""
        self.kill()


class _Context(SpawnContext):
    Process = _Worker


def _prepare(parent: int, memory: int) -> None:
    """The first thing that a worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # A worker speaks by its answer; what libraries say about a page must not reach the daemon's stderr.
    logging.disable()


def _die_with(parent: int) -> None:
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _guarded(call: Callable[[], object]) -> object:
    """Runs in the worker. Our own errors travel as they are; what a library trips over costs this task only.

    An error that cannot travel would break the whole pool (lxml has such errors); an exit would end the daemon.
    """
    try:
        return call()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # C libraries are not to be trusted after a failed allocation
    except BaseException as error:
        if isinstance(error, NewsMonitorError) and _travels(error):
            raise
        raise WorkerFailed(f"{type(error).__name__}: {error}") from None


def _each(calls: Sequence[Callable[[], object]]) -> list[object]:
    """Runs in the worker: what each returns, or its error."""
    answers: list[object] = []
    for call in calls:
        try:
            answers.append(_guarded(call))
        except NewsMonitorError as error:
            answers.append(error)
    return answers


def _travels(error: NewsMonitorError) -> bool:
    try:
        return type(pickle.loads(pickle.dumps(error))) is type(error)  # noqa: S301 - our own bytes
    except Exception:
        return False


def _cause_of_death(exit_code: int) -> str:
    if exit_code == OUT_OF_MEMORY:
        return "the worker needed too much memory"
    if exit_code < 0:
        return f"the worker was ended by {signal.Signals(-exit_code).name}"
    return f"the worker ended with exit code {exit_code}"


def _watch_now_and_then() -> None:
    CONSTS.sleep_unit = WATCH_IDLE_SECONDS


async def _stop(pool: ProcessPool | None) -> None:
    if pool is not None:
        pool.stop()  # type: ignore[no-untyped-call]
        await asyncio.to_thread(pool.join)
