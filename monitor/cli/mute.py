"""`mute`, `unmute`: quiet from a story, rule, feed, site or author until a time; what is held is told then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from monitor.app.clock import utc_now
from monitor.app.mutes import LONGEST
from monitor.cli.common import Place, json_lines, perform, reading_store, say, show_json, speaking
from monitor.model import MuteKind
from monitor.spans import span


class _Span(click.ParamType[timedelta]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        said = span(value)
        if said is None:
            self.fail(f"{value!r} is no duration; write a number with m, h, d or w, as in 2h or 3d", param, ctx)
        if not timedelta(0) < said <= LONGEST:
            self.fail(f"{value!r} is no time that a mute can last; write one up to {LONGEST.days}d", param, ctx)
        return said


class _Time(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write it as 2026-12-01T08:00 (UTC) or with its zone", param, ctx)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


@click.group()
def mute() -> None:
    """Hold what matches of a subject until a time.

    A subject is a story, rule, feed, site or author. What is held is told in one receipt when the mute ends.
    """


def _command(kind: MuteKind, subject: str) -> click.Command:
    @click.argument("subject")
    @click.option("--for", "span", type=_Span(), help="How long: 30m, 8h, 3d, 2w.")
    @click.option("--until", type=_Time(), help="The end, as 2026-12-01T08:00; UTC unless it names a zone.")
    @click.option("--reason", default="", metavar="WORDS", help="Why; it stands beside every match that is held.")
    @click.pass_obj
    @speaking()
    def command(place: Place, subject: str, span: timedelta | None, until: datetime | None, reason: str) -> None:
        if (span is None) == (until is None):
            raise click.UsageError("say when it ends, with one of --for and --until; a mute lasts 365 days at the most")
        end = until if until is not None else utc_now() + (span or timedelta(0))
        perform(place, "mute", (kind, subject, end.isoformat(), reason))

    return click.command(kind.value, help=f"Mute {subject}")(command)


for _kind, _subject in {
    MuteKind.STORY: "a story, named by the beginning of its id.",
    MuteKind.RULE: "a rule, by its name.",
    MuteKind.FEED: "a feed, by its name or address.",
    MuteKind.SITE: "all articles of a site, by its host; its subdomains go along.",
    MuteKind.AUTHOR: "an author, by the name in the byline.",
}.items():
    mute.add_command(_command(_kind, _subject))


@mute.command("list")
@click.option(
    "--limit", default=20, show_default=True, metavar="N", type=click.IntRange(1, 100_000), help="At most so many."
)
@json_lines
@click.pass_obj
@speaking()
def list_(place: Place, limit: int, as_json: bool) -> None:
    """The mutes, the latest first, with what each holds or held."""
    now = utc_now()
    for row in reading_store(place).mutes.listed(limit):
        end = datetime.fromisoformat(row["ended_at"] or row["until"])
        row["active"] = end > now
        if as_json:
            show_json(row)
            continue
        subject = row["feed"] or row["headline"] or row["subject"]
        say(f"{row['id'][:12]}  {'muted ' if row['active'] else 'over  '}  {row['kind']} {subject}")
        by = f"ended by {row['ended_by']}, " if row["ended_by"] else ""
        reason = f": {row['reason']}" if row["reason"] else ""
        say(f"    until {end:%Y-%m-%d %H:%M}Z, {by}muted by {row['by']}{reason}")
        say(f"    {row['held']} matches held, {row['waiting']} of them not told yet")


@click.command()
@click.argument("named", nargs=-1, required=True, metavar="ID | KIND SUBJECT")
@click.pass_obj
@speaking()
def unmute(place: Place, named: tuple[str, ...]) -> None:
    """End a mute now; what it held is told at once. Name it by its id, or as it was muted: rule kosovo-troops."""
    perform(place, "unmute", named)
