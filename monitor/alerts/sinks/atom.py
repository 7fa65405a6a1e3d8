"""Alerts as an Atom feed (RFC 4287) in a file, for any feed reader; a web server of the operator's may serve it.

The file is replaced as a whole, so no reader ever sees half of it. It is its own history: what stands in it was told.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from lxml import etree

from monitor.alerts.plain_text import text, title
from monitor.model import (
    Accepted,
    Delivery,
    FindOutcome,
    Message,
    Missing,
    NotSent,
    SendOutcome,
    TargetBroken,
    Unreadable,
)
from monitor.text import printable

ATOM: Final = "http://www.w3.org/2005/Atom"
MOST_ENTRIES: Final = 200
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)


class AtomSink:
    """Targets are the names in the configuration, each with its file."""

    name = "atom"
    pace = timedelta(0)
    settle_after = timedelta(0)

    def __init__(self, files: Mapping[str, Path], clock: Callable[[], datetime]) -> None:
        self._files = files
        self._clock = clock
        self._turn = asyncio.Lock()

    async def send(self, delivery: Delivery) -> SendOutcome:
        path = self._files.get(delivery.target)
        if path is None:
            return TargetBroken(f"no feed is called {delivery.target!r} in monitor.yaml any more")
        async with self._turn:
            try:
                await asyncio.to_thread(put, path, delivery, self._clock())
            except (PermissionError, NotADirectoryError, IsADirectoryError, etree.XMLSyntaxError) as e:
                return TargetBroken(f"{path}: {e}; mend the file, or delete it")
            except OSError as e:
                return NotSent(f"{path}: {e}")
        return Accepted(receipt=_id(delivery))

    async def edit(self, delivery: Delivery) -> SendOutcome:
        """The entry says the new words under its old id."""
        return await self.send(delivery)

    async def find(self, delivery: Delivery) -> FindOutcome:
        path = self._files.get(delivery.target)
        try:
            feed = None if path is None else await asyncio.to_thread(_read, path)
        except (OSError, etree.XMLSyntaxError) as e:
            return Unreadable(f"{path}: {e}")
        if feed is None or all(_text(entry, "id") != _id(delivery) for entry in feed.iterfind(f"{{{ATOM}}}entry")):
            return Missing()
        return Accepted(receipt=_id(delivery))

    async def close(self) -> None:
        """Files are closed as soon as they are written."""


def put(path: Path, delivery: Delivery, now: datetime) -> None:
    """Write the entry into the file, in place of an earlier one of the same delivery. Raises OSError."""
    before = _read(path)
    kept = [] if before is None else before.findall(f"{{{ATOM}}}entry")
    old = next((entry for entry in kept if _text(entry, "id") == _id(delivery)), None)
    published = now.isoformat() if old is None else _text(old, "published")
    feed = etree.fromstring(f'<feed xmlns="{ATOM}"/>')
    _add(feed, "title", "News monitor: alerts")
    _add(feed, "id", f"urn:news-monitor:{path.stem}")
    _add(feed, "updated", now.isoformat())
    _add(_add(feed, "author"), "name", "news-monitor")
    feed.append(_entry(delivery, published, now))
    feed.extend([entry for entry in kept if entry is not old][: MOST_ENTRIES - 1])
    _replace(path, etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True))


def _entry(delivery: Delivery, published: str, now: datetime) -> etree._Element:
    entry = etree.Element(f"{{{ATOM}}}entry")
    _add(entry, "id", _id(delivery))
    _add(entry, "published", published)
    _add(entry, "updated", now.isoformat())
    message = delivery.message
    assert message is not None  # noqa: S101 - folded deliveries are never sent
    _add(entry, "title", title(message))
    if isinstance(message, Message) and message.url:
        _add(entry, "link", href=printable(message.url), rel="alternate")
    for reason in message.reasons if isinstance(message, Message) else ():
        _add(entry, "category", term=printable(reason.rule), label=printable(reason.title))
    _add(entry, "content", text(message, now, thread=bool(delivery.thread_of)).strip(), type="text")
    return entry


def _add(parent: etree._Element, name: str, words: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}", attributes)
    if words is not None:
        child.text = "\n".join(printable(line) for line in words.splitlines())
    return child


def _id(delivery: Delivery) -> str:
    return f"urn:news-monitor:{delivery.id}"


def _text(element: etree._Element, name: str) -> str:
    return element.findtext(f"{{{ATOM}}}{name}") or ""


def _read(path: Path) -> etree._Element | None:
    """None when there is no such file yet."""
    try:
        return etree.fromstring(path.read_bytes(), _PARSER)
    except FileNotFoundError:
        return None


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)  # a web server is to read it
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
