"""The query string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Zone
from monitor.rules.conditions import All, Any, InZone, Near, Without
from monitor.rules.query import QueryError, parse
from monitor.rules.terms import Condition, Phrase, Prefix, Word

A, B, C, D = (Word(letter, letter) for letter in "abcd")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a", A),
        ("  a  ", A),
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
        ("ANDROID OR ORBIT", Any((Word("ANDROID", "android"), Word("ORBIT", "orbit")))),
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
        ("a " + "NEAR/1 a " * 11, 1, "use near: in the YAML"),
        ("raw:NATO", 1, "raw: is not available yet"),
        ('"a b"~5', 6, "~ is not available yet"),
        ("a AND b~2", 7, "~ is not available yet"),
        ("a^2", 1, "weights (^) are not available yet"),
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


@given(
    st.lists(
        st.sampled_from(
            ["a", "b*", "abc*", "AND", "OR", "NOT", "(", ")", '"', '"a b"', "NEAR/2", "title:", "~", "-", "…"]
        )
    ).map(" ".join)
)
def test_any_string_is_a_query_or_an_error(query: str) -> None:
    """Nothing but QueryError comes out, and its column is inside the query."""
    try:
        assert parse(query).label
    except QueryError as e:
        assert 1 <= e.column <= len(query) + 1
