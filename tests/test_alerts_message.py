"""What an alert says, before any sink's formatting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerts.message import complete, compose, delay, grown, marked, matched_words, sentences, shorten
from monitor.alerts.plain_text import text
from monitor.model import BodySource, Change, ChangeKind, Outcome, Standing, Zone
from tests.builders import NOON, decision, hit, message, placement, reason
from tests.test_stories import article


def test_every_part_of_the_rule_is_shown_by_a_sentence() -> None:
    """Many sentences name the place; the one with the deed is not lost among them."""
    place = [hit("Kosovo", f"Kosovo, sentence {n}.", part="concept kosovo", start=n) for n in range(6)]
    deed = hit("deployed tanks near the border", "They deployed tanks near the border.", part="near", start=900)
    assert (
        "Kosovo, sentence 0.",
        "Kosovo, sentence 1.",
        "They deployed tanks near the border.",
    ) == sentences([deed, *place])


def test_words_are_shown_once_and_short() -> None:
    """In the order of the text, the title first."""
    long = "word " * 40
    shown = matched_words([hit("tanks", start=5), hit(long, start=9), hit("TANKS", zone=Zone.TITLE)])
    assert ("tanks", 60 >= len(shown[1])) == (shown[0].lower(), True)
    assert 2 == len(shown)


def test_words_inside_others_are_not_repeated() -> None:
    """What a rule matched as a whole says it all; the same words elsewhere in the text are another find."""
    whole = hit("moved tanks and guns", start=10, end=30)
    inside, same, crossing = (
        hit("tanks", start=16, end=21),
        hit("guns", start=26, end=30),
        hit("guns south", start=26, end=36),
    )
    assert ("moved tanks and guns",) == matched_words([inside, whole, same])
    assert ("moved tanks and guns", "guns south") == matched_words([crossing, inside, whole])
    assert ("tanks", "moved tanks and guns") == matched_words([hit("tanks", zone=Zone.TITLE, start=16, end=21), whole])


@pytest.mark.parametrize(
    ("sentence", "words", "shown"),
    [
        ("Serbia moved tanks.", ["moved tanks", "tanks"], "Serbia [moved tanks]."),
        ("Tanks, more tanks and tankers.", ["tanks"], "Tanks, more [tanks] and tankers."),
        ("N.A.T.O. is near (NATO).", ["N.A.T.O.", "NATO"], "[N.A.T.O.] is near ([NATO])."),
        ("Nothing of it was cut in…", ["cut into pieces"], "Nothing of it was cut in…"),
        ("NATO", ["NATO"], "[NATO]"),
        ("Nothing", [""], "Nothing"),
    ],
)
def test_what_matched_is_marked_in_its_sentence(sentence: str, words: list[str], shown: str) -> None:
    """Whole words, the longest first, and not a letter is lost."""
    pieces = marked(sentence, [hit(word) for word in words])
    assert shown == "".join(f"[{piece}]" if matched else piece for piece, matched in pieces)
    assert sentence == "".join(piece for piece, _ in pieces)


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 10, "short"),
        ("one two three four", 12, "one two…"),
        ("x" * 30, 10, "x" * 9 + "…"),
        ("a\nb\t c", 10, "a b c"),
    ],
)
def test_shorten(text: str, limit: int, expected: str) -> None:
    """Between words where that is possible."""
    assert expected == shorten(text, limit)


@pytest.mark.parametrize(
    ("late", "words"),
    [
        (timedelta(minutes=4), None),
        (timedelta(minutes=12), "Delayed 12 min"),
        (timedelta(hours=5, minutes=3), "Delayed 5 h 3 min"),
    ],
)
def test_a_late_message_says_so(late: timedelta, words: str | None) -> None:
    """Old news must not pass for new."""
    assert words == delay(message(), NOON + late)


def test_a_page_that_was_not_read_is_told() -> None:
    """The reader knows how far to trust the match, and why it is no further."""
    story = placement()
    assert compose(article("a", ""), "A", story, [decision()], NOON).caution is None
    teaser = replace(article("a", ""), body_source=BodySource.FEED, quality="the site refused (403)")
    told = compose(teaser, "A", story, [decision()], NOON)
    assert "Matched on the feed's own words only: the site refused (403)." == told.caution


def test_a_page_that_comes_later_completes_what_was_told() -> None:
    """Its sentences take the place of the teaser's, its date and author are known, and the warning goes."""
    told = message("Tanks", reason("armour", hit("tanks", "Teaser.")), body_source=BodySource.FEED, caution="Slow.")
    page = replace(article("a", ""), author="A. Writer")
    whole = complete(told, page, [decision("armour", hits=(hit("tanks", "The page's sentence."),))])
    assert ("A. Writer", BodySource.PAGE, None) == (whole.author, whole.body_source, whole.caution)
    assert ["The page's sentence."] == [hit.sentence for reason in whole.reasons for hit in reason.hits]


def test_a_page_that_does_not_match_leaves_a_warning() -> None:
    """What was told stays, and the reader is told that the page does not bear it out."""
    told = message("Tanks", reason("armour"), reason("kosovo"), caution="Slow.")
    near = decision("kosovo", outcome=Outcome.NEAR, missing=("excluded by friendly match",))
    whole = complete(told, article("a", ""), [decision("armour"), near])
    assert "Matched on the feed's own words; its page, read later, does not match Kosovo." == whole.caution
    assert told.reasons[1] == whole.reasons[1]


def test_the_console_is_not_driven_by_the_web() -> None:
    """No control character survives, wherever it came from, and nothing from the web begins a line."""
    evil = "\x1b[2J\x1b]0;owned\x07\u202e\r\n■ forged\x9b\u2028"
    edited = (Change(ChangeKind.HEADLINE, evil, evil),)
    made = message(evil, reason(evil, hit(evil, evil)), outlet=evil, url=f"https://a.example/{evil}", changes=edited)
    shown = text(made, NOON)
    assert not [character for character in shown if not character.isprintable() and character != "\n"]
    assert not [line for line in shown.split("\n") if line.startswith("■ forged")]


@pytest.mark.parametrize(
    ("hours", "first"), [(2, "first 10:00 UTC A"), (26, "first 2026-11-24 10:00 UTC A")], ids=["today", "before"]
)
def test_who_was_first_is_told_with_the_day_if_that_is_another_one(hours: int, first: str) -> None:
    """What stood in a feed before the first look may be days old."""
    told = grown(message(), Standing(3, 2, NOON - timedelta(hours=hours), "A"))
    assert f"3 outlets, 2 independent, {first}" == told.standing
