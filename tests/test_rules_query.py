"""The query string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Zone
from monitor.rules.conditions import (
    All,
    Any,
    AtLeast,
    Count,
    Fact,
    InZone,
    Near,
    Origin,
    SameSentence,
    Score,
    Without,
)
from monitor.rules.leaves import QueryError, exact
from monitor.rules.query import parse
from monitor.rules.terms import Acronym, Condition, Pattern, Phrase, Prefix, Stem, Word

A, B, C, D = (Word(letter, letter) for letter in "abcd")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a", A),
        ("  a  ", A),
        (
            "vote count OR Score",
            Any((Phrase("vote count", (Word("vote", "vote"), Word("count", "count"))), Word("Score", "score"))),
        ),
        ("Косово", Word("Косово", "kosovo")),
        ("Deploy*", Prefix("Deploy*", "deploy")),
        ("a b", Phrase("a b", (A, B))),
        ('"a  b"', Phrase("a b", (A, B))),
        ("“a b”", Phrase("a b", (A, B))),
        ("„a b“", Phrase("a b", (A, B))),
        ("«a b»", Phrase("a b", (A, B))),
        ('"a"', A),
        ("a-b", Phrase("a-b", (A, B))),
        ("a OR b OR c", Any((A, B, C))),
        ("a AND b OR c AND d", Any((All((A, B)), All((C, D))))),
        ("a AND (b OR c)", All((A, Any((B, C))))),
        ("a AND NOT b", Without(A, B)),
        ("a NOT b", Without(A, B)),
        ("NOT b AND a", Without(A, B)),
        ("a AND (NOT b)", Without(A, B)),
        ("a AND b NOT c NOT d", Without(All((A, B)), Any((C, D)))),
        ("a NEAR/3 b", Near(3, False, (A, B))),
        ("a ONEAR/3 b AND c", All((Near(3, True, (A, B)), C))),
        ("a NEAR/3 b NEAR/4 c", Near(4, False, (Near(3, False, (A, B)), C))),
        ("title:a b", InZone(Zone.TITLE, Phrase("a b", (A, B)))),
        ("lead: (a OR b)", InZone(Zone.LEAD, Any((A, B)))),
        ('body:"a b" AND c', All((InZone(Zone.BODY, Phrase("a b", (A, B))), C))),
        ("NEAR/3(a; b; c)", Near(3, False, (A, B, C))),
        ("ONEAR/3(a; b OR c)", Near(3, True, (A, Any((B, C))))),
        ("a NEAR/3 NEAR/4(b; c; d)", Near(3, False, (A, Near(4, False, (B, C, D))))),
        ('"a b"~5', Near(5, False, (A, B))),
        ("SENTENCE(a; b)", SameSentence((A, B))),
        ("SENTENCE(a NEAR/2 b)", SameSentence((Near(2, False, (A, B)),))),
        ("ATLEAST/2(a; b; c AND d)", AtLeast(2, (A, B, All((C, D))))),
        ("ATLEAST/1(a)", A),
        ("ATLEAST/2 (a OR b OR c)", AtLeast(2, (A, B, C))),
        ("COUNT/3(a OR b)", Count(3, Any((A, B)))),
        ("SCORE/5.5(a^5; b; c AND d^-2)", Score(5.5, ((A, 5.0), (B, 1.0), (All((C, D)), -2.0)))),
        ("raw:Kosovo", exact("Kosovo")),
        ('raw:"Army of Serbia"', exact("Army of Serbia")),
        ("acronym:N.A.T.O.", Acronym("NATO", "nato")),
        ("stem-en:deployment", Stem("deployment", "en", "deploy")),
        ('regex:"F-?16"', Pattern("F-?16")),
        ("language:sr AND a", All((Origin(Fact.LANGUAGE, "sr"), A))),
        ('a NOT tag:"sport news"', Without(A, Origin(Fact.TAG, "sport news"))),
        ("ANDROID OR ORBIT", Any((Word("ANDROID", "android"), Word("ORBIT", "orbit")))),
        ("1,000 tanks", Phrase("1,000 tanks", (Word("1", "1"), Word("000", "000"), Word("tanks", "tanks")))),
        ("a–b", Phrase("a–b", (A, B))),
        ('"a and b"', Phrase("a and b", (A, Word("and", "and"), B))),
    ],
)
def test_queries(query: str, expected: Condition) -> None:
    """NEAR binds tightest, then AND and NOT, then OR; words side by side are a phrase."""
    assert expected == parse(query)


@pytest.mark.parametrize(
    ("query", "column", "remedy"),
    [
        ("", 1, "write the words to look for"),
        ("a AND", 6, "add the words to look for"),
        ("a AND AND b", 7, "AND has nothing before it"),
        ("OR a", 1, "OR has nothing before it"),
        ("NOT a", 1, "kosovo NOT football"),
        ("NOT a AND NOT b", 1, "there is only NOT here"),
        ("a OR NOT b", 6, "kosovo NOT football"),
        ("(a", 3, "a parenthesis is not closed; add )"),
        ("a)", 2, "this parenthesis closes nothing"),
        ("()", 2, "delete it"),
        ('"a', 1, "the quotation mark has no partner"),
        ('a "b c"', 3, "write AND, OR, NOT or NEAR/12 between"),
        ("a (b)", 3, "write AND, OR, NOT or NEAR/12 between"),
        ("a and b", 3, "write AND for the operator"),
        ("a NEAR b", 3, "troops NEAR/12 border"),
        ("a near/5 b", 3, "troops NEAR/12 border"),
        ("a NEAR/0 b", 3, "a number from 1 to 500"),
        ("a NEAR/501 b", 3, "a number from 1 to 500"),
        ("c AND (a AND b) NEAR/5 c", 8, "NEAR joins words, phrases and groups"),
        ("a " + "NEAR/1 a " * 11, 1, "write NEAR/12(a; b; c)"),
        ("raw:…", 5, "has no letter or digit"),
        ("acronym:nato", 9, "2 to 10 capitals"),
        ("name:kosovo", 6, "begin its words with capitals"),
        ("stem-xx:deploy", 9, "stems are known in en, de, fr"),
        ('stem-en:"to deploy"', 9, "is not one word"),
        ('regex:"a**"', 7, "is no expression that takes linear time"),
        (r'regex:"(a)\1"', 7, "is no expression that takes linear time"),
        ('regex:"a?"', 7, "matches nothing at all"),
        ("concept:nato", 9, "there is no concept 'nato'"),
        ("ATLEAST/4(a; b; c)", 1, "a number from 1 to 3"),
        ("COUNT a", 1, "ATLEAST/2(troops; tanks; border)"),
        ("count/2 a", 1, "ATLEAST/2(troops; tanks; border)"),
        ("ATLEAST/2 a", 1, "ATLEAST/2(troops; tanks; border)"),
        ("COUNT/2(a; b)", 12, "write OR between them"),
        ("COUNT/2(a AND b)", 9, "NEAR joins words"),
        ("SENTENCE(a)", 10, "at least two parts"),
        ("SCORE/9(a^5; b^3)", 1, "at most 8, the sum"),
        ("SCORE/5(a^5; b^0)", 1, "delete the term"),
        ("SCORE/0(a^5)", 1, "must be more than 0"),
        ("a; b", 2, "a semicolon parts what stands in"),
        ("^2", 1, "weights (^) belong in SCORE"),
        ("^a", 1, "^ gives a weight"),
        ('"a"~5', 4, "~ needs a phrase before it"),
        ("a ~5", 3, "~ stands behind a phrase"),
        ("a AND b~2", 7, "write ~ behind a phrase"),
        ("a^2", 2, "weights (^) belong in SCORE"),
        ("a~0.8", 1, "write ~ behind a phrase"),
        ('ingress:"a b"', 1, "there is no such field"),
        ("a AND site:(b OR c)", 7, "there is no such field"),
        ("a AROUND(5) b", 3, "troops NEAR/12 border"),
        ("a w/5 b", 3, "troops NEAR/12 border"),
        ('a W/s "b"', 3, "troops NEAR/12 border"),
        ("a NEAR5 b", 3, "troops NEAR/12 border"),
        ("a NEAR/5f b", 3, "troops ONEAR/12 border"),
        ("a NOT NEAR/5 b", 14, "NEAR/12(a; b)"),
        ("a ANDNOT b", 3, "kosovo NOT football"),
        ("a NOT/5 b", 3, "kosovo NOT football"),
        ("A And B", 3, "write AND for the operator"),
        ("a + b", 3, "delete the +"),
        ("a - b", 3, "this joins nothing"),
        ("a / b", 3, "this joins nothing"),
        ("a, b", 1, "a comma joins nothing"),
        ("a,b", 1, "a comma joins nothing"),
        ("/joh?n(a|b)/", 1, "is written regex:"),
        ("{NATO}", 1, "is written raw:NATO"),
        ("[2020 TO 2021]", 1, "ranges there are none"),
        ("a AND language:English", 16, "a code such as en"),
        ("url:a", 1, "write title:, lead:, body: or caption:"),
        ("a -b", 3, "kosovo NOT football"),
        ("+a", 1, "delete the +"),
        ("a && b", 3, "write AND"),
        ("a | b", 3, "write OR"),
        ("ab*", 1, "at least 3 letters"),
        ('"abc ab*"', 6, "at least 3 letters"),
        ("*abc", 1, "only stand at the end"),
        ("a*b*", 1, "only stand at the end"),
        ("abc**", 1, "one star is enough"),
        ("abc?", 1, "delete it"),
        ("a OR …", 6, "write the words to look for"),
        ("(" * 51 + "a" + ")" * 51, 51, "divide the query up"),
        ("title:" * 1_500 + "a", 1, "divide the query up"),
    ],
)
def test_errors_name_the_column_and_what_would_work(query: str, column: int, remedy: str) -> None:
    """Every error says where and what to write instead."""
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert (column, True) == (caught.value.column, remedy in str(caught.value)), str(caught.value)


def test_the_caret_stands_under_the_place() -> None:
    """Of a long query only the surroundings are shown."""
    with pytest.raises(QueryError) as caught:
        parse("kosovo AND " * 30 + "AND x")
    shown, caret = str(caught.value).split("\n")[1:]
    assert "AND x" == shown[caret.index("^") :]


PIECES = ["a", "b*", "abc*", "AND", "OR", "NOT", "(", ")", '"', '"a b"', "NEAR/2", "title:", "~", "-", "…"]
MORE = [";", "^2", "~3", "ATLEAST/2(", "SCORE/1(", "NEAR/3(", "SENTENCE(", "raw:", "tag:x", "regex:", "stem-sr:"]


@given(st.lists(st.sampled_from(PIECES + MORE)).map(" ".join))
def test_any_string_is_a_query_or_an_error(query: str) -> None:
    """Nothing but QueryError comes out, and its column is inside the query."""
    try:
        assert parse(query).label
    except QueryError as e:
        assert 1 <= e.column <= len(query) + 1


@given(
    st.lists(
        st.sampled_from(
            [
                "tanks",
                "F-16",
                "U.S.",
                "deploy*",
                "ANDROID",
                "Or",
                "and",
                "NEAR",
                "COUNT",
                "ab*",
                "Škoda",
                "o’clock",
                "x.*",
            ]
        ),
        min_size=1,
        max_size=4,
    )
)
def test_words_alone_mean_what_they_mean_in_parentheses(said: list[str]) -> None:
    """They need no parser, and it would say the same of them."""

    def read(query: str) -> object:
        try:
            return parse(query)
        except QueryError as e:
            return str(e).partition("\n")[0].partition(": ")[2]

    assert read(f"({' '.join(said)})") == read(" ".join(said))
