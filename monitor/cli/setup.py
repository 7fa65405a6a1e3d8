"""`init`, `slack`, `db`: getting started and looking after the database."""

from __future__ import annotations

import asyncio
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from monitor.alerts.sinks import slack_manifest
from monitor.app import config as configuration
from monitor.app import control
from monitor.app.clock import utc_now
from monitor.app.prune import prune_alone
from monitor.app.starter import starter_directory
from monitor.app.units import units
from monitor.app.upkeep import cutoffs, told
from monitor.cli import db_size
from monitor.cli.common import EXIT_FOUND, EXIT_USAGE, Place, complain, program, reading_store, say, speaking
from monitor.store.sqlite.backup import back_up, back_up_in_turn
from monitor.store.sqlite.store import Store


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--systemd",
    "units_into",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Write units for systemd there instead, for the configuration in DIRECTORY: /etc/systemd/system.",
)
@click.option("--user", metavar="NAME", help="With --systemd: run as this user. Default: one of the service's own.")
@speaking()
def init(directory: Path, units_into: Path | None, user: str | None) -> None:
    """Write a starter configuration to DIRECTORY.

    About 40 feeds, and the first rules with their concepts.
    """
    if units_into is not None:
        _write_units(directory, units_into, user)
        return
    if user is not None:
        raise click.UsageError("--user goes with --systemd")
    if directory.exists() and any(directory.iterdir()):
        complain(f"{directory}: is not empty, and nothing is overwritten; name a new directory")
        sys.exit(EXIT_USAGE)
    shutil.copytree(starter_directory(), directory, dirs_exist_ok=True)
    say(f"Wrote {directory}. Next:")
    say(f"  {program()} --config {directory} check          # is everything right?")
    say(f"  {program()} --config {directory} run --once     # a first look at every feed")
    say(f"  {program()} --config {directory} run            # the daemon")


def _write_units(config: Path, into: Path, user: str | None) -> None:
    if not (config / "monitor.yaml").is_file():
        complain(f"{config}: there is no configuration; write one first with `{program()} init {config}`")
        sys.exit(EXIT_USAGE)
    installed = Path(sys.executable).with_name("news-monitor")  # not resolved: in a venv it is a link out of it
    for name, text in units(installed, config.absolute(), user).items():
        (into / name).write_text(text, "utf-8")
        say(f"Wrote {into / name}")
    say("Next:")
    say("  install -m 600 /dev/null /etc/news-monitor.token     # then the Slack token into it, or nothing")
    say("  systemctl daemon-reload")
    say("  systemctl enable --now news-monitor.service news-monitor-backup.timer")


@click.group()
def slack() -> None:
    """Slack: the app's manifest, and a test message."""


@slack.command()
@click.option("--socket-mode/--no-socket-mode", default=True, help="With buttons and /news (default), or alerts only.")
@speaking()
def manifest(socket_mode: bool) -> None:
    """The app manifest to paste into Slack.

    At https://api.slack.com/apps: Create New App, From a manifest.
    """
    say(slack_manifest.manifest(socket_mode=socket_mode).rstrip())


@slack.command(name="test")
@click.pass_obj
@speaking()
def slack_test(place: Place) -> None:
    """Send a test message to the default channel."""
    from monitor.cli.slack_test import send_test

    config = configuration.load(place.directory, examples=False)
    good, sentence = asyncio.run(send_test(config, datetime.now(UTC)))
    say(sentence)
    if not good:
        sys.exit(EXIT_FOUND)


@click.group()
def db() -> None:
    """The database: backup, check, migrate, prune."""


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--keep", type=click.IntRange(1, 1_000), metavar="N", help="FILE is a directory; keep the N latest in it."
)
@click.pass_obj
@speaking()
def backup(place: Place, file: Path, keep: int | None) -> None:
    """Copy the database to FILE, also while the daemon runs."""
    database = Path(configuration.load_monitor(place.directory).database)
    if keep is not None:
        file = back_up_in_turn(database, file, keep=keep, now=utc_now())
    else:
        back_up(database, file)
    say(f"Wrote {file}.")


@db.command()
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@click.pass_obj
@speaking()
def prune(place: Place, dry_run: bool) -> None:
    """Delete what is older than `retention` says.

    The daemon does so by itself once a day. Articles that a rule matched stay, with all that proves it, and so do
    the other articles of their stories.
    """
    config = configuration.load_monitor(place.directory)
    articles, polls = cutoffs(config.retention, utc_now())
    if dry_run:
        old = reading_store(place).retention.count(articles_before=articles, polls_before=polls)
        say(f"{told(old)} would go.")
        return
    database = Path(config.database)
    try:
        say(control.ask(database, "db prune", ()))
    except control.NoDaemon:
        say(f"{told(prune_alone(database, config.retention))} are gone.")


@db.command()
@click.pass_obj
@speaking()
def check(place: Place) -> None:
    """Look for damage, and at what takes the room.

    Takes a minute for some gigabytes. Exit 1: there is some; with what was found.
    """
    store = reading_store(place)
    wrong = store.ledger.damage()
    for line in wrong:
        say(line)
    if wrong:
        sys.exit(EXIT_FOUND)
    size = store.size.whole()
    say(f"The file is whole: {db_size.sentence(size)}.")
    for line in db_size.lines(size, store.size.parts()):
        say(line)


@db.command()
@click.pass_obj
@speaking()
def migrate(place: Place) -> None:
    """Create the database, or bring its schema up to date.

    The daemon does so by itself when it starts.
    """
    path = Path(configuration.load_monitor(place.directory).database)
    Store.writer(path).close()
    say(f"{path}: schema is up to date.")
