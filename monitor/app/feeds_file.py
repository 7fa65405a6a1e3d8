"""feeds.yaml changed by the program: lines are put in or cut out, and all others stay as the operator wrote them.

What comes out is read by the real loader before it takes the file's place. If it does not say exactly what was meant,
the file stays as it was, and the operator is told what to write.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.app.config import feeds_of
from monitor.errors import ConfigError, Problem
from monitor.model import Feed
from monitor.spans import written
from monitor.yaml_file import parse, scalar

_MARK = "\ufeff"  # some editors put it before the first line


def on_one_line(feed: Feed) -> str:
    """The feed as an item of feeds.yaml, to be pasted."""
    return "- {" + ", ".join(f"{key}: {value}" for key, value in _fields(feed)) + "}"


def added(text: str, name: str, feeds: Sequence[Feed]) -> str:
    """The text with the feeds behind the last one, written as that one is. `name` is the file's, for problems."""
    items = _items(text, name)
    last = items.spans[-1]
    in_brackets = items.lines[last.start].lstrip().removeprefix("-").lstrip().startswith("{")
    new = [
        " " * last.column + line + items.line_end
        for feed in feeds
        for line in ([on_one_line(feed)] if in_brackets else _on_many_lines(feed))
    ]
    before = [*items.lines[: last.end]]
    if not before[-1].endswith("\n"):
        before[-1] += items.line_end
    after = "".join([*before, *new, *items.lines[last.end :]])
    _verify(after, name, (*items.feeds, *feeds), "write this yourself: " + "; ".join(map(on_one_line, feeds)))
    return after


def removed(text: str, name: str, feed: Feed) -> str:
    """The text without that feed's lines."""
    items = _items(text, name)
    if len(items.feeds) == 1:
        raise ConfigError(
            [Problem(name, 0, f"{feed.name!r} is its only feed, and there must be one; add another first")]
        )
    index = items.feeds.index(feed)
    span = items.spans[index]
    after = "".join([*items.lines[: span.start], *items.lines[span.end :]])
    left = (*items.feeds[:index], *items.feeds[index + 1 :])
    _verify(after, name, left, f"delete {feed.name!r} yourself, at line {span.start + 1}")
    return after


def change(path: Path, edit: Callable[[str, str], str]) -> None:
    """Replace the file by what `edit` makes of its text and name: all of it or nothing, also when the power fails.

    Raises ConfigError or OSError, and then nothing has changed.
    """
    path = path.resolve()  # a link stays a link
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)  # two commands at once: one after the other
        _replace(path, edit(_read(path), str(path)).encode())
        os.fsync(directory)
    finally:
        os.close(directory)


# ---- what an item looks like ----


def _fields(feed: Feed) -> list[tuple[str, str]]:
    fields = [
        ("name", scalar(feed.name)),
        ("url", scalar(feed.url)),
        ("tags", "[" + ", ".join(map(scalar, feed.tags)) + "]"),
    ]
    if feed.language is not None:
        fields.append(("language", scalar(feed.language)))
    if feed.every is not None:
        fields.append(("every", written(feed.every)))
    return fields


def _on_many_lines(feed: Feed) -> list[str]:
    return [f"{'  ' if place else '- '}{key}: {value}" for place, (key, value) in enumerate(_fields(feed))]


# ---- where the items stand ----


@dataclass(frozen=True, slots=True)
class _Span:
    """Lines from `start` up to `end`; `column` is that of the dash."""

    start: int
    end: int
    column: int


@dataclass(frozen=True, slots=True)
class _Items:
    feeds: tuple[Feed, ...]
    lines: list[str]
    spans: list[_Span]
    line_end: str


def _items(text: str, name: str) -> _Items:
    file = parse(text.removeprefix(_MARK), name)
    feeds = feeds_of(file)
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    starts = [_dash_line(lines, file.line(("feeds", index)) - 1) for index in range(len(feeds))]
    if None in starts or len(set(starts)) < len(starts):
        raise ConfigError(
            [Problem(name, file.line(("feeds",)), "the feeds do not stand one below the other; write each as - {…}")]
        )
    known = [start for start in starts if start is not None]
    spans = [_span(lines, start, limit) for start, limit in zip(known, [*known[1:], len(lines)], strict=True)]
    return _Items(feeds, lines, spans, "\r\n" if "\r\n" in text else "\n")


def _dash_line(lines: Sequence[str], line: int) -> int | None:
    """An item's values may begin below its dash."""
    for place in range(min(line, len(lines) - 1), -1, -1):
        content = lines[place].strip()
        if content == "-" or content.startswith("- "):
            return place
        if content and not content.startswith("#") and place != line:
            return None
    return None


def _span(lines: Sequence[str], start: int, limit: int) -> _Span:
    """To its last line with something on it: comments and blank lines behind it are not the item's."""
    column = _indent(lines[start])
    end = start + 1
    for place in range(start + 1, limit):
        content = lines[place].strip()
        if not content or content.startswith("#"):
            continue
        if _indent(lines[place]) <= column:
            break
        end = place + 1
    return _Span(start, end, column)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


# ---- before and after ----


def _verify(text: str, name: str, meant: tuple[Feed, ...], remedy: str) -> None:
    try:
        said = feeds_of(parse(text.removeprefix(_MARK), name))
    except ConfigError as e:
        spoilt = Problem(name, 0, f"would not be right any more, so nothing was changed; {remedy}")
        raise ConfigError([spoilt, *e.problems]) from e
    if said != meant:
        raise ConfigError([Problem(name, 0, f"cannot be changed as it is laid out; {remedy}")])


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as e:
        raise ConfigError([Problem(str(path), 0, "is not UTF-8 text; save the file as UTF-8")]) from e


def _replace(path: Path, content: bytes) -> None:
    was = path.stat()
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(fd, was.st_mode & 0o7777)
            if (was.st_uid, was.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(fd, was.st_uid, was.st_gid)  # root edits, the service must still be able to read
            os.fsync(fd)
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
