"""From the extractor's lines to the paragraphs that are the article, told by where they stand in the page. Pure.

The extractor sees one block at a time. What it keeps too much is told by what a line is made of (all link, a caption,
the headline again), what it loses by what stands in the same kind of place as the rest.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from lxml.html import HtmlElement

from monitor.articles.markup import line_of

OPENING_WORDS: Final = 15  # what makes a line the first paragraph
HEAD: Final = 8  # lines in which the headline and the page's address may stand again
SAID_ONCE: Final = 10  # words; nobody writes a longer sentence twice, but pages carry their text twice
LOST_WORDS: Final = 10  # a shorter paragraph is not missed
LOST_SHARE: Final = 0.2  # of the text; less may be meant to be left out
LINKS: Final = 8
TITLE: Final = 25  # letters; names are shorter, and paragraphs begin with them
TEASER_LINES: Final = 3  # a longer run without a link is an article
CAPTION: Final = 600  # characters
MAX_CAPTIONS: Final = 40
MAX_PARAGRAPHS: Final = 5_000  # in the page; beyond, only the extractor's word counts

_WORDS = re.compile(r"\w+")
_NO_PROSE = re.compile(r"https?://\S+|\d{4}-\d\d-\d\dT\S+")
_CAPTIONS: Final = (
    "//figcaption"
    " | //*[self::p or self::div or self::span or self::dd]"
    "[contains(@class, 'caption') or contains(@itemprop, 'caption')][not(.//p[2])]"
)


def captions_of(tree: HtmlElement) -> tuple[str, ...]:
    """What is written under the pictures of the article: those near its headline or inside it."""
    home = tree.xpath("//article | //main") or [tree]
    inside = [element for element in tree.xpath(_CAPTIONS) if any(_within(element, place) for place in home)]
    texts = (line_of(element) for element in inside[: 4 * MAX_CAPTIONS])
    return tuple(dict.fromkeys(text for text in texts if len(text.split()) >= 3 and len(text) <= CAPTION))[
        :MAX_CAPTIONS
    ]


def paragraphs(tree: HtmlElement, text: str, headlines: Iterable[str], captions: Iterable[str]) -> list[str]:
    """The article's paragraphs, in order. `text` is the extractor's: one block on a line, headings and rows too."""
    lines = [line.strip("| ") for line in text.splitlines() if line.strip("|- ")]
    places = [element for element in tree.iter("p") if len(element.text_content()) > LOST_WORDS]
    if len(places) <= MAX_PARAGRAPHS:
        lines = _with_lost(tree, places, lines)
        lines = _with_headline(places, lines)
    return _without_works(lines, _link_texts(tree), _squashed(headlines), _squashed(captions)) or lines


def is_list_of_links(tree: HtmlElement, text: str) -> bool:
    """Whether what the extractor found in a page is links to other pages, with a teaser or two to each at most."""
    links = sorted(_link_texts(tree))
    lines = [line for line in text.splitlines() if line.strip("|- ")]
    is_link = [_is_teaser(_squash(line), links) for line in lines]
    if sum(is_link) < LINKS:
        return False
    mostly = 2 * sum(len(line) for line, linked in zip(lines, is_link, strict=True) if linked)
    longest = max(len(list(run)) for linked, run in groupby([*is_link, False]) if not linked)
    return mostly >= sum(map(len, lines)) or longest <= TEASER_LINES


def _is_teaser(line: str, links: list[str]) -> bool:
    """Whether a line is a link, begins with a headline that is one, or is the headline of a link with its teaser."""
    place = bisect_right(links, line)
    if place and (links[place - 1] == line or (len(links[place - 1]) >= TITLE and line.startswith(links[place - 1]))):
        return True
    return len(line) >= TITLE and place < len(links) and links[place].startswith(line)


# ---- what was lost ----


def _with_lost(tree: HtmlElement, places: list[HtmlElement], lines: list[str]) -> list[str]:
    """Some sites cut the text into several blocks of one kind, and the extractor keeps the largest."""
    if len(tree.xpath("//h1[normalize-space()]")) > 1:
        return lines  # a page with several articles, one below the other
    at = {squashed: number for number, line in enumerate(lines) if (squashed := _squash(line))}
    kept: Counter[tuple[object, ...]] = Counter()
    lost: dict[tuple[object, ...], list[tuple[int, str]]] = {}
    after: dict[tuple[object, ...], int] = {}
    seen: set[str] = set()
    whole = _squash(" ".join(lines))
    for place in places:
        line, kind = line_of(place), _kind(place)
        squashed, length = _squash(line), len(line.split())
        if squashed in at:
            kept[kind] += length
            after[kind] = at[squashed]
        elif length >= LOST_WORDS and squashed not in whole and squashed not in seen:
            lost.setdefault(kind, []).append((after.get(kind, -1), line))
            seen.add(squashed)
    if not kept:
        return lines
    kind, words = kept.most_common(1)[0]
    missing = lost.get(kind, [])
    if sum(len(line.split()) for _, line in missing) < LOST_SHARE * words:
        return lines
    following: dict[int, list[str]] = {}
    for number, line in missing:
        following.setdefault(number, []).append(line)
    return [
        *following.get(-1, []),
        *(line for number, own in enumerate(lines) for line in (own, *following.get(number, []))),
    ]


def _kind(place: HtmlElement) -> tuple[object, ...]:
    """Two paragraphs of one kind stand in the same article, in blocks that look alike."""
    ancestors = list(place.iterancestors())
    looks = tuple((element.tag, element.get("class")) for element in (place, *ancestors[:2]))
    home = next((element for element in ancestors if element.tag in {"article", "main"}), None)
    return (*looks, home)


def _with_headline(places: list[HtmlElement], lines: list[str]) -> list[str]:
    """The extractor sometimes loses a second headline that stands right before the first paragraph."""
    opening = next((place for place, line in enumerate(lines) if len(line.split()) >= OPENING_WORDS), None)
    if opening is None:
        return lines
    for paragraph in places:
        if line_of(paragraph) == " ".join(lines[opening].split()):
            before = paragraph.getprevious()
            headline = line_of(before) if before is not None and before.tag in {"h2", "h3"} else ""
            lost = [headline] if headline and headline not in lines else []
            return [*lines[:opening], *lost, *lines[opening:]]
    return lines


# ---- what was kept too much ----


def _without_works(lines: list[str], links: set[str], headlines: set[str], captions: set[str]) -> list[str]:
    squashed = [_squash(line) for line in lines]
    is_link = [text in links for text in squashed]
    gone = {number for number, text in enumerate(squashed) if text in captions}
    gone |= {n for n in range(min(HEAD, len(lines))) if squashed[n] in headlines or _NO_PROSE.fullmatch(lines[n])}
    gone |= _runs(is_link) | _said_before(lines, squashed)
    end = len(lines)
    while end and (is_link[end - 1] or end - 1 in gone):
        end -= 1
    return [line for number, line in enumerate(lines[:end]) if number not in gone]


def _runs(marks: list[bool]) -> set[int]:
    """Where two or more stand in a row: a single line that is all link may be a heading of the article."""
    return {
        number
        for number, mark in enumerate(marks)
        if mark and ((number and marks[number - 1]) or (number + 1 < len(marks) and marks[number + 1]))
    }


def _said_before(lines: list[str], squashed: list[str]) -> set[int]:
    first: dict[str, int] = {}
    return {
        number
        for number, text in enumerate(squashed)
        if first.setdefault(text, number) != number
        and len(lines[number].split()) >= SAID_ONCE
        and lines[number].endswith((".", "!", "?", "…", "。"))
    }


def _link_texts(tree: HtmlElement) -> set[str]:
    return {_squash(link.text_content()) for link in tree.iter("a") if link.get("href")} - {""}


def _squashed(texts: Iterable[str]) -> set[str]:
    return {_squash(text) for text in texts} - {""}


def _squash(text: str) -> str:
    """Letters and figures only: the extractor and the page differ in spaces and bullets."""
    return "".join(_WORDS.findall(text.casefold()))


def _within(element: HtmlElement, place: HtmlElement) -> bool:
    return element is place or any(ancestor is place for ancestor in element.iterancestors())
