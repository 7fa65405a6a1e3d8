"""Which format a feed is written in, in words. Pure.

For documents that the parser has accepted: it refuses what is made to hurt.
"""

from __future__ import annotations

from xml.parsers import expat

from monitor.feeds.charset import decoded

UNKNOWN = "unknown"

_ATOM = "http://www.w3.org/2005/Atom"
_SEPARATOR = " "  # between namespace and name, as expat joins them


def format_of(body: bytes, content_type: str) -> str:
    """`RSS 2.0`, `Atom`, `JSON Feed` …, from the outermost element. Never fails: what cannot be told is unknown."""
    document = decoded(body, content_type).body
    if document.lstrip()[:1] == b"{":
        return "JSON Feed"
    try:
        _root_parser().Parse(document, True)
    except _RootSeen as seen:
        return _format(seen.name, seen.attributes)
    except expat.ExpatError:
        pass
    return UNKNOWN


class _RootSeen(Exception):
    """All that is wanted was seen."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes


def _root_parser() -> expat.XMLParserType:
    def start(name: str, attributes: dict[str, str]) -> None:
        raise _RootSeen(name, attributes)

    parser = expat.ParserCreate("utf-8", _SEPARATOR)
    parser.StartElementHandler = start
    return parser


def _format(name: str, attributes: dict[str, str]) -> str:
    space, _, root = name.rpartition(_SEPARATOR)
    match root.lower():
        case "rss":
            return f"RSS {attributes.get('version', '').strip()[:10] or 'without a version'}"
        case "feed":
            return "Atom" if space == _ATOM else "Atom 0.3"
        case "rdf":
            return "RSS 1.0"
    return UNKNOWN
