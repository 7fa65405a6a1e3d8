"""`routing` in monitor.yaml: when and how loudly channels hear of what matches, and the routes that this makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.alerts.calendar import EVERY_DAY, LONGEST, Quiet, quiet_until
from monitor.alerts.routing import DigestPlan, Route, Storm
from monitor.app.config_values import Channel, Duration, Section, SomeTime, some
from monitor.model import Severity

MOST_MESSAGES = 10_000

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")
_SLACK_ID = re.compile(r"[SUW][A-Z0-9]{5,20}")
HERE = "here"


@dataclass(frozen=True, slots=True)
class Hours:
    """From a time of the day to another one, which may be on the day after."""

    start: time
    end: time


def _hours(value: object) -> Hours:
    match = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("are no hours; write them as 22:00-07:00")
    start, end = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    if start == end:
        raise ValueError("ends when it begins; write two times, as in 22:00-07:00")
    return Hours(start, end)


def _days(value: object) -> frozenset[int]:
    found: set[int] = set()
    for part in value.lower().replace(" ", "").split(",") if isinstance(value, str) else [""]:
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            raise ValueError("are no days; write them as mon-fri or sat, sun")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        found |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return frozenset(found)


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(value if isinstance(value, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:
        raise ValueError("is no time zone; write one such as Europe/Belgrade") from e


def _severity(value: object) -> Severity:
    if value not in tuple(Severity):
        raise ValueError(f"is no severity; write one of {', '.join(Severity)}")
    return Severity(str(value))


def _cron(value: object) -> str:
    from monitor.app.scheduler import next_fire  # APScheduler takes its time to load

    try:
        next_fire(value if isinstance(value, str) else "", ZoneInfo("UTC"))
    except ValueError as e:
        raise ValueError(f"is no usable cron line ({e}); write one such as 0 8,17 * * mon-fri") from e
    return str(value)


def _messages(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_MESSAGES:
        raise ValueError(f"is no number of messages; write one between 1 and {MOST_MESSAGES}")
    return value


def _mention(value: object) -> str:
    name = value.strip().removeprefix("@") if isinstance(value, str) else ""
    if name == HERE or _SLACK_ID.fullmatch(name):
        return name
    raise ValueError("is nobody; write here, or the Slack id of a user group (S…) or a user (U…)")


def _only_when_critical(value: object) -> object:
    if isinstance(value, list) and any(str(one).strip().removeprefix("@") == HERE for one in value):
        raise ValueError("has here, which calls a whole channel; write it under critical only")
    return value


Level = Annotated[Severity, BeforeValidator(_severity)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
_Mention = Annotated[str, BeforeValidator(_mention)]
_All = Annotated[tuple[_Mention, ...], Field(strict=False)]
_Some = Annotated[tuple[_Mention, ...], BeforeValidator(_only_when_critical), Field(strict=False)]


class QuietSection(Section):
    hours: Annotated[Hours, BeforeValidator(_hours)]
    days: Annotated[frozenset[int], BeforeValidator(_days)] = EVERY_DAY


class DigestSection(Section):
    below: Level
    cron: Annotated[str, BeforeValidator(_cron)]


class StormSection(Section):
    messages: Annotated[int, BeforeValidator(_messages)] = 30
    within: SomeTime = timedelta(minutes=10)


class MentionsSection(Section):
    low: _Some = ()
    normal: _Some = ()
    high: _Some = ()
    critical: _All = ()


def _not_for_ever(value: tuple[QuietSection, ...]) -> tuple[QuietSection, ...]:
    """Quiet that never ends would hold for ever. The zone moves the hours; it makes none."""
    zone = ZoneInfo("UTC")
    hours = [Quiet(quiet.hours.start, quiet.hours.end, zone, quiet.days) for quiet in value]
    end = quiet_until(hours, _SOME_DAY)
    if end is not None and end - _SOME_DAY >= LONGEST:
        raise ValueError("is quiet at all hours, so that nothing would ever be told; leave some hours out")
    return value


_SOME_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_SOME_HOURS = partial(some, remedy="add hours, as in - {hours: 22:00-07:00, days: mon-fri}")


class RhythmSection(Section):
    """What may be said of all channels, and of one."""

    time_zone: Zone = ZoneInfo("UTC")
    quiet: Annotated[tuple[QuietSection, ...], BeforeValidator(_SOME_HOURS), AfterValidator(_not_for_ever)] = Field(
        default=(), strict=False
    )
    breakthrough: Level = Severity.CRITICAL
    digest: DigestSection | None = None
    group: Duration = timedelta(0)
    storm: StormSection = StormSection()
    mentions: MentionsSection = MentionsSection()


class ChannelSection(RhythmSection):
    """What it leaves out is as for all channels."""

    channel: Channel


class RoutingSection(RhythmSection):
    fresh: SomeTime = timedelta(hours=2)  # after an outage: what is older is told in a digest
    fresh_critical: SomeTime = timedelta(hours=24)
    channels: tuple[ChannelSection, ...] = Field(default=(), strict=False)


@dataclass(frozen=True, slots=True)
class Rhythms:
    """The route of every channel."""

    common: Route
    own: Mapping[str, Route]

    def of(self, target: str) -> Route:
        return self.own.get(target, self.common)


def rhythms_of(routing: RoutingSection) -> Rhythms:
    """A channel's own words count before those for all."""
    own = {
        section.channel: _route(
            routing.model_copy(update={name: getattr(section, name) for name in section.model_fields_set})
        )
        for section in routing.channels
    }
    return Rhythms(_route(routing), own)


def _route(said: RhythmSection) -> Route:
    mentions = {severity: getattr(said.mentions, severity) for severity in Severity}
    return Route(
        quiet=tuple(Quiet(quiet.hours.start, quiet.hours.end, said.time_zone, quiet.days) for quiet in said.quiet),
        breakthrough=said.breakthrough,
        digest=None if said.digest is None else _plan(said.digest, said.time_zone),
        group=said.group,
        storm=Storm(said.storm.messages, said.storm.within),
        mentions={severity: called for severity, called in mentions.items() if called},
    )


def _plan(said: DigestSection, zone: ZoneInfo) -> DigestPlan:
    from monitor.app.scheduler import next_fire

    return DigestPlan(said.below, next_fire(said.cron, zone))
