"""A feed's rhythm, and the next look that it suggests."""

from __future__ import annotations

import math
import random
from dataclasses import astuple
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.feeds import plan, rhythm
from monitor.feeds.health import IMPLAUSIBLE, LEAST_SILENCE
from monitor.feeds.rhythm import Rhythm
from tests.builders import NOON

LEAST, MOST = timedelta(minutes=5), timedelta(hours=2)
_moments = st.timedeltas(timedelta(days=-10_000), timedelta(days=30_000)).map(lambda span: NOON + span)
_looks = st.lists(
    st.tuples(
        st.timedeltas(timedelta(days=-2), timedelta(days=900)),
        st.lists(st.one_of(st.none(), _moments), max_size=20),
    ),
    max_size=12,
)


def wait(known: Rhythm, now: datetime = NOON, *, price: float = 4.0, window: int | None = None) -> timedelta:
    return plan.next_wait(known, now, price=price, budget=36, least=LEAST, most=MOST, window=window)


def daily(hours: list[int], *, days: int = 20, minute: int = 0, until: datetime = NOON) -> Rhythm:
    """A feed that was looked at every hour and brought an entry at these hours."""
    known, now = Rhythm(), until - timedelta(days=days)
    while now < until:
        then = now + timedelta(hours=1)
        at = then.replace(minute=minute, second=30)
        at = at if at <= then else at - timedelta(hours=1)
        known = rhythm.learn(known, now, then, [at] if at.hour in hours else [])
        now = then
    return known


@settings(deadline=None)
@given(_looks, _moments, st.floats(0.01, 10_000), st.one_of(st.none(), st.integers(1, 50_000)))
def test_no_history_makes_an_impossible_wait(
    looks: list[tuple[timedelta, list[datetime | None]]], now: datetime, price: float, window: int | None
) -> None:
    """Clocks that step back, years of silence, dates from any time: the sums stay sums, the wait inside its bounds."""
    known, at = Rhythm(), now
    for span, published in looks:
        since, at = at, at + span
        known = rhythm.learn(known, since, at, published)
    sums = [item for part in astuple(known) for item in (part if isinstance(part, tuple) else (part,))]
    assert all(item >= 0 and math.isfinite(item) for item in sums)
    assert LEAST <= wait(known, at, price=price, window=window) <= MOST


@given(_looks)
def test_a_rhythm_comes_back_from_the_database(looks: list[tuple[timedelta, list[datetime | None]]]) -> None:
    """To a few digits, and makes the same decision."""
    known, at = Rhythm(), NOON
    for span, published in looks:
        since, at = at, at + span
        known = rhythm.learn(known, since, at, published)
    back = Rhythm.from_json(known.to_json())
    assert back.to_json() == known.to_json()
    assert len(known.to_json()) < 1_500


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "7", '{"hours": [1]}', '{"entries": -1}', '{"entries": NaN}', '{"x": 1}']
)
def test_what_is_not_a_rhythm_is_a_fresh_one(text: str | None) -> None:
    """A row that somebody damaged must not stop a feed."""
    assert Rhythm() == Rhythm.from_json(text)


def test_a_lively_feed_is_looked_at_sooner() -> None:
    """Than a quiet one, and than itself in a silence."""
    quiet, busy = daily([12]), daily(list(range(24)))
    assert wait(busy) < wait(quiet)
    then = NOON + timedelta(minutes=10)
    calm = rhythm.learn(busy, NOON, then, [])
    burst = rhythm.learn(busy, NOON, then, [NOON + timedelta(minutes=n) for n in range(1, 9)])
    assert wait(burst, then) < wait(calm, then)


def test_the_night_is_slept_through() -> None:
    """Looks go to the hours in which entries come."""
    office = daily(list(range(8, 18)))
    midnight = NOON.replace(hour=0)
    assert rhythm.expected(office, midnight, midnight + timedelta(hours=5)) < 1.0
    assert wait(office, midnight) > wait(office, NOON)


def test_a_feed_that_publishes_on_the_hour_is_looked_at_just_after() -> None:
    """Not just before."""
    hourly = daily(list(range(24)), minute=0)
    now = NOON.replace(minute=20)
    then = now + plan.next_wait(hourly, now, price=30, budget=24, least=LEAST, most=MOST)
    assert 0 < then.minute <= 10


def test_a_look_comes_before_the_document_is_full() -> None:
    """A feed that shows little is looked at before entries roll off unseen."""
    busy = daily(list(range(24)))
    for minutes in range(0, 120, 10):
        now = NOON + timedelta(minutes=minutes)
        busy = rhythm.learn(busy, now - timedelta(minutes=10), now, [now - timedelta(minutes=n) for n in range(10)])
    assert wait(busy, NOON + timedelta(hours=2), price=10_000, window=10) <= timedelta(minutes=10)
    assert wait(busy, NOON + timedelta(hours=2), price=10_000) > timedelta(minutes=10)


def test_the_first_document_tells_of_the_past() -> None:
    """Its dates stand for looks that were never made; dates that cannot be right do not."""
    dates = [NOON - timedelta(hours=n) for n in range(1, 40)]
    seen = rhythm.first_look([*dates, None, NOON + timedelta(days=9), NOON.replace(year=1970)], NOON)
    assert 15 < rhythm.expected(seen, NOON, NOON + timedelta(days=1)) < 30
    assert Rhythm() == rhythm.first_look([None], NOON)


def test_the_price_leads_to_the_budget() -> None:
    """Too many requests make it rise, too few make it fall, and nothing makes it run away."""
    assert plan.adjusted(4, spent=72, budget=36) > 4 > plan.adjusted(4, spent=18, budget=36)
    assert 4 == plan.adjusted(4, spent=36, budget=36)
    price = 4.0
    for _ in range(1_000):
        price = plan.adjusted(price, spent=1e9, budget=1)
    assert math.isfinite(price)
    assert plan.start_price(96) < plan.start_price(24)


def lived(a_day: float, seed: int, *, weeks: int = 8) -> tuple[Rhythm, datetime, datetime, bool]:
    """The rhythm after some weeks of chance, when it last brought something, now, and if it was odd in them."""
    chance, known, now = random.Random(seed), Rhythm(), NOON
    last, was_odd = NOON, False
    for _ in range(24 * 7 * weeks):
        until = now + timedelta(hours=1)
        mean = a_day / 24 * (0.4 if now.weekday() >= 5 else 1.24) * (1.8 if 6 <= now.hour < 18 else 0.2)
        brought = sum(chance.random() < mean / 5 for _ in range(5))
        known, now = rhythm.learn(known, now, until, [until] * brought), until
        last = now if brought else last
        was_odd |= now - last >= LEAST_SILENCE and rhythm.silence_probability(known, last, now) < IMPLAUSIBLE
    return known, last, now, was_odd


@pytest.mark.parametrize(("a_day", "days"), [(0.5, 70), (1.0, 30), (2.0, 12), (8.0, 3)])
def test_a_rare_feed_that_falls_silent_is_noticed_too(a_day: float, days: int) -> None:
    """What it learns in its silence does not make that usual; and in eight weeks before nothing was odd."""
    for seed in range(5):
        known, last, now, was_odd = lived(a_day, seed)
        assert not was_odd
        while rhythm.silence_probability(known, last, now) >= IMPLAUSIBLE:
            known, now = rhythm.learn(known, now, now + timedelta(hours=1), []), now + timedelta(hours=1)
            assert now - last < timedelta(days=days), seed


def test_a_feed_that_is_hardly_known_is_not_said_to_be_silent() -> None:
    """One entry a week: of a rate that so few tell of, nothing is odd."""
    assert not any(lived(1 / 7, seed)[3] for seed in range(10))
