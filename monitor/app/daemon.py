"""The service: starts in order, works until it is told to stop, reloads, and stops with nothing half done.

Everything that matters is in the store before it is done, so stopping is a courtesy, not a duty.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TextIO

from monitor.app import config as configuration
from monitor.app import systemd
from monitor.app.build import Parts, assemble, remember_configuration, routes_of, settle_after
from monitor.app.clock import utc_now
from monitor.app.config import Config
from monitor.app.jobs import Jobs, is_stuck
from monitor.app.scheduler import Heartbeat
from monitor.app.store_thread import StoreThread
from monitor.app.workers import Workers
from monitor.errors import ConfigError, StoreError
from monitor.model import Delivery
from monitor.store.sqlite.store import Store

log = logging.getLogger(__name__)

WORKERS = 2
LOOK_UPS_AT_ONCE = 64
STOP_LIMIT = timedelta(seconds=30)  # systemd waits 45 s
LATE_BEAT = timedelta(seconds=5)
# `run --once` waits this long for a page to be tried again or a sink that asked for patience.
PAGE_PATIENCE = timedelta(seconds=15)
SINK_PATIENCE = timedelta(seconds=60)


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
    ) -> None:
        self._config = config
        self._output = output
        self._announces = announce
        self._clock = clock
        self._store = StoreThread(lambda: Store.writer(config.database, trace))
        self._workers = Workers(WORKERS)
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop: a sweep may have been cut short."""
        return self._stop.is_set()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises StoreError when the database cannot be used."""
        try:
            await self._serve(await self._start())
        finally:
            await self._close()

    async def run_once(self, *, now: bool = False) -> tuple[Delivery, ...]:
        """One sweep: every due feed (with `now`: every feed) once, then all that follows from it.

        Returns the deliveries that could not be made and wait for the next run.
        """
        try:
            parts = await self._start()
            try:
                if now:
                    await self._store.change(lambda store: store.feeds.make_due(self._clock()))
                await self._check_slack(parts)
                jobs = self._jobs(parts, each_feed_once=True)
                await self._sweep(jobs, parts)
                await jobs.finish(STOP_LIMIT)
            finally:
                await parts.close()
            return await self._store.ask(lambda store: store.deliveries.unfinished())
        finally:
            await self._close()

    # ---- in order ----

    async def _start(self) -> Parts:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop)
        loop.add_signal_handler(signal.SIGHUP, self._asked_to_reload)
        # Name look-ups block a thread each; with the default of a few, one dead name server would stop all feeds.
        loop.set_default_executor(ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="look-up"))
        await self._store.open()
        await self._store.change(lambda store: self._take_up(store, self._config))
        parts = assemble(self._config, self._store, self._workers, self._output, self._clock)
        if self._announces:
            self._announce(parts)
        return parts

    def _take_up(self, store: Store, config: Config) -> None:
        """What a configuration changes in the store, at the start and at a reload. Nothing is being sent then."""
        now = self._clock()
        remember_configuration(store, config, now)
        store.deliveries.doubt_unfinished(settle_after(config))
        routes = routes_of(config)
        for rule in config.rules.rules:
            store.deliveries.reroute(rule.name, sink=routes.sink, target=routes.target(rule.channel))
        store.deliveries.unblock(now)
        waiting = {head.sink for head in store.deliveries.heads()}
        if routes.sink not in waiting and waiting:
            log.warning("alerts wait for a sink that is not set up now", extra={"sinks": ", ".join(waiting)})

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

    async def _check_slack(self, parts: Parts) -> None:
        """A wrong token is told at once; polling goes on, and the alerts wait."""
        if parts.slack is None:
            return
        routes = routes_of(parts.config)
        for wrong in await parts.slack.check({routes.target(rule.channel) for rule in parts.config.rules.rules}):
            log.error("Slack is not set up right", extra={"why": wrong})

    async def _serve(self, parts: Parts) -> None:
        jobs = self._jobs(parts)
        heartbeat = Heartbeat(self._wake.set)
        heartbeat.start()
        systemd.notify(f"READY=1\nSTATUS={_status(parts)}")
        checking = asyncio.create_task(self._check_slack(parts))  # a Slack that does not answer holds up nothing
        try:
            while not self._stop.is_set():
                if self._reload.is_set():
                    self._reload.clear()
                    parts, jobs = await self._reloaded(parts, jobs)
                await self._work(jobs)
                # Fed by progress, not by a timer: the loop came round and the store answered.
                systemd.notify("WATCHDOG=1")
                await self._next_beat(heartbeat)
        finally:
            systemd.notify("STOPPING=1")
            log.info("stopping", extra={"under_way": jobs.under_way})
            heartbeat.stop()
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
            await jobs.finish(STOP_LIMIT)
            await parts.close()

    async def _work(self, jobs: Jobs) -> None:
        try:
            await jobs.start_due()
        except StoreError as e:
            # A full or failing disk must not end the service: what is due stays due.
            log.error("cannot ask the database what is due; trying again", extra={"why": str(e)})
        except Exception:
            log.exception("cannot find out what is due; trying again")

    async def _next_beat(self, heartbeat: Heartbeat) -> None:
        """Wait for something to do. On the monotonic clock: when the wall clock steps back the heartbeat stops."""
        try:
            async with asyncio.timeout(LATE_BEAT.total_seconds()):
                await self._wake.wait()
        except TimeoutError:
            log.warning("no beat for seconds: the clock was set back, or this process was held; scheduling anew")
            heartbeat.rearm()
            await self._pull_in()
        self._wake.clear()

    async def _pull_in(self) -> None:
        """Feeds that a clock running ahead has put off are due within the usual interval again."""
        horizon = self._clock() + self._config.monitor.schedule.every
        try:
            await self._store.change(lambda store: store.feeds.pull_in(horizon))
        except StoreError as e:
            log.error("cannot schedule anew; trying again", extra={"why": str(e)})

    async def _sweep(self, jobs: Jobs, parts: Parts) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            await jobs.start_due()
            if not jobs.under_way and (jobs.resting or not await self._something_comes(parts)):
                return
            try:
                async with asyncio.timeout(0.2):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _something_comes(self, parts: Parts) -> bool:
        now = self._clock()
        if await self._store.ask(lambda store: store.feeds.waiting(now + PAGE_PATIENCE, 1)):
            return True
        heads = await self._store.ask(lambda store: store.deliveries.heads())
        return any(head.sink in parts.sinks and not is_stuck(head, now, SINK_PATIENCE) for head in heads)

    async def _close(self) -> None:
        await self._workers.close()
        await self._store.close()

    # ---- reload ----

    async def _reloaded(self, parts: Parts, jobs: Jobs) -> tuple[Parts, Jobs]:
        """All or nothing: with anything wrong the last good configuration stays in force."""
        systemd.notify("RELOADING=1")
        try:
            config = await asyncio.to_thread(configuration.load, parts.config.directory)
        except ConfigError as e:
            for problem in e.problems:
                log.error("reload refused, the running configuration stays", extra={"problem": str(problem)})
            systemd.notify("READY=1\nSTATUS=configuration invalid; running with the last good one")
            return parts, jobs
        except Exception:
            log.exception("reload refused, the running configuration stays")
            systemd.notify("READY=1\nSTATUS=configuration unreadable; running with the last good one")
            return parts, jobs
        if config.database != parts.config.database:
            log.warning("a new `database` takes effect at the next start only")
        await jobs.finish(STOP_LIMIT)
        try:
            await self._store.change(lambda store: self._take_up(store, config))
        except StoreError as e:
            log.error("reload refused, the running configuration stays", extra={"problem": str(e)})
            systemd.notify("READY=1\nSTATUS=reload failed; running with the last good configuration")
            return parts, self._jobs(parts)
        await parts.close()
        self._config = config
        renewed = assemble(config, self._store, self._workers, self._output, self._clock)
        log.info("reloaded", extra={"feeds": len(config.feeds), "rules": len(config.rules.rules)})
        systemd.notify(f"READY=1\nSTATUS={_status(renewed)}")
        return renewed, self._jobs(renewed)

    def _jobs(self, parts: Parts, *, each_feed_once: bool = False) -> Jobs:
        return Jobs(
            parts.pipeline,
            self._store,
            parts.sinks,
            self._clock,
            each_feed_once=each_feed_once,
            wake=self._wake,
        )

    def _asked_to_stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def _asked_to_reload(self) -> None:
        self._reload.set()
        self._wake.set()


def _status(parts: Parts) -> str:
    return f"{len(parts.config.feeds)} feeds, {len(parts.config.rules.rules)} rules"


def serve(config: Config, output: TextIO) -> None:
    """The daemon in this process, until it is told to stop."""
    asyncio.run(_serve(config, output))


async def _serve(config: Config, output: TextIO) -> None:
    await Daemon(config, output).run()


def sweep(config: Config, output: TextIO, *, now: bool) -> tuple[Delivery, ...]:
    """One sweep in this process; returns what could not be delivered."""
    return asyncio.run(_sweep(config, output, now=now))


async def _sweep(config: Config, output: TextIO, *, now: bool) -> tuple[Delivery, ...]:
    return await Daemon(config, output).run_once(now=now)
