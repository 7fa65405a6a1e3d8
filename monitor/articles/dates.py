"""When a page says it was published, and how much that is worth. Pure.

Declared is only what was written for machines to be the date of this page. Everything else is a guess: it may be
shown, never relied upon. A page that gives neither has no date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from lxml.html import HtmlElement

from monitor.articles.json_ld import Node, is_article
from monitor.articles.markup import line_of
from monitor.model import Confidence
from monitor.months import month_of

EARLIEST: Final = 1995  # the year; before it nothing was published on the web, and clocks start in 1970
MAX_VALUE: Final = 100  # characters
LISTING: Final = 3  # dates; a page that marks so many up as its own is a list of articles
PROSE: Final = 20  # words
NEAR_TITLE: Final = 60  # elements after the headline in which a page says when it was written


@dataclass(frozen=True, slots=True)
class Dated:
    """A moment in UTC. One told without an offset is taken for UTC, one without a time for midnight."""

    at: datetime
    confidence: Confidence
    source: str


def published(tree: HtmlElement, nodes: tuple[Node, ...], url: str) -> Dated | None:
    """`nodes` are those of the page's own article, not of others that it describes."""
    for source, value in _declared(tree, nodes):
        if (at := moment(value)) is not None:
            return Dated(at, Confidence.DECLARED, source)
    for source, value in _guesses(tree, url):
        if (at := moment(value)) is not None:
            return Dated(at, Confidence.GUESS, source)
    return None


def moment(value: object) -> datetime | None:
    """The time that a value means, in UTC; None for what means none, or one at which there was no web."""
    text = str(value).strip()[:MAX_VALUE]
    for read in (_iso, _mail, _plain_day):
        try:
            at = read(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError, TypeError, LookupError):
            continue
        return at if EARLIEST <= at.year < 2100 else None
    return None


def _declared(tree: HtmlElement, nodes: tuple[Node, ...]) -> Iterator[tuple[str, Any]]:
    for node in nodes:
        if is_article(node) and node.values.get("datePublished"):
            yield "JSON-LD", node.values["datePublished"]
    for name in _META:
        for meta in tree.xpath("//meta[@property=$name or @name=$name or @itemprop=$name]", name=name):
            yield f"meta {name}", meta.get("content") or ""
    named = {name.casefold(): name for name in _NAMES}
    for meta in tree.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").casefold()
        if name in named:
            yield f"meta {name}", meta.get("content") or ""
    for node in nodes:
        is_page = not node.types or any(kind.endswith("WebPage") for kind in node.types)
        if is_page and node.values.get("datePublished"):
            yield "JSON-LD", node.values["datePublished"]


def _guesses(tree: HtmlElement, url: str) -> Iterator[tuple[str, Any]]:
    marked = tree.xpath('//*[contains(@itemprop, "datePublished")] | //time[@pubdate]')
    if len(marked) < LISTING:
        for element in marked:
            yield "microdata", element.get("datetime") or element.get("content") or element.text_content()
    near = [element for element in _after_headline(tree) if not _is_update(element)]
    for element in near:
        if element.tag == "time":
            yield "time element", element.get("datetime") or element.text_content()
    if (day := _IN_ADDRESS.search(url)) is not None:
        yield "address", "-".join(part.zfill(2) for part in day.groups())
    for element in near:
        text = _start_of(element)
        if _DATE_CLASS.search(f"{element.get('class')} {element.get('id')}") or _LINE.fullmatch(text):
            yield "date line", _first_day(text)


def _after_headline(tree: HtmlElement) -> Iterator[HtmlElement]:
    """What stands between the headline and the first paragraph; below it, dates are those of the text or of others."""
    headline = _headline(tree)
    following = headline.xpath("following::*") if headline is not None else []
    for element in following[:NEAR_TITLE]:
        if element.tag == "p" and len(element.text_content().split()) >= PROSE:
            return
        yield element


def _headline(tree: HtmlElement) -> HtmlElement | None:
    """The one there is, or of several (dialogues have some) the one that the page's title begins with."""
    headlines = tree.xpath("//h1[normalize-space()]")
    if len(headlines) == 1:
        return headlines[0]
    titles = [" ".join(str(title).split()) for title in tree.xpath("//title/text()")]
    return next((h1 for h1 in headlines[:LISTING] if any(title.startswith(line_of(h1)) for title in titles)), None)


def _is_update(element: HtmlElement) -> bool:
    """Whether it says when the page was last touched, and not when it was published."""
    before, parent = element.getprevious(), element.getparent()
    label = (before.tail if before is not None else parent.text if parent is not None else "") or ""
    said = f"{element.get('class')} {label[-MAX_VALUE:]} {_start_of(element)}"
    return bool(_UPDATED.search(said)) and not _PUBLISHED.search(said)


def _start_of(element: HtmlElement) -> str:
    """More than any date line has, and not the whole article that may stand in the element."""
    return " ".join(element.text_content()[: 10 * MAX_VALUE].split())[: MAX_VALUE + 1]


def _iso(text: str) -> datetime:
    if not _ISO.match(text):
        raise ValueError(text)
    text = text.replace("/", "-")
    # A colon more or less, a fraction of any length, and the words that some put between.
    text = re.sub(r"\.\d+", "", text)
    text = re.sub(r"\s*(?:Z|UTC|GMT)$", "+00:00", text)
    text = re.sub(r"(\d)\s+([+-]\d\d:?\d\d)$", r"\1\2", text)
    return datetime.fromisoformat(text)


def _mail(text: str) -> datetime:
    """As in mails, in C, and in JavaScript, which has its offset behind the zone: GMT+0200."""
    if _TWELVE_HOURS.search(text):
        raise ValueError(text)  # read as 8:00 it would be half a day off
    return parsedate_to_datetime(re.sub(r"(?:GMT|UTC)([+-]\d{4}).*", r"\1", text))


def _plain_day(text: str) -> datetime:
    """Days in words, in the order of Europe or of America: 5 October 2021, October 5, 2021, 05.10.2021."""
    if found := _NUMBERS.match(text):
        day, month, year = map(int, found.groups())
        return datetime(year, month, day, tzinfo=UTC)
    if found := _WORDS.match(text):
        before, name, after, in_year = found.groups()
        return datetime(int(in_year), month_of(name), int(before or after), tzinfo=UTC)
    raise ValueError(text)


def _first_day(text: str) -> str:
    label = _PUBLISHED.search(text)
    found = _DAY_ANYWHERE.search(text, label.end() if label else 0) or _DAY_ANYWHERE.search(text)
    return found[0] if found else ""


_META: Final = ("article:published_time", "og:article:published_time", "og:published_time", "datePublished")
_NAMES: Final = frozenset({
    "article.published", "bt:pubdate", "citation_publication_date", "cxenseparse:recs:publishtime",
    "cxenseparse:publishtime", "date", "date.created", "datepublished", "dc.date", "dc.date.issued", "dc.date.created",
    "dcterms.date", "dcterms.issued", "dcterms.created", "displaydate", "firstpublishedtime", "issued",
    "originalpublicationdate", "parsely-pub-date", "pdate", "ptime", "pub_date", "pubdate", "publicationdate",
    "publication_date", "publish-date", "publish_date", "publishdate", "published-date", "published_time",
    "publisheddate", "publishtime", "rnews:datepublished", "sailthru.date", "shareaholic:article_published_time",
})  # fmt: skip
_ISO = re.compile(r"\d{4}(?:[-/]?\d\d[-/]?\d\d)")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])(?=[/-])")
_DATE_CLASS = re.compile(
    r"(?:\b|_|(?<=[a-z])(?=[A-Z]))"
    r"(?i:date|time|datetime|published|publishdate|pubdate|posted|timestamp|datum|vreme)(?:\b|_|(?=[A-Z]))"
)
_DAY = r"\d{1,2}\.\s?\d{1,2}\.\s?(?:19|20)\d\d"
_IN_WORDS = r"(?:\d{1,2}(?:st|nd|rd|th)?\.? )?[^\W\d_]{3,12}\.?,? (?:\d{1,2}(?:st|nd|rd|th)?, ?)?(?:19|20)\d\d"
_DAY_ANYWHERE = re.compile(rf"(?:19|20)\d\d-\d\d-\d\d|{_DAY}|{_IN_WORDS}")
_TWELVE_HOURS = re.compile(r"\d\s?[ap]\.?m\b", re.IGNORECASE)
_PUBLISHED = re.compile(
    r"publi[sš]|posted|entry-date|publié|publiziert|veröffentlicht|objavljen|објављен|опубликован|publikuar",
    re.IGNORECASE,
)
_UPDATED = re.compile(
    r"updat|modified|mis à jour|aktualisiert|geändert|ažuriran|izmenjen|ажуриран|измењен|обновлен|përditësuar",
    re.IGNORECASE,
)
# A line that is nothing but a date, with a label or the author before it and a time behind.
_LINE = re.compile(
    r"(?:(?:(?:written )?by|von|par|nga|piše|пише) [^.!?]{2,60}? )?"
    r"(?:[^\W\d_]{2,15}(?: (?:on|am|le|më))?:? |[–—|-] )?"
    r"(?:[^\W\d_]{3,12},? )?"
    rf"(?:{_DAY}|{_IN_WORDS})\.?"
    r"(?:[ ,|@–—-]{1,3}(?:at |um |à |u |у |в )?\d{1,2}[:.h]\d\d(?:[: ].{0,12})?)?",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?:[^\W\d_]{3,12},? )?(\d{1,2})\.\s?(\d{1,2})\.\s?((?:19|20)\d\d)\b")
_WORDS = re.compile(
    r"(?:[^\W\d_]{3,12}, )?"
    r"(?:(\d{1,2})(?:st|nd|rd|th)?\.? )?([^\W\d_]{3,12})\.?,? (?:(\d{1,2})(?:st|nd|rd|th)?, ?)?((?:19|20)\d\d)\b"
)
