"""What a channel wants to hear when: quiet hours, digests, groups, storms. Pure; what went on there is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.alerts.calendar import Quiet, quiet_until
from monitor.model import Fate, HoldCause, Severity, Verdict
from monitor.spans import brief


@dataclass(frozen=True, slots=True)
class DigestPlan:
    """What is less severe than `below` is told at fixed times."""

    below: Severity
    next_at: Callable[[datetime], datetime]  # the first time after this one


@dataclass(frozen=True, slots=True)
class Storm:
    """So many messages within so long are as many as people read."""

    messages: int
    within: timedelta


@dataclass(frozen=True, slots=True)
class Route:
    """The rhythm of one channel. What is at least as severe as `breakthrough` is told at once, whatever else holds."""

    quiet: tuple[Quiet, ...] = ()
    breakthrough: Severity = Severity.CRITICAL
    digest: DigestPlan | None = None
    group: timedelta = timedelta(0)
    storm: Storm | None = None
    mentions: Mapping[Severity, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def breaks_through(self, severity: Severity) -> bool:
        return severity.rank >= self.breakthrough.rank


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a channel has heard lately, and what waits to be told together there."""

    messages: int = 0  # within the time of a storm
    group_until: datetime | None = None
    storm_until: datetime | None = None


def hold(route: Route, severity: Severity, given: Verdict, traffic: Traffic, now: datetime) -> Verdict:
    """The verdict on a message that would be told now: `severity` is that of the loudest match in it."""
    if given.fate not in (Fate.POST, Fate.THREAD) or route.breaks_through(severity):
        return given
    until = quiet_until(route.quiet, now)
    if until is not None:
        return _held(HoldCause.QUIET, until, f"quiet hours until {_minute(until)}")
    until = _digest_at(route, severity, now)
    if until is not None:
        return _held(HoldCause.DIGEST, until, f"{severity} is told in the digest of {_minute(until)}")
    if route.storm is not None and (_is_ahead(traffic.storm_until, now) or traffic.messages >= route.storm.messages):
        until = _joined(traffic.storm_until, now, route.storm.within)
        rate = f"{route.storm.messages} messages within {brief(route.storm.within)}"
        return _held(HoldCause.STORM, until, f"a storm: {rate} are enough; told together at {_minute(until)}")
    if route.group and given.fate is Fate.POST:
        until = _joined(traffic.group_until, now, route.group)
        return _held(HoldCause.GROUP, until, f"gathered for {brief(route.group)}, until {_minute(until)}")
    return given


def silent_until(route: Route, severity: Severity, now: datetime) -> datetime | None:
    """When what is released now may be told; None: at once."""
    return None if route.breaks_through(severity) else quiet_until(route.quiet, now)


def waits_until(route: Route, cause: HoldCause, severity: Severity, now: datetime) -> datetime | None:
    """When what is held is told under this rhythm, which may be another one than it was held under; None: as it is."""
    if route.breaks_through(severity):
        return now
    if cause is HoldCause.QUIET:
        return quiet_until(route.quiet, now) or now
    if cause is HoldCause.DIGEST:
        return _digest_at(route, severity, now) or now
    return None


def _digest_at(route: Route, severity: Severity, now: datetime) -> datetime | None:
    """When what is so severe is told in a digest; None: it is told by itself."""
    plan = route.digest
    return plan.next_at(now) if plan is not None and severity.rank < plan.below.rank else None


def _joined(open_until: datetime | None, now: datetime, span: timedelta) -> datetime:
    """What is open takes it in; a clock that was set back makes nothing wait longer than the span."""
    return min(open_until, now + span) if open_until is not None and open_until > now else now + span


def _is_ahead(time: datetime | None, now: datetime) -> bool:
    return time is not None and time > now


def _held(cause: HoldCause, until: datetime, why: str) -> Verdict:
    return Verdict(Fate.HOLD, why, until, cause)


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
