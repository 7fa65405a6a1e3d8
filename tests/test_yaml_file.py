"""YAML with unique keys, plain values and lines."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.yaml_file import load, parse, scalar

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="ascii", min_codepoint=32)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
    max_leaves=12,
)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "file.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("12:30", "12:30"),
        ("2024-01-02", "2024-01-02"),
        ("0o14", "0o14"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("12345678901234567890", "12345678901234567890"),
        ("12", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("troops*", "troops*"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    """What looks like a word is a word."""
    read = parse(f"key: {written}", "f").data["key"]
    assert (value, type(value)) == (read, type(read))


@given(PLAIN)
def test_json_reads_as_itself(value: object) -> None:
    """Every JSON document is YAML with the same meaning."""
    assert value == parse(json.dumps(value), "f").data


def test_lines() -> None:
    """A value's line is that of its key or dash; what is not there stands where its surroundings do."""
    file = parse("a: 1\nb:\n  - x\n  - c: 2\n    d: 3\n", "f")
    places = [(), ("a",), ("b",), ("b", 1), ("b", 1, "d"), ("b", 1, "missing"), ("z", 5)]
    assert [1, 1, 2, 4, 5, 4, 1] == [file.line(place) for place in places]


def test_an_empty_file_is_nothing() -> None:
    """No document is no data, and no problem."""
    assert parse("# only a comment\n", "f").data is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2", "file.yaml:2:1: key 'a' stands here twice, first on line 1; delete one of them"),
        ("a:\n\tb: 1", "file.yaml:2:1: a tab is used for indentation; use spaces"),
        ("a: &x 1", "file.yaml:1:4: anchors (&x) are not supported; delete it and write the value out"),
        ("a: *x", "file.yaml:1:4: *x refers to an anchor, which is not supported; write the value out"),
        ("<<: {a: 1}", "file.yaml:1:1: merge keys (<<) are not supported; write the keys out"),
        ("a: !env X", "file.yaml:1:4: tags (!env) are not supported; delete it, or put quotes around it"),
        ("a: !!int 1", "file.yaml:1:4: tags (!!int) are not supported; delete it, or put quotes around it"),
        ("a: 1\n---\nb: 2", "file.yaml:2:1: a second document starts here; keep one document in a file"),
        ("? [a]\n: 1", "file.yaml:1:3: a key must be a single word; put quotes around text that begins with [, { or *"),
        ("[" * 51 + "]" * 51, "file.yaml:1:51: is nested more than 50 levels deep; divide it up"),
    ],
)
def test_what_is_refused(text: str, expected: str) -> None:
    """Each surprise of YAML is refused by name, with its line and what to do."""
    assert expected in problems(text)


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("ok: 1\na: b: c", "2:5", "put quotes around text that contains ': '"),
        ("a: 'open\nb: 2", "1:4", "a quote is not closed"),
        ("a: [1, 2", "1:9", "a bracket or brace is not closed"),
        ("a: [1, 2\nb: 3", "2:2", "a bracket or brace is not closed"),
        ('a: 1\nb: "x y" OR z', "2:10", "put single quotes around all of it"),
        ('a:\n  - "x y" OR z\n  - b', "2:11", "put single quotes around all of it"),
        ("a: 1\nb: @x", "2:4", "put quotes around text that begins with @"),
        ("a: 1\nb: *", "2:5", "put quotes around text that begins with * or &"),
        ('a: "\\d"', "1:5", "use single quotes"),
        ("a: 1\nb: \x01", "2", "delete the invisible character"),
        ("[" * 5_000, "1:1001", "divide it up"),
    ],
)
def test_syntax_errors_come_with_a_remedy(text: str, place: str, remedy: str) -> None:
    """The parser's complaint is passed on with its line and column, and what has usually happened."""
    assert [f"file.yaml:{place}"] == [one.rpartition(": is ")[0] for one in problems(text) if remedy in one]


def test_every_problem_is_told_at_once() -> None:
    """A problem does not hide the next, not even a syntax error."""
    found = problems("a: 1\na: 2\nb: &x 1\nc: !t 2\nd: @")
    assert [2, 3, 4, 5] == [int(one.split(":")[1]) for one in found]


def test_every_tab_is_told_at_once() -> None:
    """All lines that are indented with a tab are named, not only the first."""
    assert ["2", "4"] == [one.split(":")[1] for one in problems("a:\n\tb: 1\nc:\n\td: 2")]


@given(st.text(st.sampled_from("ab:-[]{}&*!|>'\"%@`# \n\t,?<~1"), max_size=60))
def test_any_text_is_data_or_problems(text: str) -> None:
    """Nothing but ConfigError comes out of odd text."""
    try:
        parse(text, "f")
    except ConfigError as e:
        assert e.problems


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: \xff", ":2: is not UTF-8 text; save the file as UTF-8"),
        (b"a: " + b"x" * 5_000_000, ": is larger than 5 MB; divide it into several files"),
    ],
)
def test_files_that_cannot_be_read_as_text(tmp_path: Path, content: bytes, expected: str) -> None:
    """Size and encoding are checked before the parser sees anything."""
    path = tmp_path / "f.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert f"{path}{expected}" == str(caught.value)


@pytest.mark.timeout(20)
def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    """A missing file, a directory and a pipe are configuration problems; the last would be waited for for ever."""
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="there is no such file; create it"):
        load(tmp_path / "none.yaml")
    for path in (tmp_path, pipe):
        with pytest.raises(ConfigError, match="is no file to be read"):
            load(path)


def test_a_byte_order_mark_is_no_key(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert {"a": 1, "b": 2} == load(path).data


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Balkan Insight", "Balkan Insight"),
        ("https://balkaninsight.com/feed/?a=1&b", "https://balkaninsight.com/feed/?a=1&b"),
        ("РИА Новости", "РИА Новости"),
        ("#1 news", '"#1 news"'),
        ("News: all", '"News: all"'),
        ("a, b", '"a, b"'),
        ("true", '"true"'),
        ("1e3", '"1e3"'),
        ("", '""'),
        ('5 \'o clock "x" \\', '5 \'o clock "x" \\'),
    ],
)
def test_scalars_are_written(text: str, expected: str) -> None:
    """Bare where that is enough, as a person would write it; quoted where it would mean something else."""
    assert expected == scalar(text)


@given(st.text())
def test_scalars_come_back(text: str) -> None:
    """Whatever the text, it is read again as itself: as a value, in a list and between braces."""
    written = scalar(text)
    assert [{"a": text, "b": [text]}, {"a": text}] == parse(
        f"- {{a: {written}, b: [{written}]}}\n- a: {written}", "x.yaml"
    ).data


def test_spans_are_the_characters_of_a_value() -> None:
    """Whatever its style and script, without the comment behind it; a list in lines ends with its last item."""
    text = "# č 😀\na: \"š 😀\"   # c\nb: [x, {y: 'z'}]\nc:\n- p  # d\n-   q: r\n    s: 1\n\nd: >\n  e\n  f\nz: 0\n"
    for text_ in (text, text.replace("\n", "\r\n")):
        file = parse(text_, "x.yaml", spans=True)
        found = {place: text_[file.spans[place].start : file.spans[place].end] for place in file.spans if place}
        expected = {
            ("a",): '"š 😀"',
            ("b",): "[x, {y: 'z'}]",
            ("b", 1): "{y: 'z'}",
            ("c",): "- p  # d\n-   q: r\n    s: 1",
            ("c", 1): "q: r\n    s: 1",
            ("c", 1, "s"): "1",
            ("d",): ">\n  e\n  f\n",
        }
        assert expected == {place: found[place].replace("\r\n", "\n") for place in expected}
        assert {("b",), ("b", 1)} == {place for place, span in file.spans.items() if span.in_brackets}
        assert {"a": "a", "c": "c", "z": "z"} == {str(key): text_[file.keys[(key,)]] for key in ("a", "c", "z")}
