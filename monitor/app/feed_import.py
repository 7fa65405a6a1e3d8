"""Which feeds of a list are new to the configuration, and why the others are left out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from monitor import urls
from monitor.app.config_values import LONGEST_TEXT, is_language
from monitor.errors import Problem
from monitor.feeds.opml import Outline
from monitor.ids import feed_id
from monitor.model import Feed


@dataclass(frozen=True, slots=True)
class Plan:
    """`held` are feeds of the list that are there already; `unusable` cannot be taken as they stand."""

    new: tuple[Feed, ...]
    held: tuple[Problem, ...]
    unusable: tuple[Problem, ...]


def plan(outlines: Sequence[Outline], feeds: Sequence[Feed], *, file: str) -> Plan:
    """`file` is the list's name, for the places of what is left out."""
    by_page = {urls.canonical(feed.url): f"there already, as {feed.name}" for feed in feeds}
    names = {feed.name for feed in feeds}
    new: list[Feed] = []
    held: list[Problem] = []
    unusable: list[Problem] = []
    for outline in outlines:
        try:
            url = urls.web_url(outline.url)
        except ValueError as e:
            why = str(e) if outline.url else f"{outline.name or 'a feed'} has no xmlUrl, which is a feed's address"
            unusable.append(Problem(file, outline.line, why))
            continue
        page = urls.canonical(url)
        if page in by_page:
            held.append(Problem(file, outline.line, f"{outline.name or url} is {by_page[page]}"))
            continue
        feed = _feed(outline, url, names)
        by_page[page] = f"listed before, on line {outline.line}"
        names.add(feed.name)
        new.append(feed)
    return Plan(tuple(new), tuple(held), tuple(unusable))


def free_name(name: str, url: str, taken: Collection[str]) -> str:
    """The name, or one like it that no other feed has."""
    if name not in taken:
        return name
    for addition in (urls.site(url), *range(2, len(taken) + 3)):
        candidate = f"{name[: LONGEST_TEXT - 80]} ({str(addition)[:70]})"
        if candidate not in taken:
            break
    return candidate


def _feed(outline: Outline, url: str, names: Collection[str]) -> Feed:
    language = outline.language if outline.language and is_language(outline.language) else None
    name = free_name(_seen(outline.name) or urls.site(url), url, names)
    return Feed(feed_id(url), name, url, tuple(filter(None, map(_seen, outline.tags))), language)


def _seen(text: str) -> str:
    """The configuration refuses what cannot be seen."""
    return "".join(c for c in text if c.isprintable()).strip()
