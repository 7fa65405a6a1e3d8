"""`extract`: what the daemon would see of a page, and what it would make of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from monitor.app import build
from monitor.app import config as configuration
from monitor.app.clock import utc_now
from monitor.app.pages import in_worker
from monitor.app.workers import WorkerFailed, Workers
from monitor.articles.compose import is_of_the_future
from monitor.articles.download import download
from monitor.articles.furniture import trim
from monitor.articles.judge import judge
from monitor.articles.robots import Robots
from monitor.articles.tasks import read_page
from monitor.cli.common import EXIT_FOUND, Place, json_document, say, show_json, speaking
from monitor.errors import ExtractError, FetchError
from monitor.http import Http
from monitor.model import FULL, Extract, Page, Zone
from monitor.text import document
from monitor.urls import web_url

MOST_BYTES: Final = 10_000_000
# Of a file nobody knows where it was found; this address is in no way special.
NOWHERE: Final = "https://file.invalid/page"


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as it was read; times in milliseconds."""

    extract: Extract
    download_ms: float | None
    read_ms: float  # of CPU, the start of the worker not counted
    light: bool  # the first try hung or killed its worker


def _checked(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    try:
        return web_url(url) if url else None
    except ValueError as e:
        raise click.BadParameter(str(e)) from e


@click.command()
@click.argument("source", metavar="URL|FILE|-")
@click.option("--title", default="", help="What the feed calls the article. Default: the page's own title.")
@click.option(
    "--url", default=None, callback=_checked, help="Where a FILE was found, or what comes from standard input."
)
@json_document
@click.pass_obj
@speaking()
def extract(place: Place, source: str, title: str, url: str | None, as_json: bool) -> None:
    """What the daemon would see of a page.

    Its text, what it says about itself, and whether it is the article. Exit 1: it is not, or there is no text in it.
    """
    try:
        reading = asyncio.run(_reading(place, source, url))
    except (ExtractError, FetchError, WorkerFailed) as e:
        if as_json:
            show_json({"source": source, "quality": str(e), "paragraphs": []})
        else:
            say(f"Quality    {e}")
        sys.exit(EXIT_FOUND)
    facts = _facts(source, title, reading)
    if as_json:
        show_json(facts)
    else:
        _show(facts)
    if facts["quality"] != FULL:
        sys.exit(EXIT_FOUND)


async def _reading(place: Place, source: str, url: str | None) -> Reading:
    download_ms = None
    if source.startswith(("http://", "https://")):
        section = configuration.load_monitor(place.directory).http
        began = time.perf_counter()
        async with Http(build.http_settings(section)) as http:
            robots = Robots(http, utc_now) if section.robots else None
            page = await download(source, http, utc_now(), robots)
        download_ms = (time.perf_counter() - began) * 1000
    else:
        page = _page_in(source, url or NOWHERE)
    workers = Workers()
    try:
        (found, read_ms), light = await in_worker(workers, _timed, page)
    finally:
        await workers.close()
    if page.url == NOWHERE and found.canonical_url is None:
        # Its own word is all there is.
        found = replace(found, canonical_url=found.syndicated_from, syndicated_from=None)
    return Reading(found, download_ms, read_ms, light)


def _timed(page: Page, *, light: bool) -> tuple[Extract, float]:
    import monitor.articles.extract  # noqa: F401 - what loading takes is not the page's fault

    began = time.process_time()
    found = read_page(page.body, page.url, page.content_type, light=light)
    return found, (time.process_time() - began) * 1000


def _page_in(source: str, url: str) -> Page:
    with sys.stdin.buffer if source == "-" else Path(source).open("rb") as opened:
        body = opened.read(MOST_BYTES)
    is_html = any(mark in body[:2_000].lower() for mark in (b"<html", b"<!doctype html", b"<head", b"<body"))
    return Page(url, body, "text/html" if is_html else "text/plain", utc_now())


def _facts(source: str, title: str, reading: Reading) -> dict[str, Any]:
    found = reading.extract
    title = title or found.title
    text = trim(found.text, title, found.title)
    metadata = {
        "author": found.author,
        "published_at": found.published_at,
        "date_confidence": found.date_confidence,
        "language": found.language,
        "site": found.site,
        "canonical_url": found.canonical_url,
        "syndicated_from": found.syndicated_from,
        "must_be_paid": found.must_be_paid,
        "is_list": found.is_list,
    }
    return {
        "source": source,
        "quality": judge(found, entry_title=title, entry_summary=""),
        "title": title,
        "page_title": found.title,
        "paragraphs": list(_paragraphs(title, text)),
        "captions": list(found.captions),
        "metadata": metadata,
        "sources": dict(found.sources),
        "timings_ms": {
            "download": None if reading.download_ms is None else round(reading.download_ms, 1),
            "read": round(reading.read_ms, 1),
        },
        "second_try": reading.light,
    }


def _paragraphs(title: str, text: str) -> Iterator[dict[str, Any]]:
    """Offsets point into the article's text, as those of evidence do."""
    lead_end = max((s.end for s in document(title, text).sentences if s.zone is Zone.LEAD), default=0)
    start = 0
    for paragraph in text.split("\n\n"):
        end = start + len(paragraph)
        yield {"zone": Zone.LEAD if start < lead_end else Zone.BODY, "start": start, "end": end, "text": paragraph}
        start = end + 2


def _show(facts: dict[str, Any]) -> None:
    metadata, sources, times = facts["metadata"], facts["sources"], facts["timings_ms"]
    say(f"Title      {facts['title'] or '-'}")
    say(f"Quality    {facts['quality']}")
    say(f"Author     {metadata['author'] or '-'}{_from(sources.get('author'))}")
    day = "-"
    if metadata["published_at"]:
        day = f"{metadata['published_at']:%Y-%m-%d %H:%M}Z, {metadata['date_confidence']}"
        if is_of_the_future(metadata["published_at"], utc_now()):
            day += ", of the future and not used"
    say(f"Published  {day}{_from(sources.get('published_at'))}")
    say(f"Language   {metadata['language'] or '-'}{_from(sources.get('language'))}")
    say(f"Site       {metadata['site'] or '-'}")
    say(f"Address    {metadata['canonical_url'] or '-'}{_from(sources.get('canonical_url'))}")
    if metadata["syndicated_from"]:
        say(f"Original   {metadata['syndicated_from']}, says the page")
    if metadata["must_be_paid"]:
        say("Paid       the page says that it is not for everybody")
    download_time = "" if times["download"] is None else f"download {times['download']:.0f} ms, "
    say(f"Times      {download_time}reading {times['read']:.0f} ms of CPU{', at the second try' * facts['second_try']}")
    for paragraph in facts["paragraphs"]:
        say()
        say(f"[{paragraph['zone']} {paragraph['start']}-{paragraph['end']}] {paragraph['text']}")
    for caption in facts["captions"]:
        say()
        say(f"[caption] {caption}")


def _from(source: str | None) -> str:
    return f"  ({source})" if source else ""
