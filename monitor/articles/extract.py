"""HTML -> Extract; with markup.py the only file that knows trafilatura. Loaded in workers only (see tasks.py).

trafilatura finds text in nearly everything, an error page included: whether the text is the article is for
judge.py to say.
"""

from __future__ import annotations

import re
from typing import Final

from lxml.html import HtmlElement
from trafilatura import bare_extraction
from trafilatura.settings import Document

from monitor.articles import about, dates, json_ld
from monitor.articles.lines import captions_of, is_list_of_links, paragraphs
from monitor.articles.markup import decoded, flattened, tree_of
from monitor.errors import ExtractError
from monitor.model import Extract
from monitor.text import clean, clean_line

MAX_TEXT: Final = 500_000
MAX_TITLE: Final = 2_000
MAX_NAME: Final = 200
SNIFFED: Final = 4_000  # characters of plain text
NOISE: Final = 0.02  # of them; programs, pictures and archives have more control characters
LITTLE: Final = 500  # characters; the rest may stand too deep for the parser
LIGHT_ABOVE: Final = 1_500_000  # bytes; thorough reading of such a page can take longer than a worker may
LIGHT_ABOVE_ELEMENTS: Final = 30_000

_NO_TEXT = re.compile("[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd]")

# Extensive search dates a page by any year in it, a copyright line or "declared independence in 2008".
DATES: Final = {"extensive_search": False, "original_date": True}


def extract(body: bytes, *, url: str, content_type: str, light: bool = False) -> Extract:
    """The text of a page that was found at `url`. Raises ExtractError with the reason.

    `light` costs a fraction and finds a little less: for pages that are too large, or failed before.
    """
    if not body.strip(b" \t\r\n\0"):
        raise ExtractError("the page is empty")
    html = decoded(body, content_type)
    if content_type.partition(";")[0].strip().lower() == "text/plain":
        return _plain(html)
    light = light or len(body) > LIGHT_ABOVE
    found = _read(html, url, light=light)
    if found is None or len(found.text) < LITTLE:
        readings = (found, _read(flattened(html), url, light=light))
        found = max(filter(None, readings), key=lambda one: len(one.text), default=None)
    if found is None:
        raise ExtractError("not HTML" if tree_of(html) is None else "no text found in the page")
    return found


def _read(html: str | None, url: str, *, light: bool) -> Extract | None:
    tree = tree_of(html) if html else None
    if tree is None:
        return None
    document = _document(tree, url, light=light or _is_large(tree))
    return _told(tree, document, url) if document is not None else None


def _document(tree: HtmlElement, url: str, *, light: bool) -> Document | None:
    _unroll_layout_tables(tree)
    document = bare_extraction(
        tree,
        url=url,
        fast=light,
        include_comments=False,
        with_metadata=not light,
        date_extraction_params=dict(DATES),
    )
    return document if isinstance(document, Document) and document.text else None


def _told(tree: HtmlElement, document: Document, url: str) -> Extract:
    """What the extractor found, with what the page says about itself."""
    addresses = about.addresses(tree, url)
    nodes = about.own(json_ld.nodes_of(tree), tree, url, addresses)
    headlines = about.headlines(tree, nodes)
    captions = captions_of(tree)
    date = dates.published(tree, nodes, url)
    byline = document.author or about.byline(tree)
    author = about.author(tree, nodes) or (byline and (byline, "byline"))
    language = about.language(tree, nodes)
    sources = {
        "canonical_url": addresses.source,
        "published_at": date.source if date else "",
        "author": author[1] if author else "",
        "language": language[1] if language else "",
    }
    title = document.title or next(iter(headlines), "")
    lines = paragraphs(tree, document.text or "", (title, *headlines), captions)
    return Extract(
        title=clean_line(title, limit=MAX_TITLE),
        text=clean("\n\n".join(lines), limit=MAX_TEXT),
        author=clean_line(author[0], limit=MAX_NAME) or None if author else None,
        published_at=date.at if date else None,
        language=language[0] if language else None,
        canonical_url=addresses.canonical,
        site=clean_line(document.sitename or "", limit=MAX_NAME) or None,
        date_confidence=date.confidence if date else None,
        syndicated_from=addresses.elsewhere,
        captions=tuple(clean_line(caption, limit=MAX_TITLE) for caption in captions),
        must_be_paid=about.must_be_paid(tree, nodes),
        is_list=about.is_list(tree, nodes, url) or is_list_of_links(tree, document.text or ""),
        sources={name: source for name, source in sources.items() if source},
    )


def _plain(text: str) -> Extract:
    start = text[:SNIFFED]
    if len(_NO_TEXT.findall(start)) > NOISE * len(start):
        raise ExtractError("not text")
    text = clean(text, limit=MAX_TEXT)
    if not text:
        raise ExtractError("the page is empty")
    return Extract(title="", text=text, author=None, published_at=None, language=None, canonical_url=None, site=None)


def _is_large(tree: HtmlElement) -> bool:
    return sum(1 for _ in tree.iter()) > LIGHT_ABOVE_ELEMENTS


def _unroll_layout_tables(tree: HtmlElement) -> None:
    """trafilatura puts a row of a table on one line; where the page itself is a table, that is all of it."""
    for table in tree.xpath("//table"):
        if _is_layout(table):
            for element in [table, *table.xpath(".//*[self::tbody or self::tr or self::td or self::th]")]:
                element.tag = "div"


def _is_layout(table: HtmlElement) -> bool:
    crowded = table.xpath("boolean(.//td[count(p | h1 | h2 | h3 | div | table) > 1])")
    return bool(crowded) or not table.xpath("boolean(.//tr[count(td | th) > 1])")
