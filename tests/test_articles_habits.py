"""What a site repeats, and above all what only looks as if."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles import habits
from monitor.articles.habits import Habits, is_all, learn, unpack, without

MONDAY = date(2026, 3, 2)
LEAD = "The ferry number {0} left at noon, with two hundred passengers and a brass band on board, for island {0}."
OWN = "Nobody on quay {0} had seen a ship of that size before, the harbour master of island {0} said in the evening."
BACKGROUND = (
    "The ferries to the outer islands had been on strike since October, when the company sold two of its ships."
)
COOKIES = "We and our partners store information on a device and access it, to show you what you might like."


def site(articles: int, *blocks: str, days: int, every: int = 1) -> Habits:
    """A site's articles, spread over days; every so many of them has the blocks."""
    learnt = Habits()
    for number in range(articles):
        own = (LEAD.format(number), OWN.format(number))
        text = "\n\n".join((*own, *blocks) if number % every == 0 else own)
        learnt = learn(learnt, text, MONDAY + timedelta(days=number * days // articles))
    return learnt


def text(*blocks: str) -> str:
    return "\n\n".join((LEAD.format("x"), OWN.format("x"), *blocks))


FURNITURE = [
    ("Islands on air", site(6, "Islands on air", days=3)),
    ("17 comments", site(6, "3 comments", days=3)),
    ("Islands on air", site(30, "Islands on air", days=10, every=3)),
    ("Storm warning for all coasts", site(12, "Storm warning for all coasts", days=1)),
    (COOKIES, site(12, COOKIES, days=10)),
]


@pytest.mark.parametrize(("block", "learnt"), FURNITURE)
def test_furniture(block: str, learnt: Habits) -> None:
    """What stands with article after article, day after day, goes; the article stays."""
    assert text() == without(learnt, text(block))


OWN_WORDS = [
    (BACKGROUND, site(12, BACKGROUND, days=3)),
    (BACKGROUND, site(60, BACKGROUND, days=20, every=2)),
    ("What we know so far", site(4, "What we know so far", days=4)),
    ("What we know so far", site(11, "What we know so far", days=1)),
    ("What we know so far", site(60, "What we know so far", days=20, every=5)),
    (COOKIES.replace("like", "dislike"), site(12, COOKIES, days=10)),
    ("In 2008 the island had 310 houses, and the sea took three.", site(12, COOKIES, days=10)),
]


@pytest.mark.parametrize(("block", "learnt"), OWN_WORDS)
def test_own_words(block: str, learnt: Habits) -> None:
    """The background that a desk copies from day to day stays, and so does what was not seen often or long enough."""
    assert text(block) == without(learnt, text(block))


def test_figures_in_sentences() -> None:
    """A sentence with other figures is another sentence."""
    toll = "The company counted {} passengers on its ferries, more than in any year before this one."
    learnt = site(12, toll.format(310), days=10)

    assert text(toll.format(325)) == without(learnt, text(toll.format(325)))
    assert text() == without(learnt, text(toll.format(310)))


def test_lead_stays() -> None:
    """The first sentences of a text stay, whatever was seen before; a text is never emptied."""
    learnt = site(12, COOKIES, "Islands on air", days=10)

    assert f"{COOKIES}\n\n{OWN}" == without(learnt, f"{COOKIES}\n\n{OWN}")
    assert "Islands on air" == without(learnt, "Islands on air")


def test_wall() -> None:
    """A page that has only what the site shows everywhere is no article."""
    learnt = site(12, COOKIES, "Islands on air", days=10)

    assert is_all(learnt, f"Islands on air\n\n{COOKIES}")
    assert not is_all(learnt, text(COOKIES))
    assert not is_all(Habits(), COOKIES)


def test_redesign() -> None:
    """What a site has not shown for long is forgotten."""
    learnt = site(12, "Islands on air", days=10)
    for number in range(habits.FORGOTTEN + 1):
        learnt = learn(learnt, OWN.format(f"n{number}"), MONDAY + timedelta(days=20))

    assert text("Islands on air") == without(learnt, text("Islands on air"))


def test_small() -> None:
    """However much a site publishes, little is remembered, and what it repeats is among it."""
    learnt = Habits()
    for number in range(400):
        lines = [f"Line {chr(97 + n % 26)}{n} of {chr(97 + number % 26)}{number}" for n in range(60)]
        learnt = learn(learnt, "\n\n".join([*lines, "Islands on air"]), MONDAY + timedelta(days=number // 20))

    assert len(learnt.pack()) <= 12_000
    assert text() == without(learnt, text("Islands on air"))


BLOCKS = st.sampled_from(["Islands on air", COOKIES, BACKGROUND, "17 comments", "", "x"])


@given(st.lists(st.tuples(st.lists(BLOCKS, max_size=5), st.integers(0, 30)), max_size=20))
def test_comes_back(articles: list[tuple[list[str], int]]) -> None:
    """What is kept comes back as it was; text is only ever taken away, by whole blocks."""
    learnt = Habits()
    for blocks, day in articles:
        learnt = learn(learnt, "\n\n".join(blocks), MONDAY + timedelta(days=day))

    assert learnt == unpack(learnt.pack())
    rest = iter(text(COOKIES, "Islands on air").split("\n\n"))
    assert all(line in rest for line in without(learnt, text(COOKIES, "Islands on air")).split("\n\n"))


@pytest.mark.parametrize("packed", [b"", b"\x07", b"\x02\x00\x00\x00\x00", b"\x01\x00\x00\x00\x00abc"])
def test_foreign(packed: bytes) -> None:
    """Bytes of another version, or damaged ones, are no habits."""
    assert Habits() == unpack(packed)
