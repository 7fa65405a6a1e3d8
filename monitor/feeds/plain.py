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
_PARAGRAPHS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt"),
        *("figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"),
        *("hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"),
    }
)
# Breaks of ours, apart from white space in the source; no text of a reader's has them.
_LINE, _PARAGRAPH = "\x01", "\x02"
_BREAK_AFTER = dict.fromkeys(_PARAGRAPHS, _PARAGRAPH) | dict.fromkeys(("td", "th"), " ") | {"br": _LINE}


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
    parts: list[str | None] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "end":
            parts += (_BREAK_AFTER.get(tag), element.tail)
        elif tag in _DROPPED:
            walk.skip_subtree()
        else:
            parts += (_PARAGRAPH if tag in _PARAGRAPHS else None, element.text)
    # In HTML a line break is a space.
    text = _SPACES.sub(" ", "".join(filter(None, parts)))
    return text.replace(_LINE, "\n").replace(_PARAGRAPH, "\n\n")
