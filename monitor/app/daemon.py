"""The service: starts in order, works until it is told to stop, reloads, and stops with nothing half done.

Everything that matters is in the store before it is done, so stopping is a courtesy, not a duty.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TextIO

from monitor.app import canary, systemd
from monitor.app import config as configuration
from monitor.app.attendants import Attendant, Attendants, View
from monitor.app.build import Parts, assemble, remember_configuration, routes_of, settle_after, sinks_of
from monitor.app.clock import LEAST_STEP, ClockWatch, utc_now
from monitor.app.commands import Command, Commands
from monitor.app.config import Config
from monitor.app.config_watch import ConfigWatch
from monitor.app.control import Control
from monitor.app.jobs import Jobs
from monitor.app.last_resort import Stopping, end_by_force
from monitor.app.scheduler import Heartbeat
from monitor.app.store_thread import StoreThread
from monitor.app.story_desk import Memory
from monitor.app.vitals import Pulse
from monitor.app.workers import Workers
from monitor.errors import ConfigError, Refused, StoreError
from monitor.model import Delivery, DeliveryState, Notice
from monitor.rules.index import advice
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

WORKERS = 2
LOOK_UPS_AT_ONCE = 64
STOP_LIMIT = timedelta(seconds=30)  # for a message that is being sent; for a stop as a whole: last_resort.py
LATE_BEAT = timedelta(seconds=5)
COLLECT_AFTER = 5_000, 10, 10  # as gc.set_threshold takes it
LOOK_AT_FILES_SECONDS = 1.0  # those of the configuration
SLACK = ("slack", "setup")
PUSH = ("push", "setup")
ABSENT = "absent"  # the kind of a notice that is about a sink
CONFIGURATION = ("configuration", "refused")  # what a notice of it is about, and its kind


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a single sweep leaves behind."""

    left: tuple[Delivery, ...]  # could not be delivered and wait for the next run
    dead: int  # messages that were given up during it
    faults: tuple[str, ...]  # what our own program failed over, in words


class Daemon:
    """One process, one database, one event loop."""

    def __init__(
        self,
        config: Config,
        output: TextIO,
        *,
        announce: bool = True,
        clock: Callable[[], datetime] = utc_now,
        trace: Callable[[str], None] | None = None,
        attendants: Sequence[Attendant] = (),
        stopping: Stopping | None = None,
    ) -> None:
        self._config = config
        self._output = output
        self._announces = announce
        self._clock = clock
        self._store = StoreThread(lambda: Store.writer(config.database, trace))
        self._workers = Workers(WORKERS)
        self._memory = Memory()
        self._files = ConfigWatch(config.directory)
        self._next_look = 0.0  # at those, on the loop's clock
        self._control = Control(config.database, self._perform)
        self._commands: Commands | None = None  # under the configuration in force
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._clock_watch = ClockWatch(clock)
        self._beside: set[asyncio.Task[None]] = set()  # what holds up no news
        self._pulse = Pulse(self._workers)
        self._up_since = clock()
        self._writing: asyncio.Task[None] | None = None  # to see whether the store can
        self._attendants = Attendants(attendants)
        self._stopping = stopping or Stopping()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop: a sweep may have been cut short."""
        return self._stop.is_set()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises StoreError when the database cannot be used."""
        self._config = canary.added(self._config)
        try:
            await self._serve(await self._start())
        finally:
            await self._close()
            self._stopping.closed = True

    async def run_once(self, *, now: bool = False) -> Sweep:
        """One sweep: every due feed (with `now`: every feed) once, then all that follows from it."""
        try:
            parts = await self._start()
            try:
                dead = await self._store.ask(_dead)
                if now:
                    await self._store.change(lambda store: store.feeds.make_due(self._clock()))
                await self._check_slack(parts)
                jobs = self._jobs(parts, each_feed_once=True)
                await self._sweep(jobs)
                await jobs.finish(STOP_LIMIT)
            finally:
                await parts.close()
            left = await self._store.ask(lambda store: store.deliveries.unfinished())
            return Sweep(left, await self._store.ask(_dead) - dead, tuple(jobs.faults))
        finally:
            await self._close()

    # ---- in order ----

    async def _start(self) -> Parts:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
            # In the place of asyncio's own handler, which does nothing. The loop hears of a signal by a byte in a
            # socket; while it is busy and some 280 wake-ups wait there, that byte is lost. This runs anyway.
            signal.signal(number, partial(self._told_to_stop, loop))
        loop.add_signal_handler(signal.SIGHUP, self._asked_to_reload)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP, signal.SIGTERM})
        # Name look-ups block a thread each; with the default of a few, one dead name server would stop all feeds.
        loop.set_default_executor(ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="look-up"))
        await self._store.open()
        self._config = await self._store.change(lambda store: self._take_up(store, self._config))
        parts = await self._assembled(self._config)
        if self._announces:
            self._announce(parts)
        return parts

    async def _assembled(self, config: Config) -> Parts:
        """The parts under a configuration, with what the store has for them."""
        parts = assemble(config, self._store, self._workers, self._output, self._clock, self._memory)
        await parts.pipeline.holds.take_up()
        await parts.pipeline.releaser.take_up()
        return parts

    def _take_up(self, store: Store, config: Config) -> Config:
        """What a configuration changes in the store, at the start and at a reload. Nothing is being sent then."""
        now = self._clock()
        ahead = store.clock.ahead_of(now)
        if ahead >= LEAST_STEP:
            self._plan_anew(store, ahead)
        config = remember_configuration(store, config, now)
        store.notices.end(CONFIGURATION[0], CONFIGURATION[1:], "The configuration is good again and in force.", now)
        store.deliveries.doubt_unfinished(settle_after(config))
        routes = routes_of(config)
        targets = {rule.name: routes.target(rule.channel) for rule in config.rules.rules}
        store.deliveries.reroute(targets, sink=routes.sink, operations=routes.operations)
        store.deliveries.part(targets, sink=routes.sink)
        store.deliveries.unblock(now)
        self._notice_absent(store, set(sinks_of(config)))
        return config

    def _notice_absent(self, store: Store, present: set[str]) -> None:
        for sink in {head.sink for head in store.deliveries.heads()} - present:
            log.warning("alerts wait for a sink that is not set up now", extra={"sink": sink})
            words = (
                f"Alerts for {sink} wait: monitor.yaml does not set it up any more; set it up again to have them sent"
            )
            store.notices.add(Notice(sink, ABSENT, words), self._clock())
        for sink in present:
            store.notices.end(sink, {ABSENT}, f"{sink} is set up again; its alerts go out.", self._clock())

    def _announce(self, parts: Parts) -> None:
        """The first line says where alerts go."""
        slack = parts.config.monitor.slack
        where = (
            f"Alerts go to Slack, {slack.channel} unless a rule names another channel."
            if parts.slack
            else "No Slack token (SLACK_BOT_TOKEN is not set): alerts go to this console."
        )
        print(where, file=self._output, flush=True)
        log.info(
            "started",
            extra={
                "feeds": len(parts.config.feeds),
                "rules": len(parts.config.rules.rules),
                "database": parts.config.database,
                "config": parts.config.directory,
            },
        )
        said = advice(len(parts.config.rules.rules))
        if said is not None:
            log.info("many rules", extra={"advice": said})

    async def _check_slack(self, parts: Parts) -> None:
        """A wrong token or channel is told at once; polling goes on, and the alerts wait."""
        if parts.slack is None:
            return
        routes = routes_of(parts.config)
        targets = {routes.target(rule.channel) for rule in parts.config.rules.rules}
        targets |= {routes.operations or routes.default_target, *parts.config.monitor.slack.allowed_channels}
        wrong = await parts.slack.check(targets)
        if wrong is None:
            return
        for problem in wrong:
            log.error("Slack is not set up right", extra={"why": problem})
        try:
            await self._store.change(lambda store: self._notice_slack(store, wrong))
        except StoreError as e:
            log.error("operators cannot be told", extra={"why": str(e)})

    def _notice_slack(self, store: Store, wrong: Sequence[str]) -> None:
        if wrong:
            store.notices.add_anew(Notice(*SLACK, f"Slack is not set up right: {'; '.join(wrong)}"), self._clock())
        else:
            store.notices.end(SLACK[0], SLACK[1:], "Slack is set up right now.", self._clock())

    async def _take_commands(self, parts: Parts) -> None:
        self._commands = parts.commands
        try:
            await self._control.open()
        except OSError as e:
            log.error("no commands can be taken while this runs", extra={"why": str(e)})

    async def _perform(self, command: Command) -> str:
        if self._commands is None:
            raise Refused("the daemon is not ready yet; ask again")
        done = await self._commands.perform(command)
        self._wake.set()
        return done

    async def _listen(self, parts: Parts) -> None:
        """For hubs. Without them feeds are polled as ever, so nothing that is wrong here ends the service."""
        wrong = None
        try:
            if parts.push is not None:
                await parts.push.open()
        except (OSError, StoreError) as e:
            wrong = str(e)
            log.error("cannot listen for pushes; feeds are polled without them", extra={"why": wrong})
        try:
            await self._store.change(lambda store: self._notice_push(store, wrong))
        except StoreError as e:
            log.error("operators cannot be told", extra={"why": str(e)})

    def _notice_push(self, store: Store, wrong: str | None) -> None:
        if wrong is None:
            store.notices.end(PUSH[0], PUSH[1:], "Hubs can reach us again.", self._clock())
        else:
            words = f"No hub can reach us, feeds are polled without them: {wrong}; mend `websub.listen` and reload"
            store.notices.add_anew(Notice(*PUSH, words), self._clock())

    def _begin_beside(self, parts: Parts) -> None:
        """Beside the work: a Slack that does not answer holds up nothing."""
        self._begin(self._check_slack(parts))
        self._begin(self._pulse.feel_the_loop())
        if parts.socket is not None:
            self._begin(parts.socket.run())

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._beside.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("something beside the work ended unexpectedly", exc_info=error)

    async def _end_beside(self) -> None:
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)

    async def _serve(self, parts: Parts) -> None:
        jobs = self._jobs(parts)
        heartbeat = Heartbeat(self._wake.set)
        heartbeat.start()
        systemd.notify(f"READY=1\nSTATUS={_status(parts)}")
        self._begin_beside(parts)
        _spare_the_collector()
        try:
            await self._take_commands(parts)
            await self._listen(parts)
            await self._attendants.open(self._view(parts))
            while not self._stop.is_set():
                if self._reload.is_set() or self._files_have_changed():
                    self._reload.clear()
                    parts, jobs = await self._reloaded(parts, jobs)
                    _spare_the_collector()
                await self._work(jobs)
                self._write_now_and_then()
                if not self._pulse.stuck():
                    # Fed by progress, not by a timer: of this loop, of the store's writer and of the workers.
                    systemd.notify("WATCHDOG=1")
                await self._next_beat(heartbeat)
        finally:
            systemd.notify("STOPPING=1")
            log.info("stopping", extra={"under_way": jobs.under_way})
            heartbeat.stop()
            for what, end in (
                ("commands", self._control.close),
                ("the web server, the heartbeat and those who watch", self._attendants.close),
                ("what goes on beside the work", self._end_beside),
                ("jobs", partial(jobs.finish, STOP_LIMIT)),
                ("connections", parts.close),
            ):
                self._stopping.waits_for = what
                await end()

    def _view(self, parts: Parts) -> View:
        return View(parts, self._store, self._workers, self._pulse, self._clock, self._up_since)

    def _write_now_and_then(self) -> None:
        """An empty transaction shows that the store can. Beside the work: one that is stuck must not hold that up."""
        if self._pulse.wants_a_write and (self._writing is None or self._writing.done()):
            self._writing = self._begin(self._write())

    async def _write(self) -> None:
        try:
            await self._store.change(lambda _: None)
        except StoreError as e:
            self._pulse.store_answered(str(e))
        else:
            self._pulse.store_answered()

    async def _work(self, jobs: Jobs) -> None:
        try:
            await self._mind_the_clock()
            await jobs.start_due()
            self._pulse.came_round()
        except StoreError as e:
            # A full or failing disk must not end the service: what is due stays due, and a restart would mend nothing.
            self._pulse.came_round()
            self._pulse.store_answered(str(e))
            log.error("cannot ask the database what is due; trying again", extra={"why": str(e)})
        except Exception:
            log.exception("cannot find out what is due; trying again")

    async def _next_beat(self, heartbeat: Heartbeat) -> None:
        """Wait for something to do. On the monotonic clock: when the wall clock steps back the heartbeat stops."""
        try:
            async with asyncio.timeout(LATE_BEAT.total_seconds()):
                await self._wake.wait()
        except TimeoutError:
            heartbeat.rearm()
        self._wake.clear()

    async def _mind_the_clock(self) -> None:
        step = self._clock_watch.set_back_by()
        if step is not None:
            await self._store.change(lambda store: self._plan_anew(store, step))

    def _plan_anew(self, store: Store, step: timedelta) -> None:
        log.warning("the clock was set back; all that was planned is moved along", extra={"by": step})
        store.clock.set_back(step, self._clock())

    async def _sweep(self, jobs: Jobs) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            await jobs.start_due()
            if not jobs.under_way and not await jobs.something_comes():
                return
            try:
                async with asyncio.timeout(0.2):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _close(self) -> None:
        self._stopping.waits_for = "worker processes"
        await self._workers.close()
        self._stopping.waits_for = "the database"
        try:
            if self._memory.has_counts:
                await self._store.change(self._memory.write_counts)
        except StoreError as e:
            log.error("how common words are was not written", extra={"why": str(e)})
        await self._store.close()

    # ---- reload ----

    def _files_have_changed(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now < self._next_look:
            return False
        self._next_look = now + LOOK_AT_FILES_SECONDS
        return self._files.has_changed()

    async def _reloaded(self, parts: Parts, jobs: Jobs) -> tuple[Parts, Jobs]:
        """All or nothing: with anything wrong the last good configuration stays in force."""
        systemd.notify("RELOADING=1")
        self._files.reading()
        try:
            config = await asyncio.to_thread(configuration.load, parts.config.directory, before=parts.config.written)
            config = canary.added(config)
            self._pulse.came_round()  # with very many rules that took its time
        except ConfigError as e:
            await self._refuse_reload([str(problem) for problem in e.problems])
            return parts, jobs
        except Exception as e:
            log.exception("the configuration cannot be read")
            await self._refuse_reload([f"the configuration cannot be read ({type(e).__name__})"])
            return parts, jobs
        if config.database != parts.config.database:
            log.warning("a new `database` takes effect at the next start only")
        await jobs.finish(STOP_LIMIT)
        try:
            config = await self._store.change(lambda store: self._take_up(store, config))
        except StoreError as e:
            await self._refuse_reload([str(e)])
            return parts, self._jobs(parts)
        await self._end_beside()
        await self._attendants.close()
        await parts.close()
        self._config = config
        renewed = await self._assembled(config)
        self._commands = renewed.commands
        self._begin_beside(renewed)
        await self._listen(renewed)
        await self._attendants.open(self._view(renewed))
        log.info("reloaded", extra={"feeds": len(config.feeds), "rules": len(config.rules.rules)})
        systemd.notify(f"READY=1\nSTATUS={_status(renewed)}")
        return renewed, self._jobs(renewed)

    async def _refuse_reload(self, problems: Sequence[str]) -> None:
        for problem in problems:
            log.error("reload refused, the running configuration stays", extra={"problem": problem})
        systemd.notify("READY=1\nSTATUS=reload refused; running with the last good configuration")
        more = f" (and {len(problems) - 1} more problems)" if len(problems) > 1 else ""
        words = f"The new configuration was refused, the last good one stays in force: {problems[0]}{more}"
        try:
            # An edit that is wrong in another way is news again.
            notice = Notice(*CONFIGURATION, words)
            await self._store.change(lambda store: store.notices.add_anew(notice, self._clock()))
        except StoreError as e:
            log.error("operators cannot be told", extra={"why": str(e)})

    def _jobs(self, parts: Parts, *, each_feed_once: bool = False) -> Jobs:
        return Jobs(
            parts.pipeline,
            parts.healing,
            parts.push,
            self._store,
            parts.sinks,
            self._clock,
            each_feed_once=each_feed_once,
            wake=self._wake,
        )

    def _told_to_stop(self, loop: asyncio.AbstractEventLoop, _number: int, _frame: object) -> None:
        self._stopping.begun.put(None)
        loop.call_soon_threadsafe(self._asked_to_stop)

    def _asked_to_stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def _asked_to_reload(self) -> None:
        self._reload.set()
        self._wake.set()


def _dead(store: Store) -> int:
    return store.ledger.delivery_states().get(DeliveryState.DEAD, 0)


def _status(parts: Parts) -> str:
    return f"{len(parts.config.feeds)} feeds, {len(parts.config.rules.rules)} rules"


def _spare_the_collector() -> None:
    """Rules, vocabularies and modules stay: walking them over and over took a fifth of what a look at a feed costs."""
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def serve(config: Config, output: TextIO, attendants: Sequence[Attendant] = ()) -> None:
    """The daemon in this process, until it is told to stop."""
    asyncio.run(_serve(config, output, attendants))


async def _serve(config: Config, output: TextIO, attendants: Sequence[Attendant]) -> None:
    stopping = Stopping()
    end_by_force(stopping)
    await Daemon(config, output, attendants=attendants, stopping=stopping).run()


def sweep(config: Config, output: TextIO, *, now: bool) -> Sweep:
    """One sweep in this process."""
    return asyncio.run(_sweep(config, output, now=now))


async def _sweep(config: Config, output: TextIO, *, now: bool) -> Sweep:
    stopping = Stopping()
    end_by_force(stopping)
    return await Daemon(config, output, stopping=stopping).run_once(now=now)
