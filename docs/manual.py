"""The man page, made of what `--help` says: `python -m docs.manual FILE`. `make man` writes share/man/man1."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from monitor import __version__
from monitor.cli.main import main

NAME = "news-monitor"
SECTION = 1

EXIT = (
    ("0", "Good."),
    ("1", "The command worked and found something wrong. Of run: trying again may help."),
    ("2", "Wrong usage or configuration; each problem as file:line: what is wrong; what to do."),
    ("75", "Of run: another daemon has the database."),
    ("78", "Of run: a person must mend the configuration or the database first."),
    ("130", "Of demo: interrupted."),
)
ENVIRONMENT = (
    ("NEWS_MONITOR_CONFIG", "The configuration directory, when --config is not given."),
    ("SLACK_BOT_TOKEN, SLACK_APP_TOKEN", "What monitor.yaml names as ${NAME}: from here, or from systemd credentials."),
)


def page() -> str:
    """In the man(7) macros."""
    with click.Context(main, info_name=NAME) as context:
        return "\n".join(_lines(context)) + "\n"


def _lines(context: click.Context) -> Iterator[str]:
    yield f'.TH "{NAME.upper()}" "{SECTION}" "" "{NAME} {__version__}" "User Commands"'
    yield from (".SH NAME", _roff(f"{NAME} - {_summary(main)}"))
    yield from (".SH SYNOPSIS", f".B {_roff(NAME)}", r"[\fB\-\-config\fR \fIDIR\fR] \fICOMMAND\fR ...")
    yield ".SH OPTIONS"
    yield from _options(context)
    yield ".SH COMMANDS"
    yield from _commands(context)
    for title, rows in (("EXIT STATUS", EXIT), ("ENVIRONMENT", ENVIRONMENT)):
        yield f".SH {title}"
        for term, words in rows:
            yield from (".TP", f".B {_roff(term)}", _roff(words))
    yield from (".SH SEE ALSO", _roff("The documentation in docs/ of the source distribution."))


def _commands(context: click.Context) -> Iterator[str]:
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        with click.Context(command, info_name=name, parent=context) as inner:
            yield f".SS {_roff(_path(inner))} {_roff(' '.join(_arguments(inner)))}".rstrip()
            yield from _paragraphs(command.help or "")
            yield from _options(inner)
            if isinstance(command, click.Group):
                yield from _commands(inner)


def _path(context: click.Context) -> str:
    return context.command_path.removeprefix(f"{NAME} ")


def _arguments(context: click.Context) -> list[str]:
    pieces = context.command.collect_usage_pieces(context)
    return [piece for piece in pieces if piece != "[OPTIONS]"]


def _options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and record[1] and "--help" not in record[0]:
            yield from (".TP", f".B {_roff(record[0])}", _roff(record[1]))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        yield from (".PP", _roff(" ".join(paragraph.split())))


def _summary(command: click.Command) -> str:
    return (command.help or "").strip().partition("\n")[0].rstrip(".")


def _roff(text: str) -> str:
    """Text that is no macro and keeps its hyphens and backslashes."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(), "utf-8")
