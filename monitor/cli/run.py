"""`run`: the daemon, or one sweep of it."""

from __future__ import annotations

import sys

import click

from monitor.app import config as configuration
from monitor.app import daemon
from monitor.app.canary_watch import CanaryWatch
from monitor.app.deadman import DeadManSwitch
from monitor.app.rule_watch import RuleWatch
from monitor.cli.common import EXIT_CONFIG, EXIT_FOUND, Place, complain, speaking
from monitor.model import Delivery
from monitor.web.server import WebServer


@click.command()
@click.option("--once", is_flag=True, help="Poll every due feed once, read, deliver, and exit when nothing is pending.")
@click.option("--now", is_flag=True, help="With --once: every feed, due or not. Requests stay conditional.")
@click.pass_obj
@speaking(unusable=EXIT_CONFIG, failed=EXIT_FOUND)
def run(place: Place, once: bool, now: bool) -> None:
    """Poll the feeds on schedule and send alerts, until SIGTERM.

    Exits 78 when a person must mend the configuration or the database first, 75 when another daemon works on the
    database, 1 when trying again may help (a full disk, a locked database). A configuration that changes is taken up
    within seconds, and at once after SIGHUP.
    """
    if now and not once:
        raise click.UsageError("--now goes with --once")
    config = configuration.load(place.directory)
    if not once:
        daemon.serve(config, sys.stdout, [WebServer(), DeadManSwitch(), CanaryWatch(), RuleWatch()])
        return
    swept = daemon.sweep(config, sys.stdout, now=now)
    _tell_left(swept.left)
    if swept.dead:
        complain(f"{swept.dead} alerts cannot be sent at all; `news-monitor status` says why")
    for fault in swept.faults:
        complain(f"not done: {fault}; the next run tries again")
    if swept.left or swept.dead or swept.faults:
        sys.exit(EXIT_FOUND)


def _tell_left(left: tuple[Delivery, ...]) -> None:
    for sink, target, error in dict.fromkeys((d.sink, d.target, d.error) for d in left):
        count = sum(1 for d in left if (d.sink, d.target, d.error) == (sink, target, error))
        complain(f"{count} alerts wait for {sink} {target}: {error or 'behind another one'}; the next run tries again")
