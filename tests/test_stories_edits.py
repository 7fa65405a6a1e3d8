"""Which edits of an article a reader must know of, and which stay silent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.model import ChangeKind as Kind
from monitor.stories.edits import Version, changes, notices
from tests.newsroom import TALKS, TANKS

TITLE = "Serbia moves tanks to the border"
FIGURE = "At least 12 soldiers were injured when a lorry overturned on the way to the crossing."
PUBLISHED = Version(TITLE, "\n\n".join((*TANKS, FIGURE)))


def rarity(term: int) -> float:
    """Every word is as telling as any other."""
    return 0.7


def edited(*replacements: tuple[str, str], title: str = TITLE, top: str = "", end: str = "") -> Version:
    text = PUBLISHED.text
    for before, after in replacements:
        assert before in text
        text = text.replace(before, after)
    return Version(title, "\n\n".join(part for part in (top, text, end) if part))


@pytest.mark.parametrize(
    ("after", "kinds"),
    [
        (edited((FIGURE, FIGURE.replace("12", "14"))), [Kind.FIGURE]),
        (edited((FIGURE, FIGURE.replace("12 soldiers were", "seven soldiers and drivers were"))), [Kind.FIGURE]),
        (edited(title="Serbia pulls back tanks as peacekeepers report ceasefire deal"), [Kind.HEADLINE]),
        (edited(title="Serbia denies moving tanks to the border"), [Kind.DENIAL]),
        (edited(title=f"{TITLE}: ten dead"), [Kind.FIGURE]),
        (edited(title="CORRECTED: Serbia moves tanks to its border"), [Kind.CORRECTION]),
        (edited(end="Correction: An earlier version of this article misstated the day."), [Kind.CORRECTION]),
        (edited(end="Ispravka: u prethodnoj verziji teksta pogrešno je naveden dan."), [Kind.CORRECTION]),
        (edited(end="Исправка: у претходној верзији текста погрешно је наведен дан."), [Kind.CORRECTION]),
        (edited(end="Korrigjim: në versionin e mëparshëm dita ishte e gabuar."), [Kind.CORRECTION]),
        (edited(top="Editor's note: this story has been retracted."), [Kind.RETRACTION]),
        (edited(end="Tekst je povučen."), [Kind.RETRACTION]),
        (
            edited(end="The defence ministry in Belgrade later denied that tanks had moved to the border."),
            [Kind.DENIAL],
        ),
        (
            edited(end="The exercise near the border with Kosovo was called off, cancelled by Belgrade."),
            [Kind.REVERSAL],
        ),
        (
            edited((FIGURE, FIGURE.replace("12", "9")), end="We have corrected this article."),
            [Kind.CORRECTION, Kind.FIGURE],
        ),
    ],
)
def test_what_is_told(after: Version, kinds: list[Kind]) -> None:
    """Most urgent first."""
    assert kinds == [change.kind for change in changes(PUBLISHED, after, rarity)]


@pytest.mark.parametrize(
    "after",
    [
        edited(title=f"{TITLE}: 12 injured"),
        PUBLISHED,
        edited(("Serbia has", "SERBIA has"), ("villages near the crossing", "villages – near the crossing –")),
        edited(("dozen transporters", "dozen tracked transporters")),
        edited(title="Serbia moves tanks to the border!"),
        edited(title="Serbia moves its tanks to the border"),
        edited(top="By Jane Doe", end="Reporting by John Smith; editing by Ann Lee"),
        edited(end="The weather on Friday was cold and clear, and snow is expected in the mountains."),
        edited(end="Most read\n\nMinister denies report on pensions\n\nBus drivers call off strike"),
        edited(end="The mayor of a coastal town denied on Monday that a hotel permit had been sold."),
        edited(end="1,204 readers\n\n17 comments\n\nUpdated 14:05"),
        edited(end="A column of 40 lorries with food and medicine left for the villages in the evening."),
        Version(TITLE, "\n\n".join(TANKS)),
    ],
)
def test_what_stays_silent(after: Version) -> None:
    """Typography, a word, bylines, boxes, counters, more and fewer paragraphs."""
    assert () == changes(PUBLISHED, after, rarity)


def test_a_change_shows_before_and_after() -> None:
    """The sentence that was, and the one that is in its place."""
    (change,) = changes(PUBLISHED, edited((FIGURE, FIGURE.replace("12", "14"))), rarity)
    assert (FIGURE, FIGURE.replace("12", "14")) == (change.before, change.after)
    (change,) = changes(PUBLISHED, replace(PUBLISHED, title="Kosovo closes crossing after blast kills three"), rarity)
    assert (TITLE, "Kosovo closes crossing after blast kills three") == (change.before, change.after)


@pytest.mark.parametrize(
    "before", ["Updated at 14:05 by our newsroom in Belgrade.", "There are now 17 comments below it."]
)
def test_what_counts_itself_is_no_figure(before: str) -> None:
    """A site's own clock and counters change all the time."""
    other = before.replace("14:05", "16:40").replace("17", "29")
    assert before != other
    assert () == changes(edited(end=before), edited(end=other), rarity)


def test_a_headline_is_marked_as_corrected_once() -> None:
    """What is edited under the mark later is a headline like any other."""
    marked = replace(PUBLISHED, title=f"CORRECTED: {TITLE}")
    assert () == changes(marked, replace(marked, title=f"CORRECTED: {TITLE} - again"), rarity)


def test_a_text_that_takes_itself_back() -> None:
    """All that is left of an article; and texts that only speak of corrections and withdrawals."""
    assert [Kind.RETRACTION] == [
        c.kind for c in notices("This article has been retracted. We apologise to our readers.")
    ]
    for text in (*TALKS, "The report on pensions was retracted.", "NATO has withdrawn two companies from the north."):
        assert () == notices(text)
