"""The due jobs of one kind: who has a place, and whether the store is to be asked for more at once."""

from __future__ import annotations

import pytest

from monitor.app.jobs import LOOK_AHEAD, Job, Lane

MOST = 8  # jobs of a site that the store names at once


async def _work() -> bool:
    return False


async def _put_off(_why: str) -> None:
    pass


def jobs(count: int, site: str = "") -> list[Job]:
    """Each of a site of its own when none is named."""
    return [Job("poll", f"{site}{n}", site or f"{n}.example", _work, _put_off) for n in range(count)]


def taken(lane: Lane) -> list[Job]:
    found = []
    while job := lane.take():
        found.append(job)
    return found


@pytest.mark.parametrize(
    ("due", "wants_more"),
    [
        (jobs(MOST - 1, "a.example"), False),
        (jobs(MOST, "a.example"), True),
        (jobs(LOOK_AHEAD - 1), False),
        (jobs(LOOK_AHEAD), True),
        ([], False),
    ],
    ids=["fewer than it names", "as many of a site as it names", "fewer in all", "as many in all", "none"],
)
def test_the_store_is_asked_again_when_it_may_have_held_back(due: list[Job], wants_more: bool) -> None:
    """Not when it has named all that it knows: then nothing is due before its time."""
    lane = Lane(at_once=1_000, per_site=MOST, told_of=MOST)
    lane.put(due)
    assert len(due) == len(taken(lane))
    assert lane.wants_more is wants_more


def test_what_is_under_way_counts() -> None:
    """The store names it too, so it leaves that much less room for others of the site."""
    lane = Lane(at_once=1_000, per_site=MOST, told_of=MOST)
    lane.put(jobs(3, "a.example"))
    taken(lane)
    lane.put(jobs(MOST, "a.example")[3:])
    taken(lane)
    assert lane.wants_more


def test_nobody_is_asked_while_something_waits() -> None:
    """What waits for a place at its site is started first."""
    lane = Lane(at_once=1_000, per_site=1, told_of=MOST)
    lane.put(jobs(MOST, "a.example"))
    taken(lane)
    assert not lane.wants_more
