"""What a page declares about itself in JSON-LD (schema.org). Pure, and sceptical: it is what anybody may write.

Only the values that are asked for are kept. What a page says about other pages (lists, related stories, comments)
is not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from lxml.html import HtmlElement

from monitor.articles.markup import is_json_ld

MAX_NODES: Final = 2_000
MAX_DEPTH: Final = 12

_DATE = re.compile(r'"datePublished"\s*:\s*"([^"\\]{8,40})"')
_ARTICLES = ("Article", "BlogPosting", "Report", "SocialMediaPosting")
_OTHERS = frozenset({
    "itemListElement", "hasPart", "mentions", "comment", "review", "citation", "subjectOf", "liveBlogUpdate", "video",
    "associatedMedia", "relatedLink", "isBasedOn", "workExample", "breadcrumb", "potentialAction", "image",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """One thing that the page describes. `addresses` are those it gives for it."""

    types: frozenset[str]
    values: dict[str, Any] = field(hash=False)

    @property
    def addresses(self) -> frozenset[str]:
        page = self.values.get("mainEntityOfPage")
        if isinstance(page, dict):
            page = page.get("@id") or page.get("url")
        values = (page, self.values.get("@id"), self.values.get("url"))
        return frozenset(value for value in values if isinstance(value, str))


def nodes_of(tree: HtmlElement) -> tuple[Node, ...]:
    """In the order of the page."""
    found: list[Node] = []
    for script in tree.iter("script"):
        if is_json_ld(script) and script.text:
            for node in _walk(_parsed(script.text), 0):
                if len(found) >= MAX_NODES:
                    return tuple(found)
                found.append(node)
    return tuple(found)


def is_article(node: Node) -> bool:
    return any(kind.endswith(_ARTICLES) for kind in node.types)


def name_of(value: Any) -> str | None:
    """The name in a value that is a name, a thing with a name, or a list of either; several are joined."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict):
        return name_of(value.get("name"))
    if isinstance(value, list):
        names = [name for item in value[:10] if (name := name_of(item))]
        return ", ".join(dict.fromkeys(names)) or None
    return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text.strip().removesuffix(";"), strict=False)
    except (ValueError, RecursionError):
        # A comma too many, or a line break in a text: the one date in it may still be read.
        days = set(_DATE.findall(text))
        return {"datePublished": days.pop()} if len(days) == 1 else None


def _walk(value: Any, depth: int) -> Iterator[Node]:
    if depth > MAX_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)
    if not isinstance(value, dict):
        return
    kinds = value.get("@type")
    types = frozenset(kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str))
    if types or "datePublished" in value:
        yield Node(types, value)
    for name, child in value.items():
        if name not in _OTHERS and isinstance(child, dict | list):
            yield from _walk(child, depth + 1)
