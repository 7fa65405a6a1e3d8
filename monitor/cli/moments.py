"""Times on the command line: how long ago, or a date."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from monitor.app.clock import utc_now

_AGO = re.compile(r"(\d{1,5})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class Moment(click.ParamType[datetime]):
    """`30d` ago, or `2026-11-25`, or `2026-11-25T06:30`: UTC unless it says otherwise."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        text = str(value)
        if match := _AGO.fullmatch(text):
            return utc_now() - timedelta(seconds=int(match[1]) * _UNITS[match[2]])
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(
                f"{text!r} is no time; write how long ago, as in 12h or 30d, or a date, as in 2026-11-25", param, ctx
            )
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
