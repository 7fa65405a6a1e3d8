"""Numbers, and what they count."""

from __future__ import annotations

import pytest

from monitor.stories.figures import figures, numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Twelve soldiers were killed", [("soldiers", "12"), ("dead", "12")]),
        ("Death toll rises to 1,900", [("dead", "1900")]),
        ("The blast killed 12 people and wounded 40", [("people", "12"), ("dead", "12"), ("injured", "40")]),
        ("12 killed, 40 hurt", [("dead", "12"), ("injured", "40")]),
        ("Of 40 arrested, 12 were soldiers", [("arrested", "40"), ("soldiers", "12")]),
        ("Twelve are dead. Soldiers closed the road", [("dead", "12")]),
        ("Poginulo je 12 vojnika, povređeno 40", [("soldiers", "12"), ("dead", "12"), ("injured", "40")]),
        ("Двадесет тенкова на граници", [("vehicles", "20")]),
        ("Tre të vdekur dhe 11 të plagosur", [("dead", "3"), ("injured", "11")]),
        ("Paid $3.5 million for 18 tanks", [("dollar", "3.5m"), ("vehicles", "18")]),
        ("A rise of 4,5 percent", [("percent", "4.5")]),
        ("In 2026 the road was closed", []),
        ("Fourteen soldiers", [("soldiers", "14")]),
        ("Twelve hundred soldiers", [("soldiers", "1200")]),
        ("1 200 soldiers", [("soldiers", "1200")]),
        ("Two thousand soldiers", [("soldiers", "2000")]),
        ("Two hundred and fifty soldiers", [("soldiers", "250")]),
        ("Twenty-one soldiers", [("soldiers", "21")]),
        ("Dvadeset i jedan vojnik", [("soldiers", "21")]),
        ("Njëzet e një ushtarë", [("soldiers", "21")]),
        ("1,200,000 people", [("people", "1.2m")]),
        ("1,2 miliona ljudi", [("people", "1.2m")]),
        ("Killed twenty and wounded two", [("dead", "20"), ("injured", "2")]),
    ],
)
def test_what_is_counted(text: str, expected: list[tuple[str, str]]) -> None:
    """By the words around a number, as far as the next number or the end of the sentence."""
    assert expected == [(figure.slot, figure.value) for figure in figures(text)]


def test_a_figure_says_where_it_stands() -> None:
    """In the text as it was given."""
    text = "Sinoć je četvoro vojnika napustilo kasarnu."
    figure = figures(text)[0]
    assert "četvoro" == text[figure.start : figure.end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,900 or 1.900", ("1900",)),
        ("3,5 or 3.5", ("3.5",)),
        ("12,345,678 of them", ("12345678",)),
        ("from 2025 to 2026", ("2025", "2026")),
        ("none", ()),
    ],
)
def test_numbers_have_one_spelling(text: str, expected: tuple[str, ...]) -> None:
    """And are named once."""
    assert expected == numbers(text)
