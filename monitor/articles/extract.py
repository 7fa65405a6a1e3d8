"""HTML -> Extract; the only file that knows trafilatura. Loaded in workers only (see tasks.py).

trafilatura finds text in nearly everything, an error page included: whether the text is the article is for
judge.py to say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lxml.html import HtmlElement
from trafilatura import bare_extraction, load_html
from trafilatura.settings import Document
from trafilatura.utils import detect_encoding
from w3lib.encoding import html_to_unicode

from monitor import urls
from monitor.errors import ExtractError
from monitor.model import Extract
from monitor.text import clean, clean_line

MAX_TEXT: Final = 500_000
MAX_TITLE: Final = 2_000
MAX_NAME: Final = 200
OPENING_WORDS: Final = 15  # what makes a line the first paragraph
FAST_ABOVE: Final = 2_000_000  # bytes; thorough reading of such a page can take longer than a worker may

# Extensive search dates a page by any year in it, a copyright line or "declared independence in 2008".
DATES: Final = {"extensive_search": False, "original_date": True}

_DECLARED = (
    '//meta[@property="article:published_time"]/@content'
    ' | //meta[@itemprop="datePublished"]/@content'
    ' | //time[@itemprop="datePublished"]/@datetime'
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z")


def extract(body: bytes, *, url: str, content_type: str) -> Extract:
    """The text of a page that was found at `url`. Raises ExtractError with the reason."""
    if not body.strip(b" \t\r\n\0"):
        raise ExtractError("the page is empty")
    text = _decoded(body, content_type)
    if content_type.partition(";")[0].strip().lower() == "text/plain":
        return _plain(text)
    tree = load_html(text)
    if tree is None:
        raise ExtractError("not HTML")
    _unroll_layout_tables(tree)
    document = bare_extraction(
        tree,
        url=url,
        fast=len(body) > FAST_ABOVE,
        include_comments=False,
        with_metadata=True,
        date_extraction_params=dict(DATES),
    )
    if not isinstance(document, Document) or not document.text:
        raise ExtractError("no text found in the page")
    return Extract(
        title=clean_line(document.title or "", limit=MAX_TITLE),
        text=_paragraphs(_with_headline(tree, _lines(document.text))),
        author=clean_line(document.author or "", limit=MAX_NAME) or None,
        published_at=_published_at(tree, document.date),
        language=_language(tree),
        canonical_url=_canonical_url(tree, url),
        site=clean_line(document.sitename or "", limit=MAX_NAME) or None,
    )


def _decoded(body: bytes, content_type: str) -> str:
    try:
        # Many servers declare a charset for files they never looked at, and text in another one is hardly
        # ever valid UTF-8. (Pure ASCII may still be an escape-based Asian charset.)
        if not body.isascii():
            return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    return html_to_unicode(content_type, body, auto_detect_fun=_guessed_encoding)[1]


def _guessed_encoding(body: bytes) -> str | None:
    return next(iter(detect_encoding(body)), None)


def _plain(text: str) -> Extract:
    text = clean(text, limit=MAX_TEXT)
    if not text:
        raise ExtractError("the page is empty")
    return Extract(title="", text=text, author=None, published_at=None, language=None, canonical_url=None, site=None)


def _unroll_layout_tables(tree: HtmlElement) -> None:
    """trafilatura puts a row of a table on one line; where the page itself is a table, that is all of it."""
    for table in tree.xpath("//table"):
        if _is_layout(table):
            for element in [table, *table.xpath(".//*[self::tbody or self::tr or self::td or self::th]")]:
                element.tag = "div"


def _is_layout(table: HtmlElement) -> bool:
    crowded = table.xpath("boolean(.//td[count(p | h1 | h2 | h3 | div | table) > 1])")
    return bool(crowded) or not table.xpath("boolean(.//tr[count(td | th) > 1])")


def _lines(text: str) -> list[str]:
    """trafilatura puts one block on a line, headings and rows of tables too."""
    return [line.strip("| ") for line in text.splitlines() if line.strip("|- ")]


def _with_headline(tree: HtmlElement, lines: list[str]) -> list[str]:
    """trafilatura sometimes loses a second headline that stands right before the first paragraph."""
    opening = next((place for place, line in enumerate(lines) if len(line.split()) >= OPENING_WORDS), None)
    if opening is None:
        return lines
    for paragraph in tree.iter("p"):
        if _line(paragraph) == " ".join(lines[opening].split()):
            before = paragraph.getprevious()
            headline = _line(before) if before is not None and before.tag in {"h2", "h3"} else ""
            lost = [headline] if headline and headline not in lines else []
            return [*lines[:opening], *lost, *lines[opening:]]
    return lines


def _line(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _paragraphs(lines: list[str]) -> str:
    return clean("\n\n".join(lines), limit=MAX_TEXT)


def _published_at(tree: HtmlElement, day: str | None) -> datetime | None:
    """The day that was found, with its time of day when the page declares one for about that day."""
    if day is None:
        return None
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    for declared in _declared_times(tree):
        if abs(declared - midnight) <= timedelta(hours=38):  # the day's 24, and a time zone of up to 14
            return declared
    return midnight


def _declared_times(tree: HtmlElement) -> Iterator[datetime]:
    for value in [*tree.xpath(_DECLARED), *_json_ld_dates(tree)]:
        try:
            moment = datetime.fromisoformat(str(value).strip())
            if moment.tzinfo is not None:
                yield moment.astimezone(UTC)
        except (ValueError, OverflowError):
            continue


def _json_ld_dates(tree: HtmlElement) -> list[Any]:
    found: list[Any] = []
    for script in tree.xpath('//script[@type="application/ld+json"]/text()'):
        try:
            _collect_dates(json.loads(script, strict=False), found)
        except (ValueError, RecursionError):
            continue
    return found


def _collect_dates(node: Any, found: list[Any]) -> None:
    if isinstance(node, dict):
        found += [node["datePublished"]] if "datePublished" in node else []
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _collect_dates(child, found)


def _language(tree: HtmlElement) -> str | None:
    language = str(tree.get("lang") or tree.get("xml:lang") or "").strip().replace("_", "-")
    return language if _LANGUAGE.match(language) else None


def _canonical_url(tree: HtmlElement, url: str) -> str | None:
    """Another site's address is evidence of syndication, not a better name for this page."""
    for declared in tree.xpath('//link[@rel="canonical"]/@href | //meta[@property="og:url"]/@content'):
        absolute = urls.join(url, str(declared))
        if absolute is not None and urls.site(absolute) == urls.site(url):
            return absolute
    return None
