"""The bytes of a page -> a tree that can be read in bounded time, and text out of elements. Runs in workers only."""

from __future__ import annotations

import re
from typing import Final

from lxml.html import HtmlElement
from trafilatura import load_html
from trafilatura.utils import detect_encoding
from w3lib.encoding import html_to_unicode

MAX_JSON_LD: Final = 300_000  # characters; what parses larger ones takes a hundred times their size in memory
MAX_ATTRIBUTE: Final = 20_000  # characters; larger ones are pictures or data of scripts
DEEP: Final = 200  # elements
JSON_LD: Final = "application/ld+json"

_BLOCK = re.compile(
    r"<(/?)(?:div|section|article|main|center|font|span|table|tbody|tr|td|ul|ol|li|blockquote|b|i|em|strong|u|big|small)"
    r"\b[^<>]*>",
    re.IGNORECASE,
)
# Each attribute of an element is compared with all before it: 100,000 would take a minute.
_CROWD = re.compile(
    r"""(<[a-z][\w:-]*+)(?:[\s/]*+[^\s"'<>/=]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>]++))?+){1000,}+""",
    re.IGNORECASE,
)


def tree_of(html: str) -> HtmlElement | None:
    """The page without what nobody reads; None when it is not HTML."""
    tree = load_html(_CROWD.sub(r"\1", html))
    if tree is None:
        return None
    _lighten(tree)
    return tree


def decoded(body: bytes, content_type: str) -> str:
    """The page's characters, whatever it or its server says about them."""
    try:
        # Many servers declare a charset for files they never looked at, and text in another one is hardly
        # ever valid UTF-8. (Pure ASCII may still be an escape-based Asian charset.)
        if not body.isascii():
            return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return html_to_unicode(content_type, body, auto_detect_fun=_guessed_encoding)[1]
    except (LookupError, UnicodeError):  # a name of what Python encodes besides text, rot13 among it
        return body.decode(_guessed_encoding(body) or "cp1252", "replace")


def flattened(html: str) -> str | None:
    """Without the blocks that stand in one another: the parser drops what is nested deeper than 255 elements.

    None when there are not so many.
    """
    depth = deepest = 0
    for tag in _BLOCK.finditer(html):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    if deepest < DEEP:
        return None
    return _BLOCK.sub(lambda tag: "" if tag[1] else "<p>", html)


def line_of(element: HtmlElement) -> str:
    """All text in an element, on one line."""
    return " ".join(element.text_content().split())


def is_json_ld(script: HtmlElement) -> bool:
    return (script.get("type") or "").partition(";")[0].strip().lower() == JSON_LD


def _guessed_encoding(body: bytes) -> str | None:
    return next(iter(detect_encoding(body)), None)


def _lighten(tree: HtmlElement) -> None:
    for element in tree.iter("script", "style"):
        kept = is_json_ld(element) and len(element.text or "") <= MAX_JSON_LD
        if not kept:
            element.text = None
    for element in tree.iter():
        for name, value in element.items():
            if len(value) > MAX_ATTRIBUTE:
                del element.attrib[name]
