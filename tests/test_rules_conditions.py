"""What the operators find, and the words that prove it."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Zone
from monitor.rules.conditions import All, Any, AtLeast, ConceptRef, InZone, Near, SameSentence, Without
from monitor.rules.query import parse
from monitor.rules.scope import Scope, Span
from monitor.rules.terms import Condition
from monitor.text import document

TITLE = "NATO troops near Kosovo"
TEXT = (
    "BELGRADE\n\n"
    "Serbian forces deployed artillery to the border, the U.S. said. Kosovo's police watched the troops.\n\n"
    "A senator asked why. Војска Србије остаје."
)


def scope(title: str = TITLE, text: str = TEXT) -> Scope:
    return Scope(document(title, text, ["Archive: paratroopers drill in Kosovo", "A bridge"]))


def words_of(condition: Condition, where: Scope) -> list[str] | None:
    found = condition.find(where)
    if found is None:
        return None
    read = where.document
    return [" ".join(read.at(place).text for place in range(span.start, span.end + 1)) for _, span in found]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kosovo", ["Kosovo", "Kosovo"]),
        ("nato", ["NATO"]),
        ("nat*", ["NATO"]),
        ("vojsk*", ["Војска"]),
        ("deploy", None),
        ("deploy*", ["deployed"]),
        ("troops near kosovo", ["troops near Kosovo"]),
        ("police watch* the troop*", ["police watched the troops"]),
        ("kosovo serbian", None),
        ("kosovo belgrade", None),
        ("vojska srbije", ["Војска Србије"]),
        ("U.S.", ["U S"]),
        ("title:troops", ["troops"]),
        ("paratroopers", None),
        ("caption:paratroop*", ["paratroopers"]),
        ("caption:(kosovo NEAR/5 bridge)", ["Kosovo A bridge"]),
        ("caption:artillery", None),
        ("body:troops", None),
        ("body:senator", ["senator"]),
        ("lead:belgrade", ["BELGRADE"]),
        ("lead:senator", None),
        ("title:(nato AND artillery)", None),
        ("title:(nato AND NOT artillery)", ["NATO"]),
        ("nato AND artillery", ["NATO", "artillery"]),
        ("nato AND football", None),
        ("football OR artillery", ["artillery"]),
        ("nato NOT senator", None),
        ("nato NOT football", ["NATO"]),
        ("(nato OR football) AND (border NOT football)", ["NATO", "border"]),
        ("artillery NEAR/3 border", ["artillery to the border"]),
        ("artillery NEAR/2 border", None),
        ("border NEAR/3 artillery", ["artillery to the border"]),
        ("border ONEAR/3 artillery", None),
        ("artillery ONEAR/3 border", ["artillery to the border"]),
        ("nato NEAR/500 belgrade", None),
        ("(senator OR troops) NEAR/5 police", ["police watched the troops"]),
        ('"serbian forces" NEAR/1 deploy*', ["Serbian forces deployed"]),
        ("(serbian NEAR/2 deployed) NEAR/1 artillery", ["Serbian forces deployed artillery"]),
        ("title:troops NEAR/2 kosovo", ["troops near Kosovo"]),
    ],
)
def test_queries(query: str, expected: list[str] | None) -> None:
    """What a query finds, in the order of the text within each part."""
    assert expected == words_of(parse(query), scope())


@pytest.mark.parametrize(("count", "expected"), [(1, ["NATO", "border"]), (2, ["NATO", "border"]), (3, None)])
def test_at_least(count: int, expected: list[str] | None) -> None:
    """So many of the parts, each counted once however often it is found."""
    condition = AtLeast(count, (parse("nato"), parse("football"), parse("border")))
    assert expected == words_of(condition, scope())


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("police", "troops"), ["police", "troops"]),
        (("border", "police"), None),
        (("nato", "kosovo OR police"), ["NATO", "Kosovo"]),
        (("troops", "kosovo", "police"), ["troops", "Kosovo", "police"]),
        (("nato", "football"), None),
    ],
)
def test_same_sentence(parts: tuple[str, ...], expected: list[str] | None) -> None:
    """All parts in one sentence; the first such sentence is the evidence."""
    assert expected == words_of(SameSentence(tuple(map(parse, parts))), scope())


def test_near_within_one_sentence() -> None:
    """A full stop between them is in the way, and what has a place can stand near something else."""
    condition = parse("SENTENCE(tanks NEAR/4 border)")
    near = parse("(SENTENCE(tanks NEAR/4 border) NEAR/3 closed)")
    here = Scope(document("", "Tanks left. The border was calm. Later tanks rolled to the border, now closed."))
    assert ["tanks rolled to the border"] == words_of(condition, here)
    assert near.holds(here)
    assert not condition.holds(Scope(document("", "They saw tanks. The border was calm.")))


def test_a_zone_of_a_zone_is_what_both_have() -> None:
    """The title of the body is nothing."""
    body = InZone(Zone.BODY, parse("troops"))
    assert None is InZone(Zone.TITLE, body).find(scope())


def test_a_concept_goes_by_its_name() -> None:
    """Whatever term was found, the evidence names the concept."""
    for condition in (parse("nato OR artillery"), parse("nato AND artillery")):
        found = ConceptRef("forces", condition, "1").find(scope())
        assert ["concept forces", "concept forces"] == [part for part, _ in found or ()]


def test_a_concept_counts_only_in_the_zone_that_was_asked_for() -> None:
    """What was found elsewhere is not remembered for a zone."""
    concept, where = ConceptRef("forces", parse("artillery"), "1"), scope()
    assert concept.find(where)
    assert None is InZone(Zone.TITLE, concept).find(where)


def test_evidence_is_capped_and_the_title_comes_first() -> None:
    """Five hits are proof enough."""
    found = parse("tank*").find(scope("Tanks", "tank " * 50))
    assert (5, 0) == (len(found or ()), (found or ())[0].span.start)


def test_near_shows_the_closest_pair() -> None:
    """Of all pairs, the one with the fewest words between."""
    assert ["army border"] == words_of(
        parse("army NEAR/9 border"), scope("", "The army saw no border as the army border post closed")
    )


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("Kosovo", "Kosovo"),
        ("deploy*", "deploy*"),
        ("friendly match", '"friendly match"'),
        ("Troops NEAR/12 border", "Troops NEAR/12 border"),
        ("a ONEAR/2 (b OR c)", "a ONEAR/2 any of (b, c)"),
        ("title:a AND b", "all of (title:a, b)"),
        ("a NOT b", "a without b"),
        ("a OR b OR c OR d OR e OR f OR g", "any of (a, b, c, d, e, f, …)"),
    ],
)
def test_labels(query: str, label: str) -> None:
    """A condition is called what the operator wrote, or nearly."""
    assert label == parse(query).label


@pytest.mark.parametrize(
    ("condition", "placed"),
    [
        (parse("a"), True),
        (parse("a OR b NEAR/2 c"), True),
        (ConceptRef("c", parse("title:(a OR b)"), "1"), True),
        (All((parse("a"), parse("b"))), False),
        (Any((parse("a"), parse("a AND b"))), False),
        (Without(parse("a"), parse("b")), False),
        (SameSentence((parse("a"), parse("b"))), True),
    ],
)
def test_what_has_a_place(condition: Condition, placed: bool) -> None:
    """Words and what is built of them can stand inside NEAR; conditions on the whole article cannot."""
    assert placed is condition.placed


# ---- against the plainest way to say it ----

LETTERS = st.lists(st.sampled_from("abcd"), max_size=14).map(" ".join)
PART = st.sampled_from(["a", "b", "c", '"a b"', '"b c d"', "(a OR c)", "(a NEAR/2 b)", '("c d" OR d)'])


@given(LETTERS, st.lists(PART, min_size=2, max_size=3), st.integers(1, 4), st.booleans())
def test_near_is_what_trying_all_pairs_finds(text: str, parts: list[str], within: int, ordered: bool) -> None:
    """The fast search for near words misses nothing and invents nothing."""
    where = scope("", text)
    children = tuple(map(parse, parts))
    near = Near(within, ordered, children).spans(where)
    groups = [
        group
        for group in product(*(child.spans(where) for child in children))
        if max(span.start for span in group) - min(span.end for span in group) <= within
        and (not ordered or all(one.end < other.start for one, other in pairwise(group)))
        and (not ordered or group[-1].start - group[0].end <= within)
    ]
    around = {Span(min(one.start for one in group), max(one.end for one in group)) for group in groups}
    assert bool(around) is bool(near)
    assert set(near) <= around


@given(LETTERS, st.lists(st.sampled_from("abcd"), min_size=1, max_size=4))
def test_a_phrase_is_a_run_of_words(text: str, phrase: list[str]) -> None:
    """Phrases stand exactly where their words follow one another, repeated words too."""
    said, size = text.split(), len(phrase)
    starts = [start for start in range(len(said) - size + 1) if said[start : start + size] == phrase]
    found = parse(" ".join(phrase)).spans(scope("", text))
    first = scope("", text).document.zones[Zone.LEAD].start
    assert [(first + start, first + start + size - 1) for start in starts] == list(found)
