"""JSON Schemas of rule and concept files, for editors that complete and check while one types.

They say what is written where; whether it is right in every respect says `check`. Generated: `python -m
monitor.rules.json_schema config/schemas` writes them anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from monitor.model import OnTimeout, Severity, Updates, Zone
from monitor.rules.conditions import Fact
from monitor.rules.leaves import LANGUAGE
from monitor.rules.query import MOST_COUNTED, WIDEST_NEAR
from monitor.rules.rhythm import MOST_SOURCES
from monitor.rules.stems import LANGUAGES

Schema: TypeAlias = Mapping[str, object]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_CONDITION: Schema = {"$ref": "#/$defs/condition"}
_CONDITIONS: Schema = {"type": "array", "items": _CONDITION, "minItems": 1}
_TEXT: Schema = {"type": "string", "minLength": 1}
_NAME: Schema = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 80}
_LANGUAGE: Schema = {"type": "string", "pattern": f"^{LANGUAGE}$"}


def schemas() -> dict[str, Schema]:
    """By the name of the folder whose files they are for."""
    return {
        "rules": _file("rules", "Watch rules", _rule()),
        "concepts": _file("concepts", "Vocabularies that rules use", _concept()),
    }


def _file(key: str, title: str, entry: Schema) -> Schema:
    entries = {"type": "array", "items": entry, "minItems": 1}
    return {
        "$schema": DRAFT,
        "title": title,
        **_mapping({key: entries}, required=[key]),
        "$defs": {"condition": {"anyOf": [_described(_TEXT, "A query: troops NEAR/12 border"), _operators()]}},
    }


def _rule() -> Schema:
    examples = {"type": "array", "items": _TEXT, "minItems": 1}
    return _mapping(
        {
            "name": _described(_NAME, "Small letters, digits and hyphens; unique"),
            "title": _described(_TEXT, "What alerts call the rule"),
            "severity": {"enum": [str(severity) for severity in Severity]},
            "channel": _described(_TEXT, "A Slack channel, in quotes; else slack.channel of monitor.yaml"),
            "page": {"type": "boolean", "description": "Read the page although the feed has the whole text"},
            "match": _CONDITION,
            "alert": _alert(),
            "examples": _mapping({"match": examples, "no_match": examples}),
        },
        required=["name", "match"],
    )


def _alert() -> Schema:
    severity = {"enum": [str(severity) for severity in Severity]}
    rise = {
        "type": "object",
        "propertyNames": {"pattern": "^[0-9]+$"},
        "additionalProperties": severity,
        "minProperties": 1,
        "description": "From so many independent sources on: {3: high}",
    }
    return _mapping(
        {
            "updates": {"enum": list(map(str, Updates)), "description": "Where what is new of a told story is told"},
            "cooldown": {"type": ["string", "integer"], "description": "Between two words on one story: 30m"},
            "min_sources": _described(_number(1, MOST_SOURCES), "Independent ones, before anything is told"),
            "sources_within": _described(_TEXT, "How long to wait for them: 24h"),
            "on_timeout": {"enum": list(map(str, OnTimeout)), "description": "When they did not come in time"},
            "rise": rise,
            "template": _described(_TEXT, "Jinja2: the rule's own paragraph in a message"),
        }
    )


def _concept() -> Schema:
    terms = {
        "type": "object",
        "propertyNames": {"pattern": "^(any|[a-z]{2,3}(-[A-Za-z0-9]{2,8})*)$"},
        "additionalProperties": _CONDITIONS,
        "minProperties": 1,
        "description": "By language; what all languages share under any:",
    }
    return _mapping({"name": _NAME, "title": _TEXT, "terms": terms}, required=["name", "terms"])


def _operators() -> Schema:
    weighted = _mapping({"term": _CONDITION, "weight": {"type": "number"}}, required=["term", "weight"])
    weights = {"anyOf": [{"type": "object", "additionalProperties": {"type": "number"}}, _some(weighted)]}
    return _mapping(
        {
            "all": _described(_CONDITIONS, "Every one of them"),
            "any": _described(_CONDITIONS, "At least one of them"),
            "none": _described(_CONDITIONS, "None of them; stands beside all: or any:"),
            "at_least": _mapping({"n": _number(1), "of": _CONDITIONS}, required=["n", "of"]),
            "near": _described(_CONDITIONS, "All within so many words of one another; takes within:"),
            "within": _number(1, WIDEST_NEAR),
            "ordered": {"type": "boolean"},
            "same_sentence": _CONDITIONS,
            "count": _mapping({"n": _number(1, MOST_COUNTED), "of": _CONDITION}, required=["n", "of"]),
            "score": _mapping({"threshold": {"type": "number"}, "terms": weights}, required=["threshold", "terms"]),
            "concept": _described(_NAME, "A vocabulary from concepts/"),
            "word": _TEXT,
            "phrase": _TEXT,
            "exact": _described(_TEXT, "Case and marks count"),
            "acronym": _described(_TEXT, "NATO, NATO's, N.A.T.O. and НАТО, but no senator"),
            "name": _described(_TEXT, "A proper name with its endings: Kosovo, Kosovu, Kosovës"),
            "stem": _described(_TEXT, f"Every form of a word; takes language: {', '.join(LANGUAGES)}"),
            "regex": _described(_TEXT, "Linear time only; needs google-re2"),
            **{str(zone): _described(_CONDITION, f"Only in the {zone}") for zone in Zone},
            **{str(fact): _described(_TEXT, f"The {fact} that an article is from") for fact in (Fact.FEED, Fact.TAG)},
            "language": _described(_LANGUAGE, "That an article is in, as a code such as en or sr-Latn"),
        }
    )


def _mapping(properties: Mapping[str, object], *, required: list[str] | None = None) -> Schema:
    closed = {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1}
    return closed | ({"required": required} if required else {})


def _some(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _number(least: int, most: int | None = None) -> Schema:
    return {"type": "integer", "minimum": least} | ({"maximum": most} if most is not None else {})


def _described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def written(schema: Schema) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    for name, schema in schemas().items():
        Path(sys.argv[1], f"{name}.json").write_text(written(schema), "utf-8")
