"""What of an article is compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.stories.features import MOST_NAMES, MOST_TERMS, Features, read, seen, skeleton, term_of, weigh
from monitor.text import fold


def rarity(term: int) -> float:
    return 0.1 + term % 7 / 10


TEXT = "Na putu za Rašku viđeno je osamnaest tenkova. Ministar Petar Savić je u Beogradu potvrdio vežbu."


def test_serbian_is_one_language_in_both_scripts() -> None:
    """The same article in either gives the same."""
    cyrillic = (
        "На путу за Рашку виђено је осамнаест тенкова. Министар Петар Савић је у Београду потврдио вежбу.",
        "Тенкови иду ка Косову",
    )
    assert read("Tenkovi idu ka Kosovu", TEXT) == read(cyrillic[1], cyrillic[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Washington", "Vašington"),
        ("Washington", "Uashington"),
        ("Macron", "Makron"),
        ("Biden", "Bajden"),
        ("Đoković", "Djokovic"),
        ("Zelensky", "Зеленски"),
    ],
)
def test_a_name_is_known_in_every_spelling(one: str, other: str) -> None:
    """By its consonants."""
    assert skeleton(fold(one)) == skeleton(fold(other))


@pytest.mark.parametrize(
    ("title", "text", "field", "expected"),
    [
        ("Germany votes", "Nothing else.", "countries", frozenset({"DE"})),
        ("US sends ships", "It told us so.", "countries", frozenset({"US"})),
        ("Tell us more", "Nothing else.", "countries", frozenset()),
        ("Jobs in March", "Nothing else.", "periods", frozenset({3})),
        ("They may march", "Nothing else.", "periods", frozenset()),
        ("Vote on Friday", "It was put off on Tuesday.", "weekdays", frozenset({2, 5})),
        ("Glasanje", "Odloženo je u četvrtak, a nedelju dana ranije u srijedu.", "weekdays", frozenset({3, 4})),
        ("Гласање у суботу", "", "weekdays", frozenset({6})),
        ("Votimi", "U shty të mërkurën për të dielën.", "weekdays", frozenset({3, 7})),
        ("Live updates: vote in Skopje", "Nothing else.", "live", True),
        ("Lives lost at sea", "Nothing else.", "live", False),
        ("Tenkovi idu ka Kosovu", TEXT, "language", "sr"),
        ("Tanks", "The army said that it was a drill and that they were on their way.", "language", "en"),
        ("Tanket", "Ushtria tha se kjo ishte një stërvitje dhe se nuk ka rrezik për asnjë.", "language", "sq"),
        ("1 2 3", "", "language", ""),
    ],
)
def test_what_an_article_says_of_itself(title: str, text: str, field: str, expected: object) -> None:
    """In its title, but for the language and the days of the week, which the lead tells as well."""
    assert expected == getattr(read(title, text), field)


LIVE = """
Live: shots in Banjska
LIVE Shots in Banjska
[LIVE] Shots in Banjska
Shots in Banjska [live]
Live | Shots in Banjska
Live - shots in Banjska
LIVE/ Të shtëna në Banjskë
Shots in Banjska live: latest updates
Kosovo election live: polls close
Shots in Banjska: the latest updates
Shots in Banjska – live
Shots in Banjska – as it happened
Shots in Banjska live
Shots in Banjska, minute by minute
Minute-by-minute: shots in Banjska
Live blog: shots in Banjska
Liveblog zu Banjska
Live coverage: shots in Banjska
Watch live: Kurti speaks in Pristina
Live from Mitrovica: shots are heard
Uživo: Pucnjava u Banjskoj
UŽIVO Pucnjava u Banjskoj
УЖИВО: Пуцњава у Бањској
Pucnjava u Banjskoj – iz minuta u minut
Пуцњава у Бањској, из минута у минут
Pucnjava u Banjskoj iz minute u minutu
Drejtpërdrejt: Të shtëna në Banjskë
Të shtëna në Banjskë - drejtpërdrejt
Të shtëna në Banjskë, minutë pas minute
Të shtëna në Banjskë, minut pas minuti
Ndiqni drejtpërdrejt seancën e Kuvendit
Përditësimet e fundit nga Banjska
"""
NOT_LIVE = """
Live ammunition found near Banjska
Live bombs cleared from a school in Kosovo
They live in Kosovo
Where they live: three villages near the line
How we live
Serbs who live in Kosovo cast their votes
NATO begins live-fire exercise in Kosovo
NATO Begins Live-Fire Exercise - Kosovo
Kosovo reports first live birth in new hospital
Lives lost at sea
Kosovo: thousands live without power
KFOR HOLDS LIVE AMMUNITION DRILL
Olive harvest begins
Kfor: live rounds were fired
Presidenti i Kosovës zgjidhet drejtpërdrejt nga populli
Minister: Živo nas zanima Kosovo
Situacija na Kosovu se menja iz časa u čas
Serbia updates its law on live animals
"""


@pytest.mark.parametrize(
    ("title", "expected"),
    [(title, True) for title in LIVE.strip().splitlines()]
    + [(title, False) for title in NOT_LIVE.strip().splitlines()],
)
def test_a_live_page_is_told_by_its_title(title: str, expected: bool) -> None:
    """In three languages and both scripts; to live is no sign of one, nor is what is directly so."""
    assert expected is read(title, "Nothing else.").live


def test_words_are_cut_and_common_ones_left_out() -> None:
    """So that inflection does not matter, and function words do not count."""
    counts = read("", "The minister and the ministers").counts
    assert {term_of("minister"): 4} == counts


def test_a_text_without_spaces_is_cut_all_the_same() -> None:
    """Whatever it is made of."""
    assert len(read("", "x" * 1_000).counts) > 0
    assert {} == read("", "\n" * 1_000).counts


@given(
    st.lists(st.sampled_from(["abc", "Абв", " Ђ", "12", ". ", "“", " US ", " Friday ", " u sredu "]), max_size=200).map(
        "".join
    ),
    st.text(max_size=400),
    st.sampled_from(["", "Alpha", "Beta"]),
)
def test_features_come_back_as_they_went_in(title: str, text: str, outlet: str) -> None:
    """To bytes and back, bit by bit, and bounded."""
    features = weigh(read(title, text), rarity, outlet)
    again = Features.from_bytes(features.to_bytes())
    assert features == again
    assert list(features.terms) == list(again.terms)
    assert len(features.terms) <= MOST_TERMS
    assert len(features.names) <= MOST_NAMES


@given(st.text(max_size=80), st.text(st.sampled_from("aëč бЋ7,.-’ \nABR"), max_size=900), st.integers(0, 900))
def test_what_is_seen_is_that_of_a_reading(title: str, text: str, place: int) -> None:
    """However it was asked for."""
    text = f"{text[:place]} {TEXT} {text[place:]}"
    assert read(title, text).seen == seen(title, text)
