"""What a page says about itself: addresses, language, names, whether it must be paid for. Pure.

All of it is what anybody may write. Another site's address is evidence of syndication, never a better name for this
page; and a link to a front page or a section is nobody's identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from monitor import urls
from monitor.articles.json_ld import Node, is_article, name_of
from monitor.articles.markup import line_of

MAX_HEADLINES: Final = 20
MAX_NAME: Final = 6  # words
LISTING: Final = 3  # articles; a page that describes so many, and none as itself, is a list of them

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z")
_WORD = re.compile(r"\w+")
_SECTION = re.compile(r"[^\W\d_]*|\d{1,4}")
_CANONICAL: Final = '//link[contains(concat(" ", translate(@rel, "CANOIL", "canoil"), " "), " canonical ")]/@href'
_OG_URL: Final = '//meta[@property="og:url"]/@content'
_BYLINE: Final = "//a[@rel='author'] | //*[contains(@class, 'author') and contains(@class, 'vcard')]"
_LOCKED: Final = frozenset({"locked", "metered", "paid", "premium", "subscriber", "subscription"})
_LISTS: Final = frozenset({"CollectionPage", "SearchResultsPage", "ItemList", "Blog"})


@dataclass(frozen=True, slots=True)
class Addresses:
    """`canonical` is on the page's own site, `elsewhere` on another one; each with where it was found."""

    canonical: str | None = None
    elsewhere: str | None = None
    source: str = ""


def addresses(tree: HtmlElement, url: str) -> Addresses:
    """The page's own name for itself, if it can be believed."""
    elsewhere = None
    for source, path in (("link rel=canonical", _CANONICAL), ("meta og:url", _OG_URL)):
        for declared in tree.xpath(path):
            absolute = urls.join(url, str(declared)) if declared.strip(" #") else None
            if absolute is None or _is_front(absolute) > _is_front(url) or _is_section(absolute) > _is_section(url):
                continue
            if urls.same_site(absolute, url):
                return Addresses(absolute, elsewhere, source)
            elsewhere = elsewhere or absolute
    return Addresses(None, elsewhere)


def own(nodes: tuple[Node, ...], tree: HtmlElement, url: str, addresses: Addresses) -> tuple[Node, ...]:
    """The nodes without the articles that the page describes beside its own: related ones, and those of a list."""
    keys = frozenset(filter(None, (_key(url, at) for at in (url, addresses.canonical, addresses.elsewhere) if at)))
    titles = tuple(map(_squashed, headlines(tree, ())))
    articles = [node for node in nodes if is_article(node)]
    ours = [node for node in articles if _is_named(node, url, keys, titles)]
    if not ours:
        ours = [node for node in articles if not _names_another(node, url)]
        ours = ours if len(ours) < LISTING else []
    return tuple(node for node in nodes if not is_article(node) or any(node is one for one in ours))


def language(tree: HtmlElement, nodes: tuple[Node, ...]) -> tuple[str, str] | None:
    """BCP 47, and where it is said."""
    for source, value in _languages(tree, nodes):
        tag = value.strip().replace("_", "-")
        if _LANGUAGE.match(tag):
            return tag, source
    return None


def author(tree: HtmlElement, nodes: tuple[Node, ...]) -> tuple[str, str] | None:
    for node in nodes:
        if is_article(node) and (name := _person(name_of(node.values.get("author")))):
            return name, "JSON-LD"
    for meta in tree.xpath('//meta[@name="author" or @property="article:author"]/@content'):
        if name := _person(str(meta)):
            return name, "meta author"
    return None


def byline(tree: HtmlElement) -> str | None:
    """Who is named where themes name the author, for pages that declare nobody."""
    for element in tree.xpath(_BYLINE)[:MAX_HEADLINES]:
        name = _person(re.sub(r"^(?:by|von|par|nga|piše|пише)\b:?", "", line_of(element), flags=re.IGNORECASE))
        if name is not None and len(name.split()) <= MAX_NAME:
            return name
    return None


def headlines(tree: HtmlElement, nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Every spelling of the page's headline, the best first."""
    found = [str(node.values.get("headline") or "") for node in nodes if is_article(node)][:1]
    found += tree.xpath('//meta[@property="og:title"]/@content')
    found += [line_of(element) for element in tree.xpath("//h1")] + tree.xpath("//title/text()")
    return tuple(dict.fromkeys(" ".join(text.split()) for text in map(str, found) if text.strip()))[:MAX_HEADLINES]


def must_be_paid(tree: HtmlElement, nodes: tuple[Node, ...]) -> bool:
    """Whether the page itself says that its article is not for everybody."""
    for node in nodes:
        if is_article(node) and "isAccessibleForFree" in node.values:
            return str(node.values["isAccessibleForFree"]).casefold() in {"false", "no", "0"}
    return any(
        str(tier).strip().casefold() in _LOCKED
        for tier in tree.xpath('//meta[@property="article:content_tier"]/@content')
    )


def is_list(tree: HtmlElement, nodes: tuple[Node, ...], url: str) -> bool:
    """Whether the page says, or its address shows, that it leads to articles and is none."""
    if _is_front(url):
        return True
    if any(is_article(node) for node in nodes):
        return False
    kinds = {str(kind).strip().casefold() for kind in tree.xpath('//meta[@property="og:type"]/@content')}
    return "article" not in kinds and any(node.types & _LISTS for node in nodes)


def _is_named(node: Node, url: str, keys: frozenset[str], titles: tuple[str, ...]) -> bool:
    """Whether an address or the headline of this page stands in the node."""
    if any(_key(url, address) in keys for address in node.addresses):
        return True
    headline = _squashed(str(node.values.get("headline") or ""))
    return bool(headline) and any(title.startswith(headline) for title in titles)


def _names_another(node: Node, url: str) -> bool:
    """Whether the node is of another page. The front page and the section stand in for a page's own address."""
    here = _key(url, url) or ""
    keys = [key for address in node.addresses if (key := _key(url, address)) is not None]
    return bool(keys) and not any(here.startswith(f"{key}/") for key in keys)


def _key(url: str, address: str) -> str | None:
    """None for an identifier that is no address."""
    if not address.startswith(("http://", "https://", "/", "#")):
        return None
    absolute = urls.join(url, address)
    return urls.article_key(absolute) if absolute is not None else None


def _squashed(text: str) -> str:
    return "".join(_WORD.findall(text.casefold()))


def _languages(tree: HtmlElement, nodes: tuple[Node, ...]) -> Iterator[tuple[str, str]]:
    for name in ("lang", "xml:lang", "{http://www.w3.org/XML/1998/namespace}lang"):
        yield "html lang", tree.get(name) or ""
    for node in nodes:
        if is_article(node):
            yield "JSON-LD", str(node.values.get("inLanguage") or "")
    for path in ('//meta[@http-equiv="content-language"]/@content', '//meta[@property="og:locale"]/@content'):
        for value in tree.xpath(path):
            yield "meta", str(value)


def _person(name: str | None) -> str | None:
    """A name, and not the address of a profile or of the whole desk."""
    if name is None or "://" in name or "@" in name or not any(letter.isalpha() for letter in name):
        return None
    return " ".join(name.split())


def _is_front(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path.strip("/") in {"", "index.html", "index.php"} and not parts.query


def _is_section(url: str) -> bool:
    """Whether it ends in a plain word, a year or a month, as nearly no article does: `/news/`, `/2021/10/`."""
    parts = urlsplit(urls.article_key(url))
    return not parts.query and _SECTION.fullmatch(parts.path.rstrip("/").rpartition("/")[2]) is not None
