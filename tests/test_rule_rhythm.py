"""A rule that falls silent is noticed, and one that only rests is not."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.app.rule_rhythm import WINDOW, odd_silence
from monitor.app.rule_watch import look
from monitor.model import Alert, AlertId, Fate, Severity, StoryId
from monitor.store.sqlite.store import Store
from tests.builders import NOON, decision, placement
from tests.test_stories import article

DAY = timedelta(days=1)


def news(a_day: float, weeks: int, *, weekend: float, seed: int, bursts: float = 2.0) -> list[datetime]:
    """Matches of a rule: bursts of several, rarer at weekends and at night."""
    chance, matches = random.Random(seed), []
    for n in range(weeks * 7):
        day = NOON.replace(hour=0) + n * DAY
        rate = a_day * (weekend if day.weekday() >= 5 else 1.0) / bursts
        for _ in range(sum(chance.random() < rate / 50 for _ in range(50))):
            at = day + timedelta(hours=chance.triangular(5, 24, 13))
            matches += [
                at + timedelta(minutes=chance.uniform(0, 90))
                for _ in range(1 + int(chance.expovariate(1 / (bursts - 1))))
            ]
    return sorted(matches)


def noticed_at(matches: list[datetime], start: datetime, end: datetime) -> datetime | None:
    """The first hour at which the rule is said to be silent."""
    now = start
    while now < end:
        window = [match for match in matches if now - WINDOW <= match <= now]
        if odd_silence(window, now):
            return now
        now += timedelta(hours=6)
    return None


KINDS = [(20.0, 0.5), (6.0, 0.3), (2.0, 0.5), (1.0, 0.2), (0.4, 0.5)]


@pytest.mark.parametrize(("a_day", "weekend"), KINDS)
def test_eight_weeks_without_a_false_alarm(a_day: float, weekend: float) -> None:
    """Twenty rules of each kind, each known for eight weeks before."""
    false = [
        seed
        for seed in range(20)
        if noticed_at(news(a_day, 16, weekend=weekend, seed=seed), NOON + WINDOW, NOON + 2 * WINDOW)
    ]
    assert len(false) <= 1


@pytest.mark.parametrize(
    ("a_day", "weekend", "within"), [(20.0, 0.5, 6 * DAY), (6.0, 0.3, 14 * DAY), (2.0, 0.5, 24 * DAY)]
)
def test_a_rule_that_falls_silent_is_noticed(a_day: float, weekend: float, within: timedelta) -> None:
    """The busier it was the sooner."""
    for seed in range(10):
        matches = news(a_day, 8, weekend=weekend, seed=seed)
        found = noticed_at(matches, matches[-1], matches[-1] + within)
        assert found is not None, seed


@pytest.mark.parametrize(
    ("matches", "silent"),
    [
        ([], False),
        ([NOON + n * DAY for n in range(19)], False),
        ([NOON + n * timedelta(hours=1) for n in range(100)], False),  # known for too short a time
        ([NOON + n * DAY for n in range(40)], True),
        ([NOON + n * DAY for n in range(30)] + [NOON + 40 * DAY], False),  # it rested for long before
    ],
)
def test_little_is_said_of_what_is_little_known(matches: list[datetime], silent: bool) -> None:
    """A new rule, a rare one, one that is known for days only."""
    last = matches[-1] if matches else NOON
    assert silent == (odd_silence(matches, last + 4 * DAY) is not None)
    assert odd_silence(matches, last + timedelta(hours=23)) is None


def test_operators_are_told_once_and_when_it_is_over(tmp_path: Path) -> None:
    """And what it matched before it was changed is no measure for it."""
    store = Store.writer(tmp_path / "news.db")
    with store.transaction():
        for n in range(40):
            match(store, f"https://a.example/{n}", NOON + n * DAY)
    now = NOON + 45 * DAY
    for _ in range(2):
        look(store, {"armour": "v1"}, now)
        (notice,) = store.notices.open()
        assert (
            "Rule armour has matched nothing for 6 days; its longest silence in eight weeks was 24 hours"
            in notice["text"]
        )
    look(store, {"armour": "v2"}, now)
    assert () == store.notices.open()
    look(store, {"armour": "v1"}, now)
    match(store, "https://a.example/last", now)
    look(store, {"armour": "v1"}, now)
    assert () == store.notices.open()


def test_many_that_fall_silent_are_told_as_one(tmp_path: Path) -> None:
    """There is one cause then, and nobody reads a thousand lines."""
    store = Store.writer(tmp_path / "news.db")
    rules = [f"r{n}" for n in range(8)]
    with store.transaction():
        for rule in rules:
            for n in range(40):
                match(store, f"https://a.example/{n}", NOON + n * DAY, rule)
    look(store, dict.fromkeys(rules, "v1"), NOON + 45 * DAY)
    assert ["8 rules are silent longer than is like them"] == [n["text"].split(",")[0] for n in store.notices.open()]


def match(store: Store, url: str, at: datetime, rule: str = "armour") -> None:
    read = article(url)
    store.stories.save_article(read)
    store.stories.save_decisions(read.id, [decision(rule)], at)
    store.stories.place(read, placement(f"s{read.id}"), [], at)
    alert, story = AlertId(f"{rule} {read.id}"), StoryId(f"s{read.id}")
    store.alerts.add(Alert(alert, rule, story, read.id, "story", Severity.LOW, Fate.POST, "new", None, at))
