"""Whom a text credits, and what is a copy."""

from __future__ import annotations

import pytest

from monitor.model import ArticleId, Resemblance, StoryId
from monitor.stories.sources import credit, is_copy, likeness

LONG = "The column took the road to the south. " * 20


@pytest.mark.parametrize(
    ("text", "author", "expected"),
    [
        ("BELGRADE (Reuters) - Tanks left the barracks.", None, "Reuters"),
        ("PRISTINA, 3 May (AFP) Tanks left the barracks.", None, "AFP"),
        (f"{LONG}\n\nIzvor: Tanjug", None, "Tanjug"),
        (f"{LONG} Vozila su se vratila, prenosi Beta.", None, "Beta"),
        (f"{LONG} Возила су се вратила, јавља Танјуг.", None, "Tanjug"),
        (f"{LONG} Tanket u kthyen, raporton KosovaPress.", None, "KosovaPress"),
        (f"{LONG} (Reporting by Ann Bell in Belgrade; Editing by Joe Doe)", None, "Reuters"),
        (LONG, "Ann Bell, AFP", "AFP"),
        (LONG, "Ann Bell", None),
        (f"{LONG} A clerk (Reuters) said. {LONG}", None, None),
        ("He told Reuters that the tanks had left.", None, None),
        ("A beta version came out.", None, None),
        ("Source: the ministry of defence", None, None),
    ],
)
def test_the_agency_credited(text: str, author: str | None, expected: str | None) -> None:
    """In the byline, at the beginning or at the end; one that is only quoted is none."""
    assert expected == credit(text, author)


@pytest.mark.parametrize(
    ("size", "shared", "other", "expected"),
    [
        (100, 25, 100, True),
        (100, 24, 100, False),
        (400, 60, 80, True),
        (400, 59, 80, False),  # a long report that quotes a short one
        (9, 9, 9, False),  # too little to tell by
    ],
)
def test_what_is_a_copy(size: int, shared: int, other: int, expected: bool) -> None:
    """A quarter of the shorter text, and enough of the article's own."""
    assert expected is is_copy(size, _alike(shared, other))


def test_the_same_text_is_a_copy_however_short() -> None:
    """Without any run of words to compare."""
    same = _alike(0, 0, same_text=True)
    assert (True, 1.0) == (is_copy(0, same), likeness(0, same))


def _alike(shared: int, size: int, *, same_text: bool = False) -> Resemblance:
    return Resemblance(ArticleId("a"), StoryId("s"), "Alpha", shared, size, same_text=same_text)
