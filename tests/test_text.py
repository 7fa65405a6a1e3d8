"""Words, sentences, zones and quotations."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Zone
from monitor.text import POSITION_GAP, document, fold, printable, spelling, without_quotations, words

TEXTS = st.text(max_size=200)
PARAGRAPH = "Serbian forces moved tanks closer to the border on Friday."


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KOSOVO", "kosovo"),
        ("Косово", "Kosovo"),
        ("Ђоковић", "Đoković"),
        ("Đoković", "Djokovic"),
        ("Љубљана", "Ljubljana"),
        ("Џаковица", "Džakovica"),
        ("Kosovë", "Kosove"),
        ("Cafe\u0301", "CAFÉ"),
        ("STRASSE", "straße"),
        ("İstanbul", "ISTANBUL"),
        ("Diyarbakır", "DIYARBAKIR"),
        ("ＮＡＴＯ", "nato"),
        ("sol\u00addier", "sol\u200bdier"),
        ("Wałęsa", "Walesa"),
        ("Йод", "иод"),
    ],
)
def test_fold_forgets_case_marks_and_script(one: str, other: str) -> None:
    """Two spellings of a word are one word."""
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("कि", "कु"), ("senator", "nato"), ("schon", "schob")])
def test_fold_keeps_words_apart(one: str, other: str) -> None:
    """What makes another word stays, vowel signs among it."""
    assert fold(one) != fold(other)


@given(TEXTS)
def test_folding_twice_changes_nothing(text: str) -> None:
    """A folded word is its own fold."""
    assert all(fold(word) == word for word in words(text))


@given(TEXTS)
def test_composition_does_not_matter(text: str) -> None:
    """Composed or decomposed, a text has the same words."""
    assert words(unicodedata.normalize("NFC", text)) == words(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NATO's troops", "nato s troops"),
        ("NATO’s troops", "nato s troops"),
        ("NATO-s, KFOR-a", "nato s kfor a"),
        ("F-16s over U.S. bases", "f 16s over u s bases"),
        ("snake_case", "snake case"),
        ("cafe\u0301 re\u0301sume\u0301", "cafe resume"),
        ("co\u00adoperate so\u200bldier", "cooperate soldier"),
        ("हिन्दी में", "हिन्दी में"),
        ("科索沃 NATO部队", "科 索 沃 nato 部 队"),
        ("§ — …", ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    """Runs of letters, digits and marks; where a script has no spaces, characters."""
    assert tuple(expected.split()) == words(text)


@given(
    st.text(alphabet="aZ9_. \n'’—“ßéÉđЂћЙё\u2028\u00d7İı€", max_size=30),
    st.sampled_from(["", "\u0301", "東", "\u00ad"]),
)
def test_the_short_way_finds_what_the_long_way_finds(text: str, uncommon: str) -> None:
    """Common text is split otherwise than text with one uncommon character in it, to the same words."""
    assert words(text) == words(f"{text} {uncommon}")[: len(words(text))]


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=2))
def test_offsets_point_into_the_original(title: str, text: str, captions: list[str]) -> None:
    """A token's offsets give back its text, and its sentence is around it."""
    read = document(title, text, captions)
    for token in read.tokens:
        source = read.source(token.zone)
        sentence = read.sentence_of(token)
        assert token.text == source[token.start : token.end].replace("_", " ")
        assert (token.zone, True) == (sentence.zone, sentence.start <= token.start < token.end <= sentence.end)
        assert token == read.at(token.position)
        assert token.position in read.positions_in(token.zone)[token.folded]
        assert (token.zone is not Zone.CAPTION) is (token.position in read.positions.get(token.folded, ()))
        assert token.position in read.zones[token.zone]


@given(TEXTS, TEXTS)
def test_a_document_has_all_words(title: str, text: str) -> None:
    """No word falls between two sentences."""
    assert words(title) + words(text) == tuple(token.folded for token in document(title, text).tokens)


def test_captions_are_apart() -> None:
    """They are no part of the text, and nothing reaches from one into the other."""
    read = document("Tanks", "Border", ["Archive: soldiers", "A bridge"])
    assert "soldiers" not in read.positions
    assert read.positions_in(Zone.CAPTION)["archive"][0] - read.positions["border"][0] > POSITION_GAP
    assert "Archive: soldiers\n\nA bridge" == read.source(Zone.CAPTION)


def test_title_and_text_are_far_apart() -> None:
    """Positions leave a gap that nothing reaches across."""
    read = document("Tanks", "Border")
    assert read.positions["border"][0] - read.positions["tanks"][0] > POSITION_GAP


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        (f"{PARAGRAPH}\n\nMore.", PARAGRAPH),
        (f"BELGRADE, 3 March\n\n{PARAGRAPH}\n\nMore.", f"BELGRADE, 3 March\n\n{PARAGRAPH}"),
        ("Short.\n\nAlso short.", "Short.\n\nAlso short."),
        (f"{PARAGRAPH}\nSame paragraph.\n \nMore.", f"{PARAGRAPH}\nSame paragraph."),
        ("", ""),
    ],
)
def test_lead(text: str, lead: str) -> None:
    """The first paragraph of eight words, with all that stands before it."""
    tokens = document("A title", text).tokens
    assert words(lead) == tuple(token.folded for token in tokens if token.zone is Zone.LEAD)


@pytest.mark.parametrize(
    "sentences",
    [
        ["Tanks moved.", "Nobody knew why."],
        ["Mr. Smith met Gen. J. F. Brown of the U.S. Army.", "They spoke."],
        ["It cost 3.5 million.", "He paid."],
        ["The score was 2-1.", "Serbia won."],
        ['"Why now?" he asked.', '"Because!"', "She left."],
        ["Er kam am 3. Oktober, z. B. mit Dr. Meier.", "Dann ging er."],
        ["Bundeswehr, z.B. Truppen, blieb.", "Mehr nicht."],
        ["Preduzeće Zastava d.o.o. Kragujevac radi.", "Dr. Petrović je tu."],
        ["Предузеће д.о.о. Београд ради.", "Др. Петровић је ту."],
        ["Ushtria erdhi p.sh. Prishtinë me z. Kurti.", "Pastaj iku."],
        ["M. Dupont est là.", "« Bonjour. »", "Il part."],
        ["Войска на ул. Ленина, 2 тыс. Солдаты ждут.", "Всё."],
        ["No full stop", "Another paragraph"],
        ["He waited…", "Then he left."],
    ],
)
def test_sentences(sentences: list[str]) -> None:
    """Abbreviations, initials, ordinals and decimal points end no sentence; a paragraph always does."""
    divider = " " if sentences[0][-1] in '.!?…"' else "\n\n"
    text = divider.join(sentences)
    assert sentences == [text[start:end] for _, start, end in document("", text).sentences]


SAID = "we will never leave this land"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"He said “{SAID}” again", "he said again"),
        (f"Er sagte „{SAID}“ noch", "er sagte noch"),
        (f"Rekao je „{SAID}” opet", "rekao je opet"),
        (f"Il dit « {SAID} » encore", "il dit encore"),
        (f"Han sagde »{SAID}« igen", "han sagde igen"),
        (f'He said "{SAID}" again', "he said again"),
        (f"He said “{SAID} ‘and “so on” too” again", "he said again"),
        ("He said “no way” again", "he said no way again"),
        (f"Open “{SAID}\n\nNext” one", f"open {SAID} next one"),
        (f'A 5" pipe and {SAID} of 6" width', f"a 5 pipe and {SAID} of 6 width"),
        (f"Unclosed “here. But “{SAID}” is", "unclosed here but is"),
    ],
)
def test_without_quotations(text: str, expected: str) -> None:
    """Quotations of five words or more go, in whatever marks, when they are closed in their paragraph."""
    assert tuple(expected.split()) == words(without_quotations(text))


@given(st.text(alphabet='ab .\n“”„«»"', max_size=80))
def test_without_quotations_only_takes_away(text: str) -> None:
    """Every word that is left was there."""
    assert set(words(without_quotations(text))) <= set(words(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Priština\nПриштина 東京 🎈", "Priština\nПриштина 東京 🎈"),
        ("a\x1b[2Jb\x07", "a�[2Jb�"),
        ("a\x9bb\x85c", "a�b c"),
        ("a\u202eb\u2066c\u200fd", "a�b�c�d"),
        ("a\tb\u00a0c\u2009d\u2028e\rf", "a b c d e f"),
        ("a\ud800b", "a�b"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    """Letters of every script stay, spaces of every kind are spaces, and nothing else reaches a terminal."""
    assert shown == printable(text)


def test_spelling_keeps_case_and_marks() -> None:
    """Only how a letter is composed and what cannot be seen is forgotten."""
    assert [spelling("NATO"), spelling("Cafe\u0301"), spelling("so\u00adld")] == ["NATO", "Café", "sold"]
