"""A file of rules changed in one place, with every other character of it left as its author wrote it.

Each edit is read again, and must say exactly what was meant and nothing else; what cannot be written so is Unwritable.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from monitor.errors import ConfigError, NewsMonitorError
from monitor.yaml_file import Place, parse, scalar

INDENT = "  "


class Unwritable(NewsMonitorError):
    """The file is written in a way that this edit does not know."""


class Source:
    """A YAML file as text; edits make others of it. Raises ConfigError."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.file = parse(text, name, spans=True)
        self._line_end = "\r\n" if "\r\n" in text else "\n"

    def at(self, place: Place) -> Any:
        """The value there."""
        value = self.file.data
        for part in place:
            value = value[part]
        return value

    def with_value(self, place: Place, value: Any) -> Source:
        """Another value in the place of one, on one line."""
        span = self.file.spans[place]
        line_end = self._line_end if self.text[: span.end].endswith("\n") else ""
        return self._spliced(place, written(value) + line_end, value)

    def with_item(self, place: Place, item: Any) -> Source:
        """A list with one more item at its end."""
        items, span = self.at(place), self.file.spans[place]
        last = self.file.spans[(*place, len(items) - 1)]
        if span.in_brackets:
            text = self._inserted(last.end, f", {written(item)}")
        else:
            text = self._with_line(last.end, f"{self._margin(span.start)}- {written(item)}")
        return self._checked(text, place, [*items, item])

    def with_pair(self, place: Place, key: str, value: Any) -> Source:
        """A mapping with one more key at its end."""
        pairs, span = self.at(place), self.file.spans[place]
        last, pair = self.file.spans[(*place, list(pairs)[-1])], f"{key}: {written(value)}"
        if span.in_brackets:
            text = self._inserted(last.end, f", {pair}")
        else:
            text = self._with_line(last.end, f"{self._margin(span.start)}{pair}")
        return self._checked(text, place, {**pairs, key: value})

    def without_pair(self, place: Place) -> Source:
        """A mapping without one of its keys, which is not its first one."""
        around, key = place[:-1], place[-1]
        pairs = self.at(around)
        place_in_order = list(pairs).index(key)
        if not place_in_order:
            raise Unwritable(f"{key}: is the first key")
        before = list(pairs)[place_in_order - 1]
        start, end = self.file.spans[(*around, before)].end, self.file.spans[place].end
        if not self.file.spans[around].in_brackets:  # what is said of it in a comment goes too
            start = self.text.rfind("\n", 0, self.file.keys[place]) + 1
            end = self._line_after(end)
            if self.text[start : self.file.keys[place]].strip():
                raise Unwritable(f"{key}: does not begin its line")
        left = {name: value for name, value in pairs.items() if name != key}
        return self._checked(self.text[:start] + self.text[end:], around, left)

    def with_key(self, place: Place, key: str) -> Source:
        """A mapping with another name for one of its keys."""
        around, start = place[:-1], self.file.keys[place]
        pairs = {(key if name == place[-1] else name): value for name, value in self.at(around).items()}
        return self._checked(self.text[:start] + key + self.text[start + len(str(place[-1])) :], around, pairs)

    def wrapped(self, place: Place, key: str) -> Source:
        """A mapping as the value of a key, in a mapping of its own."""
        span, value = self.file.spans[place], self.at(place)
        inner = self.text[span.start : span.end]
        if span.in_brackets or "\n" not in inner:
            inner = inner if span.in_brackets else f"{{{inner}}}"
            outside = f"{{{key}: {inner}}}" if span.in_brackets else f"{key}: {inner}"
        else:
            outside = self._nested(key, span.start, span.end)
        return self._spliced(place, outside, {key: value})

    def wrapped_pair(self, place: Place, key: str) -> Source:
        """A pair of a mapping as the value of a key, in its old place."""
        around, name = place[:-1], place[-1]
        start, end = self.file.keys[place], self.file.spans[place].end
        inner = self.text[start:end]
        if self.file.spans[around].in_brackets or "\n" not in inner:
            outside = f"{key}: {{{inner}}}"
        else:
            outside = self._nested(key, start, end)
        text = self.text[:start] + outside + self.text[end:]
        pairs = {(key if one == name else one): ({name: v} if one == name else v) for one, v in self.at(around).items()}
        return self._checked(text, around, pairs)

    def _nested(self, key: str, start: int, end: int) -> str:
        """The lines from one character to another, further in and below a key."""
        margin = " " * (start - self.text.rfind("\n", 0, start) - 1)
        lines = self.text[start:end].split("\n")
        further = [lines[0], *(INDENT + line if line.strip() else line for line in lines[1:])]
        return f"{key}:{self._line_end}{margin}{INDENT}" + "\n".join(further)

    def _margin(self, place: int) -> str:
        return " " * (place - self.text.rfind("\n", 0, place) - 1)

    def _with_line(self, place: int, line: str) -> str:
        """The text with a line behind that of a character."""
        after = self._line_after(place)
        missing = "" if self.text[:after].endswith("\n") else self._line_end
        return f"{self.text[:after]}{missing}{line}{self._line_end if not missing else ''}{self.text[after:]}"

    def _line_after(self, place: int) -> int:
        """Where the next line begins; a text of several lines ends behind its last one."""
        if self.text[:place].endswith("\n"):
            return place
        return self.text.find("\n", place) + 1 or len(self.text)

    def _inserted(self, place: int, what: str) -> str:
        return self.text[:place] + what + self.text[place:]

    def _spliced(self, place: Place, text: str, value: Any) -> Source:
        span = self.file.spans[place]
        return self._checked(self.text[: span.start] + text + self.text[span.end :], place, value)

    def _checked(self, text: str, place: Place, value: Any) -> Source:
        try:
            after = Source(text, self.name)
        except ConfigError as e:
            raise Unwritable(f"that would be no YAML: {e}") from e
        if after.file.data != _put(self.file.data, place, value):
            raise Unwritable("that would change something else too")
        return after


def written(value: Any) -> str:
    """A value as it is written on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(key)}: {written(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if not isinstance(value, str):
        return str(value)
    # Queries have phrases in double quotes, which people put between single ones.
    is_plain = scalar(value) == value
    return f"'{value}'" if not is_plain and '"' in value and "'" not in value and value.isprintable() else scalar(value)


def _put(data: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    changed = deepcopy(data)
    around = changed
    for part in place[:-1]:
        around = around[part]
    around[place[-1]] = value
    return changed
