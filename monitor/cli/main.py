"""The command line: `news-monitor [--config DIR] COMMAND`.

Commands are imported when they are called: worker processes import this file again, and they need none of them.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

import click

from monitor import __version__

# In the order of --help. Each name is an attribute of the module, its help line stands there too.
COMMANDS: Mapping[str, str] = {
    "demo": "monitor.cli.demo",
    "init": "monitor.cli.setup",
    "check": "monitor.cli.rules",
    "run": "monitor.cli.run",
    "rules": "monitor.cli.rule_book",
    "feeds": "monitor.cli.feeds",
    "status": "monitor.cli.examine",
    "audit": "monitor.cli.examine",
    "match": "monitor.cli.rules",
    "backtest": "monitor.cli.backtest",
    "feedback": "monitor.cli.feedback",
    "extract": "monitor.cli.extract",
    "explain": "monitor.cli.examine",
    "alerts": "monitor.cli.alerts",
    "search": "monitor.cli.search",
    "stories": "monitor.cli.stories",
    "mute": "monitor.cli.mute",
    "unmute": "monitor.cli.mute",
    "slack": "monitor.cli.setup",
    "db": "monitor.cli.setup",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's contract
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        if cmd_name == "run":
            # A reload that is asked for while the daemon starts waits until it can be done; it would end the program.
            # So does a stop: it would end it half-way, or, as the first process of a container, not be heard at all.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGTERM})
        gc.disable()  # what is loaded stays: looking through it for rubbish again and again is a sixth of the time
        try:
            module = import_module(COMMANDS[cmd_name])
        finally:
            gc.freeze()
            gc.enable()
        return cast("click.Command", getattr(module, cmd_name))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
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
    from monitor.app import logs
    from monitor.cli.common import Place

    logs.set_up(verbose=verbose)
    context.obj = Place(config)
