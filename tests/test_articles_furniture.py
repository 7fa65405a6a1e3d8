"""What is taken off a text, and above all what is not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.articles.furniture import trim

PROSE = "The ferry left at noon, with two hundred passengers and a brass band on board, for the outer islands."
MORE = "Nobody on the quay had seen a ship of that size before, the harbour master said in the evening."
TITLE = "Ferry reaches the outer islands"


def text(*lines: str) -> str:
    return "\n\n".join(lines)


HEADS = [
    TITLE,
    "FERRY REACHES THE OUTER ISLANDS!",
    "by time news",
    "By Jane Doe",
    "By: Jane Doe and John Roe",
    "Written by Jane Doe",
    "Autor: Ana Petrović",
    "Von Anna Müller und Max Weber",
    "Par Jean Dupont",
    "Nga Arben Hoxha",
    "Piše: Ana Petrović",
    "Автор: Иван Петров",
    "Published 3 hours ago",
    "Updated: 12:45, 30 September 2023",
    "September 30, 2023",
    "Saturday, 30 September 2023 - 12:45",
    "30. septembar 2023.",
    "30.09.2023 12:45",
    "3 min read",
]


@pytest.mark.parametrize("line", HEADS)
def test_head(line: str) -> None:
    """Before the text, the title again and what says by whom and when are taken off."""
    assert text("A second headline", PROSE, MORE) == trim(text(line, "A second headline", PROSE, MORE), TITLE)
    assert text("A second headline", PROSE) == trim(text("A second headline", line, PROSE), TITLE)


TAILS = [
    "You may also like",
    "You might also like…",
    "Leave a Comment",
    "Leave a Reply Cancel reply",
    "LEAVE A COMMENT",
    "Related",
    "Related articles:",
    "Read more",
    "Read also: The brass band that never sleeps",
    "Share this:",
    "Subscribe to our newsletter",
    "Sign up today to get started!",
    "Comments",
    "3 Comments",
    "No comments",
    "We use cookies to give you the best experience. Read our policy.",
    "Your email address will not be published. Required fields are marked *",
    "Save my name, email, and website in this browser for the next time I comment.",
    "© 2023 Island News - All rights reserved.",
    "The post Ferry reaches the outer islands appeared first on Island News.",
    "Tags: ferry, islands",
    "Facebook Twitter WhatsApp",
    "Možda će vas zanimati",
    "Pročitajte još",
    "Ostavite komentar",
    "Прочитајте још",
    "Оставите коментар",
    "Lexo edhe: Ura e re",
    "Komentet",
    "Lesen Sie auch",
    "Kommentare",
    "Lire aussi : Le pont neuf",
    "Laisser un commentaire",
    "Читайте также",
    "Комментарии",
]


@pytest.mark.parametrize("line", TAILS)
def test_tail(line: str) -> None:
    """After the text, invitations to read, write, share and subscribe are taken off."""
    assert text(PROSE, MORE) == trim(text(PROSE, MORE, line), TITLE)
    assert text(PROSE, MORE) == trim(text(PROSE, MORE, line, "Leave a Comment"), TITLE)


def test_box() -> None:
    """Titles of other articles go with the heading they stand under, in the middle of the text too."""
    box = ("You may also like", "Volcano quiet again, say geologists", "Who will lead the band?")

    assert text(PROSE, MORE) == trim(text(PROSE, *box, MORE, *box), TITLE)


def test_long_list() -> None:
    """A list too long for a box is the article's own, and most of it stays."""
    own = [f"Place {number} in the race" for number in range(40)]

    kept = trim(text(PROSE, "More on the race", *own), TITLE).split("\n\n")

    assert own[10:] == kept[1:]


KEPT = [
    PROSE,
    "By then it was too late.",
    "By the time the band had packed its drums away, the last ferry was gone, and so was the harbour master's hat",
    "Von der Leyen reist nach Kiew",
    "Related charges were dropped against two of the officers in May.",
    "Author dies at 90",
    "Text messages show the plan",
    "“Leave a comment,” he told them, “or leave the island.”",
    "Sharing power",
    "Elections 2024",
    "She asked them to read more.",
    "Subscribers of the ferry line were told first",
]


@pytest.mark.parametrize("line", KEPT)
def test_kept(line: str) -> None:
    """A line that only resembles furniture stays, wherever it stands."""
    for whole in (text(line, PROSE, MORE), text(PROSE, line, MORE), text(PROSE, MORE, line)):
        assert whole == trim(whole, TITLE)


def test_all_furniture() -> None:
    """A text that is furniture from end to end is left as it is: something is better than nothing."""
    assert trim("Comments", TITLE) == "Comments"
    assert trim("", TITLE) == ""


LINES = st.one_of(st.sampled_from([*HEADS, *TAILS, *KEPT, MORE]), st.text(st.characters(codec="utf-8"), max_size=60))


@given(st.lists(LINES, max_size=30))
def test_only_lines_go(lines: list[str]) -> None:
    """Trimming takes away whole lines and changes nothing else."""
    whole = text(*lines)
    rest = iter(whole.split("\n\n"))

    assert all(line in rest for line in trim(whole, TITLE).split("\n\n"))


@pytest.mark.parametrize(
    "whole",
    [
        text(*["more on the" + " x" * 190] * 2_000),
        text(*["©" + "a " * 190] * 2_000),
        text(*["the post " + "appeared first o " * 20] * 2_000),
        "x" * 500_000,
        text(*["x"] * 200_000),
    ],
    ids=["box", "tail", "post", "one line", "many lines"],
)
def test_hostile(whole: str) -> None:
    """No text keeps us busy for long."""
    began = time.process_time()
    trim(whole, TITLE)

    assert time.process_time() - began < 1
