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
from monitor.app.starter import starter_directory
from monitor.cli.common import EXIT_FOUND, EXIT_USAGE, Place, complain, program, say, speaking
from monitor.cli.slack_test import send_test
from monitor.store.sqlite.backup import back_up
from monitor.store.sqlite.store import Store


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@speaking()
def init(directory: Path) -> None:
    """Write a starter configuration to DIRECTORY: about 40 feeds and the first watch rules."""
    if directory.exists() and any(directory.iterdir()):
        complain(f"{directory}: is not empty, and nothing is overwritten; name a new directory")
        sys.exit(EXIT_USAGE)
    shutil.copytree(starter_directory(), directory, dirs_exist_ok=True)
    say(f"Wrote {directory}. Next:")
    say(f"  {program()} --config {directory} check          # is everything right?")
    say(f"  {program()} --config {directory} run --once     # a first look at every feed")
    say(f"  {program()} --config {directory} run            # the daemon")


@click.group()
def slack() -> None:
    """Setting up Slack."""


@slack.command()
@click.option("--socket-mode/--no-socket-mode", default=True, help="With buttons and /news (default), or alerts only.")
@speaking()
def manifest(socket_mode: bool) -> None:
    """The app manifest to paste into Slack (Create New App, From a manifest)."""
    say(slack_manifest.manifest(socket_mode=socket_mode).rstrip())


@slack.command(name="test")
@click.pass_obj
@speaking()
def slack_test(place: Place) -> None:
    """Send a test message to the default channel."""
    config = configuration.load(place.directory, examples=False)
    good, sentence = asyncio.run(send_test(config, datetime.now(UTC)))
    say(sentence)
    if not good:
        sys.exit(EXIT_FOUND)


@click.group()
def db() -> None:
    """The database: backup and schema."""


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
@speaking()
def backup(place: Place, file: Path) -> None:
    """Copy the database to FILE, also while the daemon runs."""
    back_up(Path(configuration.load_monitor(place.directory).database), file)
    say(f"Wrote {file}.")


@db.command()
@click.pass_obj
@speaking()
def migrate(place: Place) -> None:
    """Create the database or bring its schema up to date; the daemon does so by itself when it starts."""
    path = Path(configuration.load_monitor(place.directory).database)
    Store.writer(path).close()
    say(f"{path}: schema is up to date.")
