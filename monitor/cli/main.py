"""The command line: `news-monitor [--config DIR] COMMAND`."""

from __future__ import annotations

from pathlib import Path

import click

from monitor import __version__
from monitor.app import logs
from monitor.cli.common import Place
from monitor.cli.demo import demo
from monitor.cli.examine import alerts, audit, explain, status
from monitor.cli.rules import check, match
from monitor.cli.run import run
from monitor.cli.setup import db, init, slack


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Configuration directory. Default: $NEWS_MONITOR_CONFIG, else ./config, else /etc/news-monitor.",
)
@click.option("--verbose", is_flag=True, help="More in the log.")
@click.version_option(__version__, prog_name="news-monitor")
@click.pass_context
def main(context: click.Context, config: Path | None, verbose: bool) -> None:
    """Watch news feeds; tell once per story, with the reason, and show what was not covered."""
    logs.set_up(verbose=verbose)
    context.obj = Place(config)


for command in (demo, init, check, run, status, audit, match, explain, alerts, slack, db):
    main.add_command(command)
