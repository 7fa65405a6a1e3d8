"""Where a mistake stands: line and column of the file, a caret in a query, the nearest names, and all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.app import config as configuration
from monitor.errors import ConfigError, Problem
from monitor.rules import schema
from monitor.rules.leaves import QueryError
from monitor.rules.query import parse
from tests.newsroom import write_config

PARTS = st.sampled_from(["tanks", '"the border"', "(a OR b)", "title:kosovo", "косово", "troops NEAR/5 line", "東京"])


def problems(directory: Path, text: str, concepts: str | None = None) -> list[Problem]:
    """Of a rule file, sorted by where they stand."""
    (directory / "rules").mkdir(exist_ok=True)
    (directory / "concepts").mkdir(exist_ok=True)
    (directory / "rules" / "r.yaml").write_text(text, "utf-8")
    if concepts is not None:
        (directory / "concepts" / "c.yaml").write_text(concepts, "utf-8")
    with pytest.raises(ConfigError) as caught:
        schema.load(directory / "rules", directory / "concepts")
    return list(caught.value.problems)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


@given(st.lists(PARTS, min_size=1, max_size=4), st.integers(0, 4), st.sampled_from(["plain", "quoted", "listed"]))
@settings(deadline=None)
def test_the_place_is_that_of_the_character(directory: Path, parts: list[str], number: int, style: str) -> None:
    """In the file as an editor counts it, whatever stands before it and however the query is written."""
    query = " AND ".join((*parts[:number], "wro?ng", *parts[number:]))
    written = {"plain": f"match: {query}", "quoted": f"match: '{query}'", "listed": f"match: {{any: [a, '{query}']}}"}
    if style == "plain" and query.startswith('"'):
        style = "quoted"
    lines = ["rules:", "  - name: r", f"    {written[style]}"]
    (found,) = problems(directory, "\n".join(lines))
    assert "a star can only stand at the end" in found.message
    assert lines[found.line - 1][found.column - 1 :].startswith("wro?ng")
    _, shown, caret = found.message.split("\n")
    assert shown[caret.index("^") :].startswith("wro?ng")


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("a?b AND (tanks OR c?d) AND kosovo NOT e?f", [1, 19, 39]),
        ("ATLEAST/2(+a; b; &&)", [11, 18]),
        ("concept:one OR concept:two", [9, 24]),
        ("-a AND b", [1]),
    ],
)
def test_all_that_is_wrong_in_a_query_is_told(query: str, columns: list[int]) -> None:
    """Not only the first mistake."""
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert columns == [one.column for one in (caught.value, *caught.value.also)]


def test_every_kind_of_mistake_has_its_place(directory: Path) -> None:
    """Of YAML, of keys, of values, of queries; in one go."""
    text = "rules:\n  - name: r\n    severty: high\n    severity: loud\n    match: {any: [a AND, b], anny: [c]}\n"
    assert [(3, 5, "unknown key"), (4, 5, "severity 'loud'"), (5, 24, "column 6: "), (5, 30, "unknown operator")] == [
        (one.line, one.column, start)
        for one, start in zip(
            problems(directory, text), ("unknown key", "severity 'loud'", "column 6: ", "unknown operator"), strict=True
        )
        if one.message.startswith(start)
    ]
    assert ["r.yaml:2:9"] == [
        str(one).rpartition("/")[2].partition(": ")[0] for one in problems(directory, "rules:\n  - a: b: c")
    ]


def test_a_text_that_is_laid_out_otherwise_is_placed_as_a_whole(directory: Path) -> None:
    """Over several lines, or with escapes, the caret says the rest."""
    for match in ('"tanks \\u0041ND wro?ng"', "|\n      tanks AND\n      wro?ng"):
        (found,) = problems(directory, f"rules:\n  - name: r\n    match: {match}")
        assert (3, 5, True) == (found.line, found.column, "^" in found.message)


# ---- feeds and tags ----


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = write_config(tmp_path / "config", [("Balkan Insight", "http://127.0.0.1:9/a")])
    (place / "feeds.yaml").write_text(
        "feeds:\n  - {name: Balkan Insight, url: 'http://127.0.0.1:9/a', tags: [balkans]}\n"
        "  - {name: Koha, url: 'http://127.0.0.1:9/b'}\n"
    )
    return place


def refused(place: Path, match: str, concepts: str = "") -> list[str]:
    (place / "rules" / "rules.yaml").write_text(f"rules:\n  - name: r\n    match: {match}\n")
    (place / "concepts" / "places.yaml").write_text(f"concepts:\n  - {{name: c, terms: {{any: [a{concepts}]}}}}\n")
    try:
        configuration.load(place)
    except ConfigError as e:
        return [str(one).removeprefix(f"{place}/") for one in e.problems]
    return []


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ("tanks AND feed:koha AND tag:Balkans", []),
        ("{all: [tanks], feed: Balkan Insight}", []),
        ("tanks AND language:xx", []),
        (
            "tanks AND feed:Khoa",
            [
                "rules/rules.yaml:3:27: column 16: there is no feed 'Khoa' in feeds.yaml; did you mean 'Koha'?\n"
                "    tanks AND feed:Khoa\n                   ^"
            ],
        ),
        (
            "{all: [tanks], tag: balkan, feed: Paris Match}",
            [
                "rules/rules.yaml:3:27: there is no tag 'balkan' in feeds.yaml; did you mean 'balkans'?",
                "rules/rules.yaml:3:40: there is no feed 'Paris Match' in feeds.yaml; known: Balkan Insight, Koha",
            ],
        ),
    ],
)
def test_feeds_and_tags_that_are_not_there_are_refused(place: Path, match: str, expected: list[str]) -> None:
    """With the nearest names: a rule that asks for them would be silent for ever."""
    assert expected == [one.replace("\n" + " " * 4, "\n    ") for one in refused(place, match)]


def test_also_in_a_concept_and_when_only_the_feeds_change(place: Path) -> None:
    """A reload that reads no rule file again still sees that a tag has gone."""
    assert ["concepts/places.yaml:2:43: "] == [
        one[:27] for one in refused(place, "concept:c", concepts=", 'a AND tag:x'")
    ]
    assert [] == refused(place, "tanks AND tag:balkans")
    before = configuration.load(place).written
    (place / "feeds.yaml").write_text("feeds: [{name: Koha, url: 'http://127.0.0.1:9/b'}]\n")
    with pytest.raises(
        ConfigError, match=r"no tag 'balkans' in feeds.yaml; give feeds tags there, as in tags: \[balkans\]"
    ):
        configuration.load(place, before=before)
