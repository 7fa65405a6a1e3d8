"""What one look at a feed tells whoever thinks of adding it. Pure: the looking is done in app/feed_check.py.

A finding is for a person: what was seen, and what follows from it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from urllib.parse import urlsplit

from monitor.ids import feed_id
from monitor.model import Entry, Feed, FeedDocument
from monitor.spans import spoken
from monitor.text import clean_line
from monitor.urls import site

MAX_NAME = 200

LEAST_DATED = 3  # items that make their dates tell something
ENOUGH_DATED = 5  # to do without the oldest
CLOCKS_DIFFER = timedelta(minutes=10)
REQUEST_TIME = timedelta(minutes=2)  # dates so near the request, all of them, were made for it
LOOKS_A_WINDOW = 3  # then a rush of three times the usual rate still loses nothing
SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=1)
STALE = timedelta(days=30)
MOSTLY = 0.8
SUMMARY_WORDS = 8  # fewer are a headline again

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*", re.IGNORECASE)  # some write "english"
_REFUSALS = frozenset({202, 401, 403, 405, 429, 503})
_GUARDS = (  # header, how its value begins, whose it is
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-datadome", "", "DataDome"),
    ("x-iinfo", "", "Imperva"),
    ("x-sucuri-block", "", "Sucuri"),
    ("server", "AkamaiGHost", "Akamai"),
)


class Level(StrEnum):
    GOOD = "good"
    NOTE = "note"  # worth knowing, or worth setting
    PROBLEM = "problem"  # the feed cannot be used


class Conditional(StrEnum):
    """What became of a second request that carried the validators of the first."""

    HONOURED = "honoured"
    IGNORED = "ignored"
    NONE_GIVEN = "none given"
    CHANGED = "changed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PageTried:
    """One item's page. `fault`: why its text cannot be used, None when it can."""

    url: str
    fault: str | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """Everything that was seen of one feed. With a `failure` there is no document."""

    asked: str
    url: str  # after redirects
    at: datetime
    moved_for_good: bool = False
    failure: str | None = None
    wall: str | None = None  # the evidence that something stands before the feed
    document: FeedDocument | None = None
    format: str = "unknown"
    hub: str | None = None
    size: int = 0  # bytes
    conditional: Conditional = Conditional.NONE_GIVEN
    pages: tuple[PageTried, ...] = ()
    held_as: str | None = None  # the name of the configured feed at this address
    known_through: Mapping[str, int] = field(default_factory=dict)  # of its items, those other feeds have brought


@dataclass(frozen=True, slots=True)
class Finding:
    topic: str
    level: Level
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """`window`: the time that the items shown span; `slowest`: the longest interval that is safe."""

    asked: str
    findings: tuple[Finding, ...]
    suggested: Feed
    format: str
    items: int
    window: timedelta | None
    slowest: timedelta | None

    @property
    def usable(self) -> bool:
        return all(finding.level is not Level.PROBLEM for finding in self.findings)


def wall_evidence(*, status: int, headers: Mapping[str, str], asked: str, url: str) -> str | None:
    """What shows that something stands between us and the document, in words; None when nothing does."""
    if urlsplit(url).hostname != urlsplit(asked).hostname and "consent" in url.lower().partition("?")[0]:
        return f"a consent wall: we were sent to {site(url)}"
    if status not in _REFUSALS:
        return None
    for header, start, guard in _GUARDS:
        value = headers.get(header, "")
        if value and value.startswith(start):
            said = clean_line(f"{header}: {value}", limit=60)
            return f"a bot wall ({guard}): the answer was {status} with {said}"
    return None


def report(seen: Sighting, *, usual: timedelta) -> Report:
    """`usual` is the interval at which feeds are asked when nobody says otherwise."""
    document = seen.document
    if document is None or not document.entries:
        return _unusable(seen)
    dates, date_finding = _dates(document.entries, seen.at)
    window = _window(dates)
    slowest = None if window is None else _slowest(window)
    findings = (
        _format(seen, document),
        *_moved(seen),
        *_held(seen, document),
        date_finding,
        _pace(window, slowest, usual),
        _text(document.entries),
        _pages(seen.pages),
        _conditional(seen),
        _language(document),
        *_hub(seen),
    )
    suggested = _suggested(seen, document.title, _declared_language(document))
    if slowest is not None and slowest < usual:
        suggested = replace(suggested, every=slowest)
    return Report(seen.asked, findings, suggested, seen.format, len(document.entries), window, slowest)


def _unusable(seen: Sighting) -> Report:
    failure = seen.failure or f"{seen.format}, but it shows no items"
    findings = [Finding("document", Level.PROBLEM, failure)]
    if seen.wall is not None:
        findings.append(Finding("wall", Level.PROBLEM, f"this looks like {seen.wall}"))
    findings += _moved(seen)
    title = seen.document.title if seen.document else ""
    return Report(seen.asked, tuple(findings), _suggested(seen, title, None), seen.format, 0, None, None)


def _format(seen: Sighting, document: FeedDocument) -> Finding:
    count = _counted(len(document.entries), "item")
    if document.note is not None:
        return Finding("document", Level.NOTE, f"{seen.format}, {count}, with a fault: {document.note}")
    return Finding("document", Level.GOOD, f"{seen.format}, {count}")


def _moved(seen: Sighting) -> list[Finding]:
    if seen.url == seen.asked:
        return []
    if seen.moved_for_good:
        return [Finding("address", Level.NOTE, f"it moved for good, to {seen.url}")]
    return [Finding("address", Level.GOOD, f"it redirects to {seen.url} for the time being")]


def _held(seen: Sighting, document: FeedDocument) -> list[Finding]:
    findings = []
    if seen.held_as is not None:
        findings.append(Finding("held", Level.NOTE, f"it is in feeds.yaml already, as {seen.held_as}"))
    shared = sum(seen.known_through.values())
    if shared:
        names = ", ".join(f"{name} ({count})" for name, count in Counter(seen.known_through).most_common(3))
        mostly = shared >= MOSTLY * len(document.entries)
        sentence = f"{shared} of {len(document.entries)} items came already through {names}"
        findings.append(Finding("overlap", Level.NOTE if mostly else Level.GOOD, sentence))
    return findings


# ---- dates, and how often to ask ----


def _dates(entries: Sequence[Entry], now: datetime) -> tuple[list[datetime], Finding]:
    """The dates that can be believed, latest first, and what is to be said of all of them."""
    dates = sorted((entry.published_at for entry in entries if entry.published_at is not None), reverse=True)
    credible = [date for date in dates if date <= now + CLOCKS_DIFFER]
    undated, future = len(entries) - len(dates), len(dates) - len(credible)
    if not dates:
        return [], _dates_note("no item has a date; each will be as old as our first sight of it")
    if len(dates) >= LEAST_DATED and all(abs(date - now) <= REQUEST_TIME for date in dates):
        return [], _dates_note("all dates are the time of the request, not that of the articles")
    if len(dates) >= LEAST_DATED and len(set(dates)) == 1:
        return [], _dates_note(f"all items carry the same date ({dates[0]:%Y-%m-%d %H:%M} UTC)")
    odd = [f"{undated} of {len(entries)} items have no date"] if undated else []
    odd += [f"{future} of {len(entries)} items are dated in the future"] if future else []
    if credible and now - credible[0] >= STALE:
        odd.append(f"nothing new for {spoken(now - credible[0])}")
    if odd:
        return credible, _dates_note("; ".join(odd))
    return credible, Finding("dates", Level.GOOD, f"every item is dated, the latest {spoken(now - credible[0])} ago")


def _dates_note(sentence: str) -> Finding:
    return Finding("dates", Level.NOTE, sentence)


def _window(dates: Sequence[datetime]) -> timedelta | None:
    """How long it takes until an item has been pushed out. Old items that are kept on top do not stretch it."""
    if len(dates) < LEAST_DATED:
        return None
    kept = len(dates) - max(len(dates) // 10, len(dates) >= ENOUGH_DATED)
    span = dates[0] - dates[kept - 1]
    return span if span >= SHORTEST else None  # all at once: that says nothing of the next time


def _slowest(window: timedelta) -> timedelta:
    minutes = window // LOOKS_A_WINDOW // SHORTEST
    return min(max(minutes * SHORTEST, SHORTEST), LONGEST)


def _pace(window: timedelta | None, slowest: timedelta | None, usual: timedelta) -> Finding:
    if window is None or slowest is None:
        return Finding("interval", Level.NOTE, "its dates do not tell how often it must be asked")
    told = f"its items span about {spoken(window)}: ask it at least every {spoken(slowest)}, or some may be missed"
    if slowest < usual:
        return Finding("interval", Level.NOTE, f"{told}; the usual {spoken(usual)} are too long")
    return Finding("interval", Level.GOOD, f"{told}; the usual {spoken(usual)} are often enough")


# ---- text ----


def _text(entries: Sequence[Entry]) -> Finding:
    full = sum(bool(entry.content) for entry in entries)
    if full >= MOSTLY * len(entries):
        return Finding("text", Level.GOOD, "full text in the feed")
    words = round(median(len(entry.summary.split()) for entry in entries))
    if full:
        return Finding("text", Level.GOOD, f"full text for {full} of {len(entries)} items, else summaries")
    if words >= SUMMARY_WORDS:
        return Finding("text", Level.GOOD, f"summaries of about {words} words; the text comes from the pages")
    return Finding("text", Level.NOTE, "headlines only; the text comes from the pages, or there is none")


def _pages(pages: Sequence[PageTried]) -> Finding:
    if not pages:
        return Finding("pages", Level.NOTE, "no item links to a page")
    faults = [page.fault for page in pages if page.fault is not None]
    if not faults:
        return Finding("pages", Level.GOOD, f"{_counted(len(pages), 'page')} tried, read in full")
    why = "; ".join(f"{count}× {fault}" for fault, count in Counter(faults).most_common())
    good = len(pages) - len(faults)
    rest = "" if good else "; articles would be matched on the feed's own words only"
    return Finding("pages", Level.NOTE, f"{good} of {len(pages)} pages tried could be read ({why}){rest}")


# ---- the rest ----


def _conditional(seen: Sighting) -> Finding:
    size = f"{max(seen.size // 1000, 1)} kB"
    level, sentence = {
        Conditional.HONOURED: (Level.GOOD, "says so when nothing changed (304)"),
        Conditional.IGNORED: (Level.NOTE, f"sends all its {size} each time, changed or not"),
        Conditional.NONE_GIVEN: (Level.NOTE, f"gives no validators, so all its {size} come each time"),
        Conditional.CHANGED: (Level.GOOD, "gives validators, and changed between two requests"),
        Conditional.FAILED: (Level.NOTE, "gave no usable answer to a second, conditional request"),
    }[seen.conditional]
    return Finding("conditional", level, sentence)


def _language(document: FeedDocument) -> Finding:
    language = _declared_language(document)
    if language is None:
        return Finding("language", Level.NOTE, "declares no language; add `language:` if you know it")
    return Finding("language", Level.GOOD, f"declares its language as {language}")


def _declared_language(document: FeedDocument) -> str | None:
    """The feed's, or the one that all of its items agree on."""
    of_items = {entry.language for entry in document.entries}
    language = document.language or (of_items.pop() if len(of_items) == 1 else None)
    return language if language and _LANGUAGE.fullmatch(language) else None


def _hub(seen: Sighting) -> list[Finding]:
    return [Finding("hub", Level.GOOD, f"offers a WebSub hub: {seen.hub}")] if seen.hub else []


def _suggested(seen: Sighting, title: str, language: str | None) -> Feed:
    url = seen.url if seen.moved_for_good else seen.asked
    name = clean_line("".join(c for c in title if c.isprintable()), limit=MAX_NAME) or site(url)
    return Feed(feed_id(url), name, url, language=language)


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
