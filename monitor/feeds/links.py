"""The Link header of HTTP (RFC 8288): its beginning. What is not written properly is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HEADER = 16_000  # characters; a server may send megabytes

# The address, then its parameters; a quoted one may hold any of the dividers.
_LINK = re.compile(r'<([^<>]{1,4096})>((?:\s*;[^;,"<>]*(?:"[^"]*")?)*)')
_PARAMETER = re.compile(r';\s*([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s;,"]+))')


@dataclass(frozen=True, slots=True)
class Link:
    """`address` may be relative to the document that came with the header."""

    address: str
    relations: str
    kind: str
    title: str


def links(header: str) -> Iterator[Link]:
    for found in _LINK.finditer(header[:MAX_HEADER]):
        said = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(found[2])}
        yield Link(found[1], said.get("rel", ""), said.get("type", ""), said.get("title", ""))
