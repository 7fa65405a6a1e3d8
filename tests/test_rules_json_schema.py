"""The JSON Schemas that are shipped for editors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from monitor.rules.json_schema import schemas, written
from monitor.rules.mapping import OPERATORS, PARAMETERS
from monitor.yaml_file import parse

CONFIG = Path(__file__).parent.parent / "config"
FILES = [(name, path) for name in ("rules", "concepts") for path in sorted((CONFIG / name).glob("*.yaml"))]


@pytest.mark.parametrize("name", ["rules", "concepts"])
def test_the_shipped_schema_is_the_generated_one(name: str) -> None:
    """After a change: python -m monitor.rules.json_schema config/schemas."""
    assert written(schemas()[name]) == (CONFIG / "schemas" / f"{name}.json").read_text("utf-8")
    Draft202012Validator.check_schema(schemas()[name])


@pytest.mark.parametrize(("name", "path"), FILES, ids=[path.stem for _, path in FILES])
def test_the_shipped_files_are_valid_and_say_where_their_schema_is(name: str, path: Path) -> None:
    """An editor finds the schema by the first line."""
    text = path.read_text("utf-8")
    assert f"# yaml-language-server: $schema=../schemas/{name}.json" == text.splitlines()[0]
    assert [] == [error.message for error in Draft202012Validator(schemas()[name]).iter_errors(parse(text, "x").data)]


def test_every_operator_is_in_the_schema() -> None:
    """And no other."""
    rules = json.loads(written(schemas()["rules"]))
    assert {*OPERATORS, *PARAMETERS} == rules["$defs"]["condition"]["anyOf"][1]["properties"].keys()


@pytest.mark.parametrize(
    "match",
    [
        "{anny: [a]}",
        "{any: a}",
        "{near: [a, b], within: 501}",
        "3",
        "[a]",
        "{at_least: {n: 0, of: [a]}}",
        "{concept: A b}",
        "{language: English}",
    ],
)
def test_the_schema_refuses(match: str) -> None:
    """What the reader refuses for its form."""
    text = f"rules: [{{name: a, match: {match}}}]"
    assert not Draft202012Validator(schemas()["rules"]).is_valid(parse(text, "x").data)
