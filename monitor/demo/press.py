"""What the demo's outlets print: items and templates in, the bytes of feeds and pages out.

All texts and shells are data files in `world/`, one folder an outlet; this module only fills them in.
Everything is fiction and dated from the moment its chapter came out, so the news is always fresh.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from importlib.resources import files
from string import Template

_DATA = files("monitor.demo") / "world"


@dataclass(frozen=True, slots=True)
class Item:
    """One story of an outlet; its text is `articles/<slug>.html`."""

    slug: str
    title: str
    summary: str
    chapter: int
    author: str = ""
    minutes_old: int = 0  # when its chapter comes out
    walled: bool = False  # the page is refused to programs: 403
    corrected: int | None = None  # the chapter from which on its text is `articles/<slug>.corrected.html`

    @property
    def path(self) -> str:
        return f"/{self.slug}"


@dataclass(frozen=True, slots=True)
class Press:
    """An outlet as its folder describes it."""

    folder: str
    name: str
    language: str
    tags: tuple[str, ...]
    feed_path: str
    feed_file: str
    content_type: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Play:
    """The whole plot: what the chapters are called, and who prints in them."""

    chapters: tuple[str, ...]
    presses: tuple[Press, ...]


def load() -> Play:
    plot = json.loads(_read("world.json"))
    return Play(tuple(plot["chapters"]), tuple(_press(folder) for folder in plot["outlets"]))


def _press(folder: str) -> Press:
    told = json.loads(_read(folder, "outlet.json"))
    items = tuple(Item(**item) for item in told.pop("items"))
    return Press(folder=folder, tags=tuple(told.pop("tags")), items=items, **told)


def released(press: Press, releases: Sequence[datetime]) -> tuple[Item, ...]:
    """The items that are out, newest first; `releases` says when each chapter so far came out."""
    out = [item for item in press.items if item.chapter < len(releases)]
    return tuple(sorted(out, key=lambda item: published_at(item, releases), reverse=True))


def published_at(item: Item, releases: Sequence[datetime]) -> datetime:
    return releases[item.chapter] - timedelta(minutes=item.minutes_old)


def changed_at(press: Press, releases: Sequence[datetime]) -> datetime:
    """When the feed last changed, for Last-Modified."""
    return max((published_at(item, releases) for item in released(press, releases)), default=releases[0])


def feed(press: Press, base: str, releases: Sequence[datetime]) -> bytes:
    """The feed as it stands after the chapters so far; `base` is the outlet's address, no final slash."""
    _, _, kind = press.feed_file.rpartition(".")
    escape, joint = (_escape_json, ",") if kind == "json" else (html.escape, "")
    shown = [_item_facts(press, item, base, releases) for item in released(press, releases)]
    rows = [_fill(press, f"item.{kind}", _escaped(facts, escape)) for facts in shown]
    facts = _escaped(_outlet_facts(press, base) | _dates(changed_at(press, releases)), escape)
    facts["items"] = joint.join(rows)
    facts["sequence"] = "".join(f'<rdf:li rdf:resource="{escape(item["url"])}"/>' for item in shown)
    return _fill(press, press.feed_file, facts).encode()


def page(press: Press, item: Item, base: str, releases: Sequence[datetime]) -> bytes:
    facts = _item_facts(press, item, base, releases)
    raw = {"body": facts["body"], "linked_data": _linked_data(facts)}
    return _fill(press, "page.html", _escaped(facts, html.escape) | raw).encode()


def wall() -> bytes:
    """What a bot wall answers in an article's place."""
    return _read("wall.html").encode()


def _outlet_facts(press: Press, base: str) -> dict[str, str]:
    return {"site": press.name, "language": press.language, "base": base, "feed_url": base + press.feed_path}


def _item_facts(press: Press, item: Item, base: str, releases: Sequence[datetime]) -> dict[str, str]:
    own = {
        "id": f"urn:demo:{press.folder}:{item.slug}",
        "url": base + item.path,
        "title": item.title,
        "summary": item.summary,
        "author": item.author,
        "body": "" if item.walled else _read(press.folder, "articles", _text_of(item, releases)),
    }
    return _outlet_facts(press, base) | own | _dates(published_at(item, releases))


def _text_of(item: Item, releases: Sequence[datetime]) -> str:
    is_corrected = item.corrected is not None and item.corrected < len(releases)
    return f"{item.slug}.corrected.html" if is_corrected else f"{item.slug}.html"


def _dates(moment: datetime) -> dict[str, str]:
    return {
        "rfc3339": moment.isoformat(timespec="seconds"),
        "rfc2822": format_datetime(moment),
        "date": f"{moment:%d.%m.%Y %H:%M} UTC",
    }


def _linked_data(facts: dict[str, str]) -> str:
    article = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": facts["title"],
        "datePublished": facts["rfc3339"],
        "author": {"@type": "Person", "name": facts["author"]},
        "publisher": {"@type": "NewsMediaOrganization", "name": facts["site"]},
        "mainEntityOfPage": facts["url"],
    }
    return json.dumps(article, ensure_ascii=False).replace("<", "\\u003c")


def _escaped(facts: dict[str, str], escape: Callable[[str], str]) -> dict[str, str]:
    return {name: escape(value) for name, value in facts.items()}


def _escape_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _fill(press: Press, name: str, facts: dict[str, str]) -> str:
    return Template(_read(press.folder, name)).substitute(facts)


def _read(*path: str) -> str:
    return _DATA.joinpath(*path).read_text(encoding="utf-8")
