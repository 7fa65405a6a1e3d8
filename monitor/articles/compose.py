"""Entry and Extract -> Article. Pure.

What an article is called must not depend on whether its page could be read: the feed's words come first, and
the id is made of the entry's address alone.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from monitor import ids, urls
from monitor.articles.furniture import trim
from monitor.articles.habits import Habits, without
from monitor.articles.judge import NO_HABITS
from monitor.model import FULL, Article, ArticleId, BodySource, Confidence, DueEntry, Entry, Extract
from monitor.text import words

CLOCKS: Final = timedelta(days=1)
WHOLE: Final = 200  # words; shorter ones are more often teasers
ENDING: Final = 120  # characters
_CUT: Final = re.compile(
    r"(?:\.\.\.|…|\[…\]|\[\.\.\.\]|»|→|(?:read|full|more|mehr|weiter|suite|далее|więcej|više|lexo)\b[^.!?]{0,40})\W*$",
    re.IGNORECASE,
)


def article_id(entry: Entry | DueEntry) -> ArticleId:
    """The same for entries of all feeds that link to the same page."""
    try:
        return ids.article_id(urls.article_key(entry.url or ""))
    except ValueError:
        return ids.article_id(entry.id)


def is_about(entry: Entry, article: Article) -> bool:
    """Whether an article that was read at the entry's address is the one that the entry announces.

    Headlines are edited, and feeds of one outlet word them differently: half of the shorter one's words are enough.
    """
    announced, read = set(words(entry.title)), set(words(article.title))
    fewest = min(len(announced), len(read))
    return len(announced & read) * 2 >= fewest


def apart(entry: Entry, now: datetime) -> Article:
    """The article of an entry whose page belongs to another one: the feed's own words, under an id of its own."""
    alone = from_feed(entry, "the page is that of another item", now)
    return replace(alone, id=ids.article_id(f"{alone.id} {' '.join(words(entry.title))}"))


def from_page(entry: Entry, page_url: str, extract: Extract, now: datetime, habits: Habits = NO_HABITS) -> Article:
    """The article as its page has it, without what its site repeats.

    `page_url` is where the page was found, after redirects.
    """
    text = trim(without(habits, extract.text), entry.title, extract.title)
    published_at, date_confidence = _dated(entry, extract, now)
    return Article(
        id=article_id(entry),
        url=entry.url or page_url,
        title=entry.title or extract.title,
        text=text,
        author=entry.author or extract.author,
        published_at=published_at,
        published_from="feed" if entry.published_at else "page" if published_at else None,
        language=extract.language or entry.language,
        site=urls.site(page_url),
        body_source=BodySource.PAGE,
        quality=FULL,
        text_sha256=_digest(text),
        read_at=now,
        date_confidence=date_confidence,
        captions=extract.captions,
        canonical_url=extract.canonical_url,
        syndicated_from=extract.syndicated_from,
        must_be_paid=extract.must_be_paid,
    )


def from_feed(entry: Entry, reason: str, now: datetime) -> Article:
    """The article as the feed told it, and why its page was not used."""
    text = trim(entry.content or entry.summary, entry.title)
    return Article(
        id=article_id(entry),
        url=entry.url or "",
        title=entry.title,
        text=text,
        author=entry.author,
        published_at=entry.published_at,
        published_from="feed" if entry.published_at else None,
        language=entry.language,
        site=urls.site(entry.url or ""),
        body_source=BodySource.FEED,
        quality=reason,
        text_sha256=_digest(text),
        read_at=now,
        date_confidence=Confidence.DECLARED if entry.published_at else None,
    )


def is_whole(entry: Entry) -> bool:
    """Whether a feed carries the whole article, and not its beginning."""
    text = trim(entry.content, entry.title)
    return len(text.split()) >= WHOLE and not _CUT.search(text[-ENDING:])


def _dated(entry: Entry, extract: Extract, now: datetime) -> tuple[datetime | None, Confidence | None]:
    """The feed's date, or the page's if that is not of the future: a clock may be wrong by a day, not by more."""
    if entry.published_at is not None:
        return entry.published_at, Confidence.DECLARED
    if extract.published_at is None or is_of_the_future(extract.published_at, now):
        return None, None
    return extract.published_at, extract.date_confidence


def is_of_the_future(published_at: datetime, now: datetime) -> bool:
    """Whether no clock can be so wrong."""
    return published_at > now + CLOCKS


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
