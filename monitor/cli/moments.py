"""Times on the command line: how long ago, or a date."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from monitor.app.clock import utc_now
from monitor.spans import span


class Moment(click.ParamType[datetime]):
    """`30d` ago, or `2026-11-25`, or `2026-11-25T06:30`: UTC unless it says otherwise."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value)
        if (ago := span(text)) is not None:
            return utc_now() - ago
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"{text!r} is no time; write how long ago, as in 12h or 30d, or a date, as in 2026-11-25", param, ctx
            )
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
