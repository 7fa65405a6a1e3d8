"""Which feeds a web page leads to: what it declares, what its links look like, and last a few guesses. Pure.

The page is hostile until shown otherwise: only its beginning is looked at, and this runs in a worker process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from monitor.feeds.charset import decoded
from monitor.feeds.links import links
from monitor.text import clean_line
from monitor.urls import canonical, join, site

LOOKED_AT = 512_000  # bytes of a page; what it declares stands in its head
MOST = 20
MAX_TITLE = 200
MAX_LABEL = 40  # characters of a link that names a feed; longer ones are headlines

GUESSES = ("/feed/", "/rss", "/rss.xml")

_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"})
_XML_TYPES = frozenset({"application/xml", "text/xml"})  # a feed only if the address says so
_WEB_PAGE = re.compile(rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_SNIFFED = 2_000  # bytes
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_ADDRESS = re.compile(
    r"(?:^|[/=])(?:rss|feeds?|atom|rdf)(?:[\d._][\w.-]{0,40})?(?=[/?&]|$)"  # /feed/, /rss2.xml, ?feed=rss2
    r"|\.(?:rss|atom|rdf)(?=[/?&]|$)|[?&]page=backend\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\b(?:rss|atom|(?:rss|atom|news|xml|web|json)[ -]?feeds?)\b|^(?:subscribe to )?feeds?$", re.IGNORECASE
)
_COMMENTS = re.compile(
    r"\bcomments?\b|\bkomment|\bcommentaires?\b|\bkoment|коммент|коментар|\breplies\b", re.IGNORECASE
)


class Found(StrEnum):
    """Where an address comes from, surest first."""

    DECLARED = "declared by the page"
    HEADER = "declared by the server"
    LINKED = "linked from the page"
    GUESSED = "a usual address"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address that may be that of a feed."""

    url: str
    title: str
    found: Found


def is_web_page(body: bytes, content_type: str) -> bool:
    """Whether a document that is no feed may lead to one."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in _HTML_TYPES or _WEB_PAGE.search(body, 0, _SNIFFED) is not None


def discover(body: bytes, *, url: str, content_type: str, link_header: str = "") -> tuple[Candidate, ...]:
    """The feeds that the page at `url` may lead to, best first: at most 20, each address once.

    Feeds of comments come after everything else, guesses included.
    """
    tree = _parsed(body[:LOOKED_AT], content_type)
    base = _base(tree, url)
    found = [*_declared(tree, base), *_from_header(link_header, url), *_linked(tree, base, url)]
    comments = [candidate for candidate in found if _is_comments(candidate)]
    articles = [candidate for candidate in found if candidate not in comments]
    guesses = [Candidate(address, "", Found.GUESSED) for path in GUESSES if (address := join(url, path))]
    known = _distinct([*articles, *comments], own=url)[: MOST - len(guesses)]
    ordered = [*(candidate for candidate in known if candidate not in comments), *guesses, *known]
    return tuple(_distinct(ordered, own=url))


def _parsed(body: bytes, content_type: str) -> etree._Element:
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    source = decoded(body, content_type).body.replace(b"\0", b"")
    # Never empty: the parser refuses a document without anything in it.
    return document_fromstring(b"<html>" + source, parser=parser)


def _base(tree: etree._Element, url: str) -> str:
    """HTML's rule: the first <base> with an address counts, wherever it stands."""
    declared = next((element.get("href", "") for element in tree.iter("base") if element.get("href")), "")
    return (join(url, declared) if declared else None) or url


def _declared(tree: etree._Element, base: str) -> Iterator[Candidate]:
    for element in tree.iter("link"):
        if _announces_feed(element.get("rel", ""), element.get("type", ""), element.get("href", "")):
            yield from _candidate(base, element.get("href", ""), element.get("title", ""), Found.DECLARED)


def _from_header(header: str, url: str) -> Iterator[Candidate]:
    """Its addresses are relative to the page itself, whatever <base> says."""
    for link in links(header):
        if _announces_feed(link.relations, link.kind, link.address):
            yield from _candidate(url, link.address, link.title, Found.HEADER)


def _announces_feed(relations: str, kind: str, address: str) -> bool:
    relations_said = set(relations.lower().split())
    kind = kind.partition(";")[0].strip().lower()
    if "feed" in relations_said:
        return True
    if "alternate" not in relations_said:
        return False
    return kind in _FEED_TYPES or (kind in _XML_TYPES and _ADDRESS.search(address) is not None)


def _linked(tree: etree._Element, base: str, url: str) -> Iterator[Candidate]:
    for element in tree.iter("a"):
        href = element.get("href", "")
        label = " ".join(str(element.xpath("string()")).split()) or element.get("title", "")
        named = len(label) <= MAX_LABEL and _LABEL.search(label) is not None
        for candidate in _candidate(base, href, label, Found.LINKED):
            if _same_site(candidate.url, url) and (named or _ADDRESS.search(_beyond_host(candidate.url))):
                yield candidate


def _candidate(base: str, address: str, title: str, found: Found) -> Iterator[Candidate]:
    absolute = join(base, address) if address.strip() else None
    if absolute is not None:
        yield Candidate(absolute.partition("#")[0], clean_line(title, limit=MAX_TITLE), found)


def _beyond_host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _same_site(url: str, page: str) -> bool:
    one, other = site(url), site(page)
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _is_comments(candidate: Candidate) -> bool:
    return _COMMENTS.search(candidate.title) is not None or _COMMENTS.search(_beyond_host(candidate.url)) is not None


def _distinct(candidates: Iterable[Candidate], *, own: str) -> list[Candidate]:
    """Without the page itself; of the same address twice the first stays."""
    by_page: dict[str, Candidate] = {}
    for candidate in candidates:
        by_page.setdefault(canonical(candidate.url), candidate)
    by_page.pop(canonical(own), None)
    return list(by_page.values())
