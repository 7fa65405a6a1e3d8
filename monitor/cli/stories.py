"""`stories`: which there are, how each grew, how the sources fare; and a person's way to merge or split them."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import timedelta
from typing import Any

import click

from monitor.app.clock import utc_now
from monitor.cli.common import (
    EXIT_FOUND,
    Place,
    complain,
    json_document,
    json_lines,
    perform,
    reading_store,
    say,
    show_json,
    speaking,
)

_days = click.option(
    "--days", default=7, show_default=True, metavar="N", type=click.IntRange(1, 36_500), help="How far back."
)


@click.group(invoke_without_command=True)
@click.pass_context
def stories(context: click.Context) -> None:
    """Stories: list, show, sources, merge, split."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@stories.command("list")
@_days
@click.option(
    "--limit", default=20, show_default=True, metavar="N", type=click.IntRange(1, 100_000), help="At most so many."
)
@json_lines
@click.pass_obj
@speaking()
def list_(place: Place, days: int, limit: int, as_json: bool) -> None:
    """The stories that grew lately, the latest first."""
    for row in reading_store(place).story_ledger.stories(since=utc_now() - timedelta(days=days), limit=limit):
        if as_json:
            show_json(row)
            continue
        say(f"{row['id'][:12]}  {row['updated_at'][:16]}Z  {row['headline']}")
        outlets = f"{_count(row['outlets'], 'outlet')} ({row['voices']} independent)"
        say(f"    {_count(row['articles'], 'article')}, {outlets}")
        say(f"    {row['rules'] or 'nobody was told: all of it is from before the first look'}")


@stories.command()
@click.argument("story")
@json_document
@click.pass_obj
@speaking()
def show(place: Place, story: str, as_json: bool) -> None:
    """Who told a story when, and what of it was told on.

    STORY: the beginning of its id.
    """
    store = reading_store(place)
    found = store.moves.named(story)
    if len(found) != 1:
        complain(f"{story!r} " + ("fits more than one story" if found else "is no story"))
        sys.exit(EXIT_FOUND)
    rows = store.story_ledger.timeline(found[0])
    if as_json:
        show_json({"id": found[0], "articles": rows})
    else:
        _show(found[0], rows)


def _show(story: str, rows: tuple[dict[str, Any], ...]) -> None:
    say(f"Story {story[:12]}: {rows[0]['title']}")
    say(_voices(rows))
    outlet_of = {row["article_id"]: row["outlet"] for row in rows}
    for row in rows:
        say()
        history = row["before_the_first_look"]
        at = (row["stood_since"] if history else row["seen_at"]) or row["added_at"]
        say(f"{at[:16]}Z  {row['outlet']}: {row['title']}" + (" (before the first look)" if history else ""))
        say(f"    {row['url']}")
        say(f"    {_relation(row, outlet_of)}")
        for alert in row["alerts"]:
            say(f"    {alert['fate']:8} {alert['rule']}: {alert['reason']}")


def _voices(rows: tuple[dict[str, Any], ...]) -> str:
    """`12 outlets: 1 text or agency told by 10 of them (AFP), 2 own reports`."""
    outlets = len({row["outlet"] for row in rows})
    told = Counter(row["voice"] for row in rows)
    credits_ = {row["voice"]: row["credit"] for row in rows if row["credit"]}
    shared = [
        f"1 voice in {count} articles" + (f" ({credits_[voice]})" if voice in credits_ else "")
        for voice, count in told.items()
        if count > 1
    ]
    own = sum(count == 1 for count in told.values())
    return f"{_count(outlets, 'outlet')}: " + ", ".join([*shared, *([_count(own, "own report")] if own else [])])


def _relation(row: dict[str, Any], outlet_of: dict[str, str]) -> str:
    credit = f", credits {row['credit']}" if row["credit"] else ""
    match row["relation"]:
        case "first":
            return f"first{credit}"
        case "copy":
            origin = outlet_of.get(row["copy_of"], "an earlier article")
            return f"copy of {origin}, {row['similarity']:.0%} of the text{credit}"
    return f"own words, {row['certainty']} of this story{credit}"


@stories.command()
@_days
@json_lines
@click.pass_obj
@speaking()
def sources(place: Place, days: int, as_json: bool) -> None:
    """How late each outlet is, and how much of it is copied.

    Of stories that several told: how far behind the first.
    """
    for row in reading_store(place).story_ledger.sources(utc_now() - timedelta(days=days)):
        if as_json:
            show_json(row)
            continue
        lag = timedelta(seconds=round(row["lag_seconds"]))
        say(
            f"{lag!s:>16} behind  {row['first']:4.0%} first  {row['copies']:4.0%} copies  "
            f"{row['stories']:5} stories  {row['outlet']}"
        )


@stories.command()
@click.argument("into")
@click.argument("others", nargs=-1, required=True)
@click.pass_obj
@speaking()
def merge(place: Place, into: str, others: tuple[str, ...]) -> None:
    """Make the stories OTHERS part of the story INTO.

    Its thread goes on. Stories are named by the beginning of their ids.
    """
    perform(place, "stories merge", (into, *others))


@stories.command()
@click.argument("articles", nargs=-1, required=True)
@click.pass_obj
@speaking()
def split(place: Place, articles: tuple[str, ...]) -> None:
    """Make ARTICLES of a story a story of their own.

    They are named by their addresses. What was silent of them is told now.
    """
    perform(place, "stories split", articles)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
