"""HTML in, plain text out: paragraphs divided by blank lines, scripts and styles gone."""

from __future__ import annotations

import re
from html import unescape

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

MARKUP_SHARE = 4  # characters of HTML looked at for each one of text

_MARKUP = re.compile(r"<[a-zA-Z/!?]|&#?\w+;")
_TAG = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"\s+")

_DROPPED = frozenset({"head", "iframe", "math", "noscript", "object", "script", "style", "svg", "template", "title"})
_CELLS = frozenset({"td", "th"})
_PARAGRAPHS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"),
    }
)


def plain(html: str, *, limit: int) -> str:
    """The text as a reader sees it, not yet cleaned of control characters; enough of it for `limit` characters."""
    html = html[: limit * MARKUP_SHARE]
    if not _MARKUP.search(html):
        return html
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    source = "<div>" + html.replace("\0", "")
    text = _text(document_fromstring(source.encode("utf-8", "replace"), parser=parser))
    # The parser gives up on absurdly deep markup and returns nothing; then the tags are cut out by hand.
    return text if text.strip() else unescape(_TAG.sub(" ", html))


def _text(root: etree._Element) -> str:
    parts: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            parts += (_break_after(element.tag), _one_line(element.tail))
        elif element.tag in _DROPPED:
            walk.skip_subtree()
        else:
            parts += ("\n\n" if element.tag in _PARAGRAPHS else "", _one_line(element.text))
    return "".join(parts)


def _break_after(tag: str) -> str:
    if tag in _PARAGRAPHS:
        return "\n\n"
    if tag in _CELLS:
        return " "
    return "\n" if tag == "br" else ""


def _one_line(text: str | None) -> str:
    """In HTML a line break is a space."""
    return _SPACES.sub(" ", text) if text else ""
