"""What a later article adds to its story."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import AdditionKind as Kind
from monitor.stories.novelty import Facts, additions, facts

TITLE = "Tanks near Raška"
KNOWN = facts(
    TITLE,
    "A column of eighteen tanks left Kraljevo. Three soldiers were hurt near Raška. Minister Dragan Petronijević "
    "called it a drill. “We shall be back in the barracks by Sunday”, he said.",
)


@pytest.mark.parametrize(
    ("text", "kind", "what"),
    [
        ("Four soldiers were hurt near Raška.", Kind.FIGURE, "4 soldiers"),
        ("Tanks were seen near Leposavić.", Kind.PLACE, "Leposavić"),
        ("A spokeswoman, Ana Kostić, did not comment.", Kind.ACTOR, "Ana Kostić"),
        ("The 72nd Brigade took part.", Kind.UNIT, "72nd Brigade"),
        ("The minister denied the report.", Kind.DENIAL, "denied"),
        ("Ministarstvo je demantovalo navode.", Kind.DENIAL, "demantovalo"),
        ("The drill was cancelled.", Kind.REVERSAL, "cancelled"),
        ("Vežba je otkazana.", Kind.REVERSAL, "otkazana"),
        (
            "“Nobody asked the people who live along this road”, a farmer said.",
            Kind.QUOTE,
            "“Nobody asked the people who live along this road”",
        ),
    ],
)
def test_what_is_new_is_told(text: str, kind: Kind, what: str) -> None:
    """With the sentence that says it."""
    (addition,) = additions(TITLE, text, KNOWN)
    assert (kind, what) == (addition.kind, addition.what)
    assert addition.sentence in text


@pytest.mark.parametrize(
    "text",
    [
        "Eighteen tanks, and three soldiers hurt.",
        "Near Raška, Minister Petronijević spoke of a drill.",
        "The minister said: “We shall be back in the barracks by Sunday.”",
        "It was a cold morning and the road was wet.",
    ],
)
def test_what_was_told_before_is_no_news(text: str) -> None:
    """However it is worded."""
    assert () == additions(TITLE, text, KNOWN)


def test_a_changed_figure_says_what_it_was() -> None:
    """So that a reader sees the change."""
    (addition,) = additions(TITLE, "Five soldiers were hurt.", KNOWN)
    assert ("5 soldiers", "3") == (addition.what, addition.before)


def test_the_most_urgent_comes_first() -> None:
    """And a sentence is quoted once, however much it says."""
    text = "Five soldiers were hurt near Leposavić.\n\nThe drill was cancelled."
    assert [Kind.REVERSAL, Kind.FIGURE] == [addition.kind for addition in additions(TITLE, text, KNOWN)]


TOLD = (
    "Raška",
    "Ana Marić",
    "twelve",
    "14",
    "dead",
    "soldiers",
    "denied",
    "cancelled",
    "near",
    "in",
    ".",
    ",",
    "“x y”",
)
TEXTS = st.lists(st.sampled_from(TOLD), max_size=25).map(" ".join)


@given(TEXTS, TEXTS)
def test_an_article_adds_nothing_to_its_own_facts(title: str, text: str) -> None:
    """Nor once they were kept and read again."""
    own = facts(title, text)
    assert own == Facts.from_json(own.to_json())
    assert () == additions(title, text, own)
