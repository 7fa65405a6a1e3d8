"""When an article that was told is looked at again: a table of what a look brought and when the next one is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.articles import looks
from monitor.model import ArticleId, Watch
from tests.builders import NOON

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BEGUN = Watch(ArticleId("a"), NOON, look=0, next_look_at=NOON + HOUR)
LAST = replace(BEGUN, look=3, next_look_at=NOON + 72 * HOUR)


def after(look: int, at: timedelta | None, **fields: object) -> Watch:
    return replace(BEGUN, look=look, next_look_at=None if at is None else NOON + at, **fields)  # type: ignore[arg-type]


def test_the_looks() -> None:
    """1 h, 6 h, 24 h and 72 h after it was first read, then never again."""
    watch, seen = looks.begin(BEGUN.article_id, first_read_at=NOON, now=NOON), []
    while watch.next_look_at is not None:
        seen.append((watch.look, watch.next_look_at - NOON))
        watch = looks.done(watch, watch.next_look_at + MINUTE)
    assert [(0, HOUR), (1, 6 * HOUR), (2, 24 * HOUR), (3, 72 * HOUR)] == seen


@pytest.mark.parametrize(
    ("late", "following"),
    [
        (0 * HOUR, after(0, HOUR)),
        (7 * HOUR, after(2, 24 * HOUR)),
        (80 * HOUR, after(-1, None)),
    ],
)
def test_told_long_after_it_was_read(late: timedelta, following: Watch) -> None:
    """The looks count from the reading."""
    assert following == looks.begin(BEGUN.article_id, first_read_at=NOON, now=NOON + late)


@pytest.mark.parametrize(
    ("watch", "now", "following"),
    [
        (BEGUN, 1 * HOUR, after(1, 6 * HOUR)),
        (BEGUN, 30 * HOUR, after(3, 72 * HOUR)),
        (BEGUN, 90 * HOUR, after(0, None)),
        (replace(BEGUN, attempts=2, doubt="gone"), 2 * HOUR, after(1, 6 * HOUR)),
    ],
)
def test_after_a_look(watch: Watch, now: timedelta, following: Watch) -> None:
    """What was missed while the program was down is one look, not many."""
    assert following == looks.done(watch, NOON + now)


@pytest.mark.parametrize(
    ("watch", "fields", "following"),
    [
        (BEGUN, {"may_pass": True}, after(0, HOUR + 10 * MINUTE, attempts=1)),
        (replace(BEGUN, attempts=2), {"may_pass": True}, after(0, 3 * HOUR, attempts=3)),
        (replace(BEGUN, attempts=3), {"may_pass": True}, after(1, 6 * HOUR)),
        (BEGUN, {"may_pass": True, "wait": 2 * HOUR}, after(0, 3 * HOUR, attempts=1)),
        (BEGUN, {"may_pass": True, "wait": 9 * HOUR}, after(1, 6 * HOUR)),
        (BEGUN, {"may_pass": False}, after(1, 6 * HOUR)),
        (replace(BEGUN, doubt="gone"), {"may_pass": True}, after(0, HOUR + 10 * MINUTE, attempts=1, doubt="gone")),
    ],
)
def test_a_page_that_cannot_be_had(watch: Watch, fields: dict[str, object], following: Watch) -> None:
    """Is tried a few times more, then left until the next look."""
    assert following == looks.failed(watch, NOON + HOUR, **fields)  # type: ignore[arg-type]


def test_a_second_look() -> None:
    """Comes soon and once; a doubt that is another by then waits for the next look, or is the last."""
    once = looks.doubted(BEGUN, NOON + HOUR, "gone")
    assert after(0, HOUR + 10 * MINUTE, doubt="gone") == once
    assert after(1, 6 * HOUR, doubt="headline") == looks.doubted(once, NOON + 2 * HOUR, "headline")
    assert looks.doubted(replace(LAST, doubt="gone"), NOON + 73 * HOUR, "headline").next_look_at is None
