"""Which story an article joins, and whether the channel hears of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.model import ArticleId, Certainty, StoryId
from monitor.stories import cluster
from monitor.stories.features import read
from monitor.stories.window import MemoryWindow
from tests.builders import NOON

HOUR = timedelta(hours=1)
FIRST = (
    "Ammunition depot explodes near Paraćin",
    "Two soldiers were killed when an ammunition depot exploded near Paraćin on Monday, the defence ministry said. "
    "Windows broke in Ćuprija, and Colonel Miloš Gavrić ordered that four villages be cleared.",
)
SAME = (
    "Two soldiers killed as depot near Paraćin explodes",
    "An explosion at an ammunition depot near Paraćin killed two soldiers on Monday. Four villages were cleared on the "
    "order of Colonel Miloš Gavrić, and windows were broken in Ćuprija, the ministry said.",
)
TRANSLATED = (
    "Eksplozija u skladištu kod Paraćina",
    "Dva vojnika su poginula kada je u ponedeljak kod mesta Paraćin eksplodiralo skladište municije, a prozori su "
    "popucali i u gradu Ćuprija. Pukovnik Miloš Gavrić je naredio da se isprazne četiri sela.",
)
OTHER = (
    "Bus drivers strike in Skopje",
    "Six hundred bus drivers stopped work over night shifts, and the mayor, Vesna Ristova, offered talks.",
)


@pytest.mark.parametrize(
    ("article", "outlet", "after", "expected"),
    [
        (SAME, "Beta", HOUR, Certainty.SURELY),
        (SAME, "Alpha", HOUR, Certainty.POSSIBLY),
        ((f"Live: {SAME[0]}", SAME[1]), "Beta", HOUR, Certainty.POSSIBLY),
        (SAME, "Beta", timedelta(days=8), Certainty.NEW),
        (TRANSLATED, "Beta", HOUR, Certainty.POSSIBLY),
        (TRANSLATED, "Beta", timedelta(days=3), Certainty.NEW),
        (OTHER, "Beta", HOUR, Certainty.NEW),
        (("", ""), "Beta", HOUR, Certainty.NEW),
    ],
    ids=["told again", "by the same outlet", "live", "too late", "translated", "translated late", "other", "empty"],
)
def test_what_joins_and_what_is_told(
    article: tuple[str, str], outlet: str, after: timedelta, expected: Certainty
) -> None:
    """In silence only what another outlet tells soon, in the same language, and not on a live page."""
    window = MemoryWindow()
    judged(window, FIRST, "Alpha", timedelta(0))
    assert expected is judged(window, article, outlet, after).certainty


@pytest.mark.parametrize(
    ("one", "other", "neither"),
    [
        ("Depot explodes in Serbia", "Soldiers die in Romania", "Soldiers die in hangars"),
        ("Depot explodes in April", "Soldiers die in October", "Soldiers die in hangars"),
        ("Depot explodes, 7 dead", "Soldiers die, 9 of them", "Soldiers die, most of them"),
    ],
)
def test_what_differs_makes_it_less_likely(one: str, other: str, neither: str) -> None:
    """Countries and months in the titles; figures."""
    text = SAME[1].replace("two", "some")
    assert _probability(one, other, text) < _probability(one, neither, text)


def test_another_day_makes_it_less_likely() -> None:
    """The day of the week on which it happened. A text that names none is as good as one that names the same."""
    monday, tuesday, none = (SAME[1].replace("Monday", day) for day in ("Monday", "Tuesday", "the holiday"))
    doubts = [1 - _probability(SAME[0], SAME[0], monday, text) for text in (none, tuesday, f"{tuesday} On Monday.")]
    assert doubts[1] > 3 * doubts[0]
    assert doubts[2] < 2 * doubts[0]


def _probability(one: str, other: str, text: str, other_text: str = "") -> float:
    window = MemoryWindow()
    judged(window, (one, text), "Alpha", timedelta(0))
    return judged(window, (other, other_text or text), "Beta", HOUR).probability


ACCOUNT = (
    "column lorries barracks valley morning bridge farmers road exercise order winter river engines dust officers maps "
    "fuel tents kitchen guard gate fields harvest dogs rain mud wheels radio silence orders hills forest smoke night "
    "trucks horses villages market mill church"
)


@pytest.mark.parametrize(
    ("witness", "expected"), [("someone", Certainty.POSSIBLY), ("Gavrić", Certainty.SURELY)], ids=["no name", "a name"]
)
def test_alike_in_nothing_but_words(witness: str, expected: Certainty) -> None:
    """Long accounts that share no name and no figure may be of two happenings, so nobody keeps silent about it."""
    window = MemoryWindow()
    texts = (f"{' '.join(words).capitalize()}, said {witness}." for words in (ACCOUNT.split(), ACCOUNT.split()[::-1]))
    _, again = (
        judged(window, ("The column leaves", text), outlet, HOUR)
        for text, outlet in zip(texts, ("Alpha", "Beta"), strict=True)
    )
    assert expected is again.certainty


def test_nothing_joins_a_live_page() -> None:
    """It tells many happenings."""
    window = MemoryWindow()
    judged(window, (f"{FIRST[0]}: live updates", FIRST[1]), "Alpha", timedelta(0))
    assert Certainty.NEW is judged(window, SAME, "Beta", HOUR).certainty


def judged(window: MemoryWindow, article: tuple[str, str], outlet: str, after: timedelta) -> cluster.Judgement:
    reading = read(*article)
    features, frequencies = cluster.weighed(reading, outlet, window)
    window.count(reading.seen)
    found = cluster.judge(features, NOON + after, frequencies, window)
    name = f"{outlet} {after}"
    window.add(ArticleId(name), found.story_id or StoryId(name), features, NOON + after, found.fresh)
    return found
