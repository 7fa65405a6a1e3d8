"""What a feed says of itself before its first item: its format and its WebSub hub. Pure.

For documents that the parser has accepted: it refuses what is made to hurt.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from xml.parsers import expat

from monitor.feeds.charset import decoded
from monitor.feeds.links import links
from monitor.urls import join

_ATOM = "http://www.w3.org/2005/Atom"
_ITEMS = frozenset({"item", "entry"})
_SEPARATOR = " "  # between namespace and name, as expat joins them


@dataclass(frozen=True, slots=True)
class Channel:
    """`hub`: where a WebSub subscription would go (W3C WebSub section 4); None when none is named."""

    format: str  # "RSS 2.0", "Atom", "JSON Feed" ...
    hub: str | None


def channel_of(body: bytes, *, url: str, content_type: str, link_header: str = "") -> Channel:
    """Never fails: what cannot be told is "unknown" and None."""
    declared = next((link.address for link in links(link_header) if "hub" in link.relations.lower().split()), None)
    document = decoded(body, content_type).body
    form, hub = _json(document) if document.lstrip()[:1] == b"{" else _xml(document)
    address = declared or hub
    return Channel(form, join(url, address) if address else None)


def _json(document: bytes) -> tuple[str, str | None]:
    with suppress(ValueError, RecursionError, AttributeError, TypeError, KeyError, IndexError):
        return "JSON Feed", str(json.loads(document, strict=False)["hubs"][0]["url"])
    return "JSON Feed", None


def _xml(document: bytes) -> tuple[str, str | None]:
    head = _Head()
    with suppress(expat.ExpatError, _ItemsBegin):
        head.parser.Parse(document, True)
    return head.format, head.hub


class _ItemsBegin(Exception):
    """All that is wanted was seen."""


class _Head:
    def __init__(self) -> None:
        self.format = "unknown"
        self.hub: str | None = None
        self.parser = expat.ParserCreate("utf-8", _SEPARATOR)
        self.parser.StartElementHandler = self._start

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(_SEPARATOR)
        if self.format == "unknown":
            self.format = _format(space, local, attributes)
        if local in _ITEMS:
            raise _ItemsBegin
        if local == "link" and "hub" in attributes.get("rel", "").lower().split():
            self.hub = self.hub or attributes.get("href")


def _format(space: str, root: str, attributes: dict[str, str]) -> str:
    match root.lower():
        case "rss":
            return f"RSS {attributes.get('version', '').strip()[:10] or 'without a version'}"
        case "feed":
            return "Atom" if space == _ATOM else "Atom 0.3"
        case "rdf":
            return "RSS 1.0"
    return "unknown"
