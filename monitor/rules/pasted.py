"""A rule that somebody pasted somewhere, to be tried: a query string, or YAML as in a rule file.

Of YAML it may be a file's `rules:`, one rule of it, or only what stands under `match:`. Nothing is saved.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TypeVar

from monitor.errors import ConfigError
from monitor.rules import origins, schema
from monitor.rules.lint import run_examples
from monitor.rules.mapping import OPERATORS
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet
from monitor.yaml_file import Place, YamlFile, parse

FILE = "your rule"  # as problems name it
NAME = "pasted"  # of a rule without one

T = TypeVar("T")

_FENCED = re.compile(r"\s*(`{1,3})(?:ya?ml\s*\n)?(.*?)\1\s*", re.DOTALL)
_YAML = re.compile(rf"^[ \t]*(?:- )?\{{?(?:rules|name|match|{'|'.join(OPERATORS)}):(?:\s|$)", re.MULTILINE)


def read_pasted(text: str, vocabulary: RuleSet, *, feeds: Collection[str], tags: Collection[str]) -> tuple[Rule, ...]:
    """Raises ConfigError with every problem, an example that does not come out among them."""
    fenced = _FENCED.fullmatch(text)
    said = (fenced[2] if fenced else text).strip("\r\n")
    file = _as_rules(parse(said, FILE)) if _YAML.search(said) else _of_query(said.strip())
    rules = RuleSet(schema.read(file, vocabulary))
    problems = [*origins.unknown(rules, feeds=feeds, tags=tags)]
    problems += [problem for failing in run_examples(rules).values() for problem in failing]
    if problems:
        raise ConfigError(problems)
    return rules.rules


def _of_query(query: str) -> YamlFile:
    return YamlFile(FILE, {"rules": [{"name": NAME, "match": query}]}, {(): 1}, {(): 0})


def _as_rules(file: YamlFile) -> YamlFile:
    data = file.data[0] if isinstance(file.data, list) and len(file.data) == 1 else file.data
    inside: Place = (0,) if data is not file.data else ()
    if not isinstance(data, dict) or "rules" in data:
        return file
    if "match" in data or "name" in data:
        return _moved(file, inside, ("rules", 0), {"rules": [{"name": NAME, **data}]})
    return _moved(file, inside, ("rules", 0, "match"), {"rules": [{"name": NAME, "match": data}]})


def _moved(file: YamlFile, inside: Place, to: Place, data: object) -> YamlFile:
    """Other data, of which a part is what stood in the file; problems still have its places there."""

    def moved(places: Mapping[Place, T]) -> dict[Place, T]:
        kept = {place: at for place, at in places.items() if place[: len(inside)] == inside}
        return {(*to, *place[len(inside) :]): at for place, at in kept.items()}

    lines, columns, texts = moved(file.lines), moved(file.columns), moved(file.texts)
    return YamlFile(file.name, data, lines, columns, texts)
