"""Quiet hours and cron lines, over every change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.calendar import LONGEST, Quiet, quiet_until
from monitor.alerts.routing import DigestPlan, Route, Storm, Traffic, hold
from monitor.app.scheduler import next_fire
from monitor.model import Fate, HoldCause, Severity, Verdict

BELGRADE = ZoneInfo("Europe/Belgrade")
ZONES = [BELGRADE, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")]
WEEKDAYS = frozenset(range(5))

# Around the changes of the clocks of 2026 in all of these zones, and the year between.
times = st.integers(0, 525_600).map(
    lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
) | st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 10, 25, 1, tzinfo=UTC),
            datetime(2026, 3, 8, 7, tzinfo=UTC),
            datetime(2026, 11, 1, 6, tzinfo=UTC),
            datetime(2026, 4, 4, 15, tzinfo=UTC),
            datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
        ]
    ),
    st.integers(-1_500, 1_500),
)
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))
quiets = st.builds(Quiet, clocks, clocks, st.sampled_from(ZONES), st.frozensets(st.integers(0, 6), min_size=1)).filter(
    lambda quiet: quiet.start != quiet.end
)


def at(text: str) -> datetime:
    """On the clocks of Belgrade."""
    return datetime.fromisoformat(text).replace(tzinfo=BELGRADE).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-25T21:59", None),
        ("2026-11-25T22:00", "2026-11-26T07:00"),
        ("2026-11-26T06:59", "2026-11-26T07:00"),
        ("2026-11-26T07:00", None),
        ("2026-11-27T23:00", "2026-11-28T07:00"),  # from Friday to Saturday
        ("2026-11-28T23:00", None),  # Saturday
        ("2026-11-30T06:00", None),  # the night from Sunday
        ("2026-03-27T23:00", "2026-03-28T07:00"),
    ],
)
def test_nights_of_weekdays(now: str, until: str | None) -> None:
    """A night belongs to the day on which it begins."""
    quiet = Quiet(time(22), time(7), BELGRADE, WEEKDAYS)
    assert (at(until) if until else None) == quiet.until(at(now))


@pytest.mark.parametrize(
    ("start", "end", "now", "hours"),
    [
        (time(22), time(7), datetime(2026, 3, 28, 21, tzinfo=UTC), 8),  # the clocks go forward
        (time(22), time(7), datetime(2026, 10, 24, 20, tzinfo=UTC), 10),  # and back
        (time(1), time(2, 30), datetime(2026, 10, 24, 23, tzinfo=UTC), 2.5),  # until 2:30 for the second time
        (time(1), time(2, 30), datetime(2026, 3, 29, 0, tzinfo=UTC), 1.5),  # 2:30 does not come
        (time(2, 15), time(5), datetime(2026, 10, 25, 0, 15, tzinfo=UTC), 3.75),  # from 2:15 for the first time
    ],
)
def test_nights_in_which_the_clocks_change(start: time, end: time, now: datetime, hours: float) -> None:
    """Quiet lasts as long as the clocks on the wall say."""
    assert now + timedelta(hours=hours) == Quiet(start, end, BELGRADE).until(now)


@given(hours=st.lists(quiets, max_size=3), now=times)
def test_every_hold_has_an_end_to_come(hours: list[Quiet], now: datetime) -> None:
    """It is later than now, within days, and then it is quiet no more, unless quiet never ends."""
    until = quiet_until(hours, now)
    if until is None:
        assert all(quiet.until(now) is None for quiet in hours)
        return
    assert now < until <= now + LONGEST + timedelta(days=2)
    assert until - now >= LONGEST or quiet_until(hours, until) is None


@given(hours=st.lists(quiets, min_size=1, max_size=3), now=times, wait=st.integers(1, 3_000))
def test_whoever_waits_waits_for_the_same_end(hours: list[Quiet], now: datetime, wait: int) -> None:
    """All that is held in one quiet time is released at one moment."""
    until = quiet_until(hours, now)
    later = now + timedelta(minutes=wait)
    if until is not None and later < until and until - now < LONGEST:
        assert until == quiet_until(hours, later)


@given(
    hours=st.lists(quiets, max_size=2),
    now=times,
    severity=st.sampled_from(Severity),
    digest=st.booleans(),
    group=st.integers(0, 10),
    traffic=st.builds(Traffic, st.integers(0, 9), st.none() | times, st.none() | times),
)
def test_whatever_holds_a_match_lets_it_go(
    hours: list[Quiet], now: datetime, severity: Severity, digest: bool, group: int, traffic: Traffic
) -> None:
    """Its release is to come; what breaks through is never held."""
    route = Route(
        quiet=tuple(hours),
        digest=DigestPlan(Severity.HIGH, next_fire("0 8 * * *", BELGRADE)) if digest else None,
        group=timedelta(minutes=group),
        storm=Storm(5, timedelta(minutes=10)),
    )
    given_ = hold(route, severity, Verdict(Fate.POST, "first word"), traffic, now)
    if severity is Severity.CRITICAL:
        assert given_.fate is Fate.POST
    if given_.fate is Fate.HOLD:
        assert given_.cause is not None
        assert given_.release_at is not None
        assert now < given_.release_at
        if given_.cause in (HoldCause.STORM, HoldCause.GROUP):
            assert given_.release_at <= now + timedelta(minutes=10)


def test_hours_that_never_end_are_broken_up() -> None:
    """Nothing is held for ever."""
    day_and_night = [Quiet(time(0), time(12), BELGRADE), Quiet(time(12), time(0), BELGRADE)]
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    until = quiet_until(day_and_night, now)
    assert until is not None
    assert LONGEST <= until - now <= LONGEST + timedelta(days=1)


@given(
    now=times, zone=st.sampled_from(ZONES), cron=st.sampled_from(["30 2 * * *", "0 8,17 * * mon-fri", "*/7 * * * *"])
)
def test_a_digest_is_always_to_come(now: datetime, zone: ZoneInfo, cron: str) -> None:
    """Later than now, in UTC, and within days, whatever the clocks do."""
    fire = next_fire(cron, zone)(now)
    assert now < fire <= now + timedelta(days=4)
    assert fire.utcoffset() == timedelta(0)


def test_days_of_the_week_are_names() -> None:
    """Monday is 1 to cron and 0 to APScheduler: numbers are refused."""
    assert at("2026-11-30T08:00") == next_fire("0 8 * * mon", BELGRADE)(at("2026-11-25T12:00"))
    with pytest.raises(ValueError, match="days of the week"):
        next_fire("0 8 * * 1", BELGRADE)


@pytest.mark.parametrize(
    ("cron", "times"),
    [
        ("30 2 * * *", ["2026-10-25T00:30+00:00", "2026-10-26T01:30+00:00"]),  # 02:30 comes twice on the 25th
        ("0 2,3 * * *", ["2026-10-25T00:00+00:00", "2026-10-25T02:00+00:00"]),
    ],
)
def test_an_hour_that_comes_twice_has_one_digest(cron: str, times: list[str]) -> None:
    """The first time that the clocks show it."""
    fire, fires = next_fire(cron, BELGRADE), [datetime.fromisoformat("2026-10-24T22:00+00:00")]
    for _ in range(2):
        fires.append(fire(fires[-1]))
    assert [datetime.fromisoformat(time) for time in times] == fires[1:]


def test_what_is_due_all_day_long_goes_on_through_the_hour_that_comes_twice() -> None:
    """Every half hour, by the time that passes."""
    fire, now = next_fire("*/30 * * * *", BELGRADE), datetime.fromisoformat("2026-10-24T23:30+00:00")
    for _ in range(6):
        assert now + timedelta(minutes=30) == fire(now)
        now = fire(now)
