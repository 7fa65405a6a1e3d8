"""`alerts`: the latest matches with their fate; what was given up, and a person's way to try it again or drop it."""

from __future__ import annotations

import sys
from typing import Any

import click

from monitor.app.dead_letters import ALL, PLACE
from monitor.cli.common import EXIT_FOUND, Place, complain, json_lines, perform, reading_store, say, show_json, speaking


@click.group(invoke_without_command=True)
@click.option(
    "--limit", default=20, show_default=True, metavar="N", type=click.IntRange(1, 100_000), help="At most so many."
)
@click.option("--mute", "mute", metavar="ID", help="Only what a mute held, named by the beginning of its id.")
@json_lines
@click.pass_context
@speaking()
def alerts(context: click.Context, limit: int, mute: str | None, as_json: bool) -> None:
    """The latest matches with their fate, newest first."""
    if context.invoked_subcommand is not None:
        return
    store = reading_store(context.obj)
    held_by = None
    if mute is not None:
        found = store.mutes.named(mute)
        if len(found) != 1:
            complain(f"{mute!r} " + ("fits more than one mute" if found else "is no mute; `mute list` shows them"))
            sys.exit(EXIT_FOUND)
        held_by = found[0].id
    for row in store.ledger.alerts(limit=limit, held_by=held_by):
        if as_json:
            show_json(row)
        else:
            _show(row)


def _show(row: dict[str, Any]) -> None:
    where = f"{row['delivery']} {row['sink']} {row['target']}" if row["delivery"] else "-"
    where += f" and {row['echoes']} elsewhere" if row["echoes"] else ""
    until = f"until {row['release_at'][:16]}Z; " if row["fate"] == "hold" else ""
    say(f"{row['created_at'][:19]}Z  {row['severity']:8} {row['fate']:8} {row['rule']}  {row['title']}")
    say(f"    {row['url']}  ({until}{row['reason']}; {where})")


@alerts.command()
@click.option("--dropped", is_flag=True, help="Those that somebody dropped instead, and who did. Exit 0.")
@json_lines
@click.pass_obj
@speaking()
def dead(place: Place, dropped: bool, as_json: bool) -> None:
    """Dead letters: messages that no sink would take.

    Nobody was told. Exit 1: there are some.
    """
    letters = reading_store(place).ledger.dead_letters(limit=None, dropped=dropped)
    for row in letters:
        if as_json:
            show_json(row)
            continue
        say(f"{row['id'][:12]}  {row['created_at'][:19]}Z  {row['rule']} to {row['sink']} {row['target']}")
        say(f"    {row['headline'] or '-'}")
        say(f"    {row['error']}")
    if letters and not dropped:
        sys.exit(EXIT_FOUND)


@alerts.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "every", is_flag=True, help="All that were given up.")
@click.pass_obj
@speaking()
def release(place: Place, ids: tuple[str, ...], every: bool) -> None:
    """Try dead letters again.

    ID: the beginning of one's id, as `alerts dead` shows it.
    """
    if bool(ids) == every:
        raise click.UsageError("name messages by their ids, or write --all")
    perform(place, "alerts release", (ALL,) if every else ids)


@alerts.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--place", "where", nargs=2, metavar="SINK NAME", help="All that waits or was given up there.")
@click.pass_obj
@speaking()
def drop(place: Place, ids: tuple[str, ...], where: tuple[str, str] | None) -> None:
    """Give up for good what nobody is to be told any more.

    ID: the beginning of a dead letter's id, as `alerts dead` shows it. SINK NAME: a place as `status` shows it, such
    as a webhook or a channel that is gone. The matches keep their fate, who dropped what is recorded, and `alerts
    release ID` tries one again.
    """
    if bool(ids) == bool(where):
        raise click.UsageError("name messages by their ids, or a place with --place")
    perform(place, "alerts drop", (PLACE, *where) if where else ids)
