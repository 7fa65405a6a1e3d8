"""YAML as people mean it: YAML 1.2 values, unique keys, and the line where each value stood. The only file that
knows PyYAML.

`no`, `on` and `12:30` stay text. What makes a configuration hard to read or surprising (anchors, merge keys, tags,
several documents) is refused, with what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Any, NamedTuple, TypeAlias

import yaml

from monitor.errors import ConfigError, Problem

LARGEST_FILE = 5_000_000  # bytes
DEEPEST_NESTING = 50
LONGEST_SHOWN = 80
DUMPED_WIDTH = 100

Place: TypeAlias = tuple[str | int, ...]

# libyaml's parser is seven times faster than the one in Python, which says the same in the same words.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")  # a longer one is an id, not a number
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
_TAB_INDENT = re.compile(r" *\t\s*[^\s#]")
# A query such as `"friendly match" OR goal`, of which YAML takes the first phrase for the whole.
_TEXT_AFTER_QUOTE = re.compile(r"""(?:^|[-:,\[]\s)\s*("[^"]*"|'[^']*')\s*[^\s,\]}#:]""")

# What the parser says, and what has usually happened.
_REMEDIES = (
    ("mapping values are not allowed", "put quotes around text that contains ': ', or check the indentation"),
    ("cannot start any token", "put quotes around text that begins with @, ` or %"),
    ("could not find expected ':'", "write `key: value`, with a space after the colon"),
    ("did not find expected key", "check the indentation, and the quotes of the lines before"),
    ("did not find expected '-'", "list items begin with '- ' and stand under one another"),
    ("',' or", "a bracket or brace is not closed, or a comma is missing"),
    ("unexpected end of stream", "a quote is not closed"),
    ("unknown escape character", "use single quotes around text with backslashes"),
    ("alphabetic or numeric character", "put quotes around text that begins with * or &"),
    ("maximum nesting", "divide it up"),
    ("control characters are not allowed", "delete the invisible character"),
    ("special characters are not allowed", "delete the invisible character"),
)


class Span(NamedTuple):
    """Where a value is written: characters of the text, up to `end`. `in_brackets`: as `{…}` or `[…]`."""

    start: int
    end: int
    in_brackets: bool


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What a file says, as plain dicts (keys are always strings), lists, strings, numbers, booleans and None."""

    name: str
    data: Any
    lines: Mapping[Place, int]
    columns: Mapping[Place, int] = field(default_factory=dict)
    texts: Mapping[Place, tuple[int, int]] = field(
        default_factory=dict
    )  # line and column where a text on one line begins
    spans: Mapping[Place, Span] = field(default_factory=dict)
    keys: Mapping[Place, int] = field(default_factory=dict)  # the character at which the key of a value begins

    def line(self, place: Place) -> int:
        """Where the value at a place stands; if there is none, where the nearest thing around it does."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def column(self, place: Place) -> int:
        """In that line."""
        while place and place not in self.columns:
            place = place[:-1]
        return self.columns.get(place, 0)

    def inside(self, place: Place, column: int) -> tuple[int, int]:
        """Line and column of a character of the text at a place, counted from 1; of a longer text, where it stands."""
        if place not in self.texts:
            return self.line(place), self.column(place)
        line, start = self.texts[place]
        return line, start + column - 1


def load(path: Path) -> YamlFile:
    """Raises ConfigError with every problem, also when the file is missing or unreadable."""
    name = str(path)
    try:
        if not S_ISREG(path.stat().st_mode):  # opening a pipe would wait for who writes into it
            raise ConfigError([Problem(name, 0, "is no file to be read; delete it, or name it otherwise")])
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError as e:
        raise ConfigError([Problem(name, 0, "there is no such file; create it")]) from e
    except OSError as e:
        raise ConfigError([Problem(name, 0, f"cannot be read ({e.strerror}); check its type and permissions")]) from e
    if len(raw) > LARGEST_FILE:
        raise ConfigError([_too_large(name)])
    try:
        return parse(raw.decode("utf-8-sig"), name)
    except UnicodeDecodeError as e:
        line = raw.count(b"\n", 0, e.start) + 1
        raise ConfigError([Problem(name, line, "is not UTF-8 text; save the file as UTF-8")]) from e


def parse(text: str, name: str, *, spans: bool = False) -> YamlFile:
    """Raises ConfigError with every problem. `spans`: note them and the keys' places too, for half as long again."""
    reader = _Reader(name, spans=spans)
    try:
        data = reader.read(text)
    except yaml.YAMLError as e:
        reader.problems.extend(_syntax_problems(name, text, e))
        data = None
    if reader.problems:
        raise ConfigError(reader.problems)
    return YamlFile(name, data, reader.lines, reader.columns, reader.texts, reader.spans, reader.keys)


def scalar(text: str) -> str:
    """The text as it is written in a file, also between brackets: bare if it then still means itself, else quoted."""
    if _means_itself(text):
        return text
    written: str = yaml.safe_dump(
        [text], default_flow_style=True, default_style='"', allow_unicode=True, width=LARGEST_FILE
    )
    return written.strip().removeprefix("[").removesuffix("]")


def dumped(data: object) -> str:
    """As it would stand in a file, in blocks, for people to read and compare."""
    text: str = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, width=DUMPED_WIDTH)
    return text


def _means_itself(text: str) -> bool:
    try:
        read = parse(f"- {{k: {text}, l: [{text}]}}\n- k: {text}", "")
    except ConfigError:
        return False
    return bool([{"k": text, "l": [text]}, {"k": text}] == read.data)


def shown(value: object) -> str:
    """A value in a sentence: as it would be written, if that is short."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return repr(value)[:LONGEST_SHOWN]


def _too_large(name: str) -> Problem:
    return Problem(name, 0, f"is larger than {LARGEST_FILE // 1_000_000} MB; divide it into several files")


class _Reader:
    """Builds values from the parser's events, and goes on after a problem to find the next."""

    def __init__(self, name: str, *, spans: bool) -> None:
        self.name = name
        self._wants_spans = spans
        self.problems: list[Problem] = []
        self.lines: dict[Place, int] = {}
        self.columns: dict[Place, int] = {}
        self.texts: dict[Place, tuple[int, int]] = {}
        self.spans: dict[Place, Span] = {}
        self.keys: dict[Place, int] = {}
        self._end = 0  # of the last thing that was read and has one: a list in lines ends with its last item
        self._events: Iterator[Any] = iter(())

    def read(self, text: str) -> Any:
        self._events = yaml.parse(text, Loader=_LOADER)
        data, documents = None, 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    self._problem(event, "a second document starts here; keep one document in a file")
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, ())
                data = value if documents == 1 else data
        return data

    def _value(self, event: Any, place: Place) -> Any:
        self._stands(place, event)
        if isinstance(event, yaml.AliasEvent):
            self._problem(event, f"*{event.anchor} refers to an anchor, which is not supported; write the value out")
            return None
        if event.anchor is not None:
            self._problem(event, f"anchors (&{event.anchor}) are not supported; delete it and write the value out")
        if event.tag is not None:
            self._problem(
                event, f"tags ({_short_tag(event.tag)}) are not supported; delete it, or put quotes around it"
            )
        if isinstance(event, yaml.ScalarEvent):
            self._text(place, event)
            if self._wants_spans:
                self._spans(place, event, event)
            return event.value if event.style else _scalar(event.value)
        if len(place) == DEEPEST_NESTING:
            self._problem(event, f"is nested more than {DEEPEST_NESTING} levels deep; divide it up")
        if len(place) >= DEEPEST_NESTING:
            return self._skip()
        return self._list(place, event) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(place, event)

    def _list(self, place: Place, start: Any) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*place, len(values))))
        if self._wants_spans:
            self._spans(place, start, event)
        return values

    def _mapping(self, place: Place, start: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            key_place = (*place, key)
            if key in values:
                self._problem(
                    event, f"key {key!r} stands here twice, first on line {self.lines[key_place]}; delete one of them"
                )
            self._stands(key_place, event)
            if self._wants_spans:
                self.keys[key_place] = event.start_mark.index
            values[key] = self._value(next(self._events), key_place)
        if self._wants_spans:
            self._spans(place, start, event)
        return values

    def _key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            self._value(event, ("?",))
            self._problem(event, "a key must be a single word; put quotes around text that begins with [, { or *")
            return "?"
        if event.value == "<<" and not event.style:
            self._problem(event, "merge keys (<<) are not supported; write the keys out")
        return str(event.value)

    def _skip(self) -> None:
        """To the end of a list or mapping that has just begun."""
        depth = 1
        while depth:
            event = next(self._events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)

    def _stands(self, place: Place, event: Any) -> None:
        if place not in self.lines:
            self.lines[place], self.columns[place] = event.start_mark.line + 1, event.start_mark.column + 1

    def _spans(self, place: Place, first: Any, last: Any) -> None:
        in_brackets = bool(getattr(first, "flow_style", False))
        if in_brackets or first is last:
            self._end = last.end_mark.index
        self.spans[place] = Span(first.start_mark.index, self._end, in_brackets)

    def _text(self, place: Place, event: Any) -> None:
        """Where its characters stand, if they stand there one for one."""
        quotes = event.style in ("'", '"')
        length = event.end_mark.column - event.start_mark.column - 2 * quotes
        if event.start_mark.line == event.end_mark.line and length == len(event.value):
            self.texts[place] = event.start_mark.line + 1, event.start_mark.column + 1 + quotes

    def _problem(self, event: Any, message: str) -> None:
        mark = event.start_mark
        self.problems.append(Problem(self.name, mark.line + 1, message, mark.column + 1))


def _scalar(text: str) -> Any:
    """YAML 1.2's core schema, in decimal only."""
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _syntax_problems(name: str, text: str, error: yaml.YAMLError) -> list[Problem]:
    line, column = _error_place(text, error)
    lines = text.split("\n")
    if line > len(lines):  # the parser ends a last line that has no end
        line, column = len(lines), len(lines[-1]) + 1
    at_fault = lines[line - 1]
    if _TAB_INDENT.match(at_fault):
        message = "a tab is used for indentation; use spaces"
        tabs = ((n, one.index("\t") + 1) for n, one in enumerate(lines, 1) if _TAB_INDENT.match(one))
        return [Problem(name, n, message, place) for n, place in tabs]
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
    remedy = next((remedy for part, remedy in _REMEDIES if part in said), "check the indentation and the quotes here")
    if _TEXT_AFTER_QUOTE.search(at_fault):
        remedy = "text follows the closing quote; put single quotes around all of it, as in '\"a phrase\" OR word'"
    return [Problem(name, line, f"is not valid YAML: {said}; {remedy}", column)]


def _error_place(text: str, error: yaml.YAMLError) -> tuple[int, int]:
    """Line and column, which is not known of a character that YAML does not allow."""
    if isinstance(error, yaml.reader.ReaderError):
        return text.count("\n", 0, error.position) + 1, 0
    problem, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    unclosed = "unexpected end of stream" in str(getattr(error, "problem", ""))
    mark = context if unclosed and context else problem or context
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
