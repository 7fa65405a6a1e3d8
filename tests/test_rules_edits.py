"""A file of rules changed in one place: what comes out, to the character."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.edits import Source, Unwritable, written
from monitor.yaml_file import parse

Edit = Callable[[Source], Source]

TABLE: list[tuple[str, str, Edit, str]] = [
    (
        "a number",
        "m: {near: [a, b], within: 25}  # close\n",
        lambda s: s.with_value(("m", "within"), 12),
        "m: {near: [a, b], within: 12}  # close\n",
    ),
    (
        "a query with phrases",
        "m: '\"a b\" OR c'   # two\n",
        lambda s: s.with_value(("m",), '("a b" OR c) NOT "d e"'),
        'm: ("a b" OR c) NOT "d e"   # two\n',
    ),
    (
        "a folded query becomes one line",
        "m: >-\n  a\n  b\nz: 1\n",
        lambda s: s.with_value(("m",), "a b NOT c"),
        "m: a b NOT c\nz: 1\n",
    ),
    (
        "an item in brackets",
        'm:\n  none: [a,\n    "b c"]  # not these\nz: 1\n',
        lambda s: s.with_item(("m", "none"), "d"),
        'm:\n  none: [a,\n    "b c", d]  # not these\nz: 1\n',
    ),
    (
        "an item in lines, behind the last one's comment",
        "m:\n  none:\n  - a  # x\n  - b  # y\n  # end\nz: 1\n",
        lambda s: s.with_item(("m", "none"), "c: d"),
        'm:\n  none:\n  - a  # x\n  - b  # y\n  - "c: d"\n  # end\nz: 1\n',
    ),
    (
        "an item at the end of a file without a last line end",
        "m:\n    - a\n    - b",
        lambda s: s.with_item(("m",), "c"),
        "m:\n    - a\n    - b\n    - c",
    ),
    (
        "an item behind a text of several lines",
        "m:\n- |\n  a\n  b\nz: 1\n",
        lambda s: s.with_item(("m",), "c"),
        "m:\n- |\n  a\n  b\n- c\nz: 1\n",
    ),
    (
        "a pair in brackets",
        "m: {any: [a]}\n",
        lambda s: s.with_pair(("m",), "none", ["b"]),
        "m: {any: [a], none: [b]}\n",
    ),
    (
        "a pair in lines, with the ends that the file has",
        "m:\r\n  all:\r\n    - a   # one\r\n\r\n  # more\r\nz: 1\r\n",
        lambda s: s.with_pair(("m",), "none", ["b c"]),
        "m:\r\n  all:\r\n    - a   # one\r\n  none: [b c]\r\n\r\n  # more\r\nz: 1\r\n",
    ),
    (
        "a pair of a mapping in a list",
        "-   a: 1\n    b: 2\n- c\n",
        lambda s: s.with_pair((0,), "d", 3),
        "-   a: 1\n    b: 2\n    d: 3\n- c\n",
    ),
    (
        "without a pair in brackets",
        "m: {near: [a, b], within: 25, z: 1}\n",
        lambda s: s.without_pair(("m", "within")),
        "m: {near: [a, b], z: 1}\n",
    ),
    (
        "without a pair in lines and what is said of it",
        "m:\n  near: [a, b]\n  within: 25  # words\n  z: 1\n",
        lambda s: s.without_pair(("m", "within")),
        "m:\n  near: [a, b]\n  z: 1\n",
    ),
    (
        "another key",
        "m:\n- near:  # here\n  - a\n",
        lambda s: s.with_key(("m", 0, "near"), "same_sentence"),
        "m:\n- same_sentence:  # here\n  - a\n",
    ),
    (
        "wrapped in brackets",
        "m: [{concept: k}, b]\n",
        lambda s: s.wrapped(("m", 0), "title"),
        "m: [{title: {concept: k}}, b]\n",
    ),
    (
        "wrapped on a line",
        "m:\n- concept: k  # x\n",
        lambda s: s.wrapped(("m", 0), "title"),
        "m:\n- title: {concept: k}  # x\n",
    ),
    (
        "wrapped in lines",
        "m:\n  - near:\n      # both\n      - a\n\n      - b\n    within: 3\n  - c\n",
        lambda s: s.wrapped(("m", 0), "title"),
        "m:\n  - title:\n      near:\n        # both\n        - a\n\n        - b\n      within: 3\n  - c\n",
    ),
    (
        "a wrapped pair",
        "m:\n  any:\n    - a\n    - b\n  none: [c]\n",
        lambda s: s.wrapped_pair(("m", "any"), "title"),
        "m:\n  title:\n    any:\n      - a\n      - b\n  none: [c]\n",
    ),
    (
        "a wrapped pair in brackets",
        "m: {any: [a, b], none: [c]}\n",
        lambda s: s.wrapped_pair(("m", "any"), "title"),
        "m: {title: {any: [a, b]}, none: [c]}\n",
    ),
]


@pytest.mark.parametrize(("text", "edit", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_an_edit_changes_one_place(text: str, edit: Edit, expected: str) -> None:
    """Comments, quotes, indentation and line ends around it stay."""
    assert expected == edit(Source(text, "r.yaml")).text


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("m: {within: 25, near: [a]}\n", lambda s: s.without_pair(("m", "within"))),
        ("- a: 1\n  b: 2\n", lambda s: s.without_pair((0, "a"))),
        ('"m": {a: 1}\n', lambda s: s.with_key(("m",), "n")),
    ],
)
def test_what_it_cannot_write_is_not_written(text: str, edit: Edit) -> None:
    """Rather than anything else."""
    with pytest.raises(Unwritable):
        edit(Source(text, "r.yaml"))


VALUES = st.recursive(
    st.one_of(st.text(max_size=12), st.integers(-99, 99)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Any) -> None:
    """Whatever it is made of, in brackets and as the value of a key."""
    text = f"a: {written(value)}\nb: [{written(value)}]\n"
    assert {"a": value, "b": [value]} == parse(text, "x").data
