"""The demo's news world: real servers on loopback, fresh news, honest validators."""

from __future__ import annotations

import io
import json
import re
from calendar import timegm
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import feedparser
import pytest

from monitor.demo.world import Outlet, Request, World

START = datetime(2031, 3, 4, 9, 30, 15, 250_000, tzinfo=UTC)
SPOKEN_OF = {  # names of vocabularies in feeds and pages, never fetched
    "http://purl.org/dc/elements/1.1/",
    "http://purl.org/rss/1.0/",
    "http://purl.org/rss/1.0/modules/content/",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://www.w3.org/2005/Atom",
    "https://jsonfeed.org/version/1.1",
    "https://schema.org",
    "https://schema.org/NewsArticle",
}


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Shown:
    """An item as a feed shows it."""

    url: str
    title: str
    summary: str
    published: datetime | None


@dataclass(frozen=True)
class Reader:
    """Reads the world as a feed reader would."""

    world: World
    clock: Clock
    http: aiohttp.ClientSession

    def outlet(self, name: str) -> Outlet:
        return next(outlet for outlet in self.world.outlets if outlet.name == name)

    async def get(self, url: str, **headers: str) -> tuple[aiohttp.ClientResponse, str]:
        async with self.http.get(url, headers=headers) as response:
            return response, await response.text()

    async def items(self, name: str) -> list[Shown]:
        response, body = await self.get(self.outlet(name).feed_url)
        if response.content_type == "application/feed+json":
            return [_from_json(item) for item in json.loads(body)["items"]]
        document = feedparser.parse(io.BytesIO(body.encode()))
        assert not document.bozo, document.get("bozo_exception")
        return [_from_entry(entry) for entry in document.entries]

    async def page(self, name: str, title_part: str) -> str:
        url = next(item.url for item in await self.items(name) if title_part in item.title)
        return (await self.get(url))[1]

    def publish_all(self) -> None:
        while self.world.publish_next():
            self.clock.now += timedelta(minutes=5)


def _from_json(item: dict[str, Any]) -> Shown:
    published = datetime.fromisoformat(item["date_published"])
    return Shown(item["url"], item["title"], item["summary"], published)


def _from_entry(entry: Any) -> Shown:
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    published = datetime.fromtimestamp(timegm(parsed), UTC) if parsed else None
    return Shown(entry.link, entry.title, entry.summary, published)


@pytest.fixture
async def reader() -> AsyncIterator[Reader]:
    clock = Clock()
    async with World(clock) as world, aiohttp.ClientSession() as http:
        yield Reader(world, clock, http)


NAMES = (
    "Time Wire",
    "Adriatic Ledger",
    "Morava Courier",
    "Brussels Lantern",
    "Речни гласник",
    "Fletorja e Lumit",
)


@pytest.mark.parametrize(
    ("name", "version", "language"),
    [
        ("Time Wire", "rss20", "en"),
        ("Adriatic Ledger", "rss20", "en"),
        ("Morava Courier", "atom10", "en"),
        ("Речни гласник", "rss10", "sr-Cyrl"),
        ("Fletorja e Lumit", "rss20", "sq"),
    ],
)
async def test_xml_formats(reader: Reader, name: str, version: str, language: str) -> None:
    """The outlets speak the formats and languages that they promise."""
    _, body = await reader.get(reader.outlet(name).feed_url)
    document = feedparser.parse(io.BytesIO(body.encode()))
    assert (name, version, language) == (document.feed.title, document.version, reader.outlet(name).language)


async def test_json_format(reader: Reader) -> None:
    """One outlet speaks JSON Feed 1.1."""
    _, body = await reader.get(reader.outlet("Brussels Lantern").feed_url)
    feed = json.loads(body)
    assert (feed["version"], feed["title"]) == ("https://jsonfeed.org/version/1.1", "Brussels Lantern")


async def test_broken_feed(reader: Reader) -> None:
    """One feed's address answers 200 with a web page."""
    response, body = await reader.get(reader.outlet("Inland Observer").feed_url)
    assert (response.status, response.content_type) == (200, "text/html")
    assert body.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("name", NAMES)
async def test_every_item_has_a_page(reader: Reader, name: str) -> None:
    """Each item's address gives a page with its headline, but for the one behind the wall."""
    reader.publish_all()
    for item in await reader.items(name):
        response, body = await reader.get(item.url)
        if "minehunters" in item.title:
            assert response.status == 403
            continue
        assert response.status == 200
        assert f">{item.title}</h1>" in body


async def test_chapters(reader: Reader) -> None:
    """History first; then each chapter adds its items, and after the last there is nothing more."""
    told = [(reader.world.chapter, await _titles(reader))]
    while reader.world.publish_next():
        told.append((reader.world.chapter, await _titles(reader)))
    chapters = [chapter for chapter, _ in told]
    assert chapters == [
        "A quiet day",
        "News breaks",
        "Another outlet reprints it",
        "Meanwhile, elsewhere",
        "The story moves on, in other words",
        "An hour later: the first report is corrected",
    ]
    assert [len(titles) for _, titles in told] == [10, 15, 17, 22, 23, 23]
    assert all(before <= after for (_, before), (_, after) in pairwise(told))
    assert reader.world.is_last_chapter


async def _titles(reader: Reader) -> set[str]:
    return {item.title for name in NAMES for item in await reader.items(name)}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "Time Wire"])
async def test_news_is_fresh(reader: Reader, name: str) -> None:
    """History is dated before the world began; news is dated when it came out; newest first."""
    history = await reader.items(name)
    assert all(item.published and item.published < START for item in history)
    reader.clock.now = START + timedelta(minutes=20)
    while reader.world.publish_next():
        pass
    dates = [item.published for item in await reader.items(name)]
    assert dates == sorted(dates, key=lambda date: date or START, reverse=True)
    assert dates[0] == reader.clock.now.replace(microsecond=0)


async def test_validators(reader: Reader) -> None:
    """A strong ETag and a date; either alone gives 304 until the feed changes, and the ETag wins."""
    feed_url = reader.outlet("Morava Courier").feed_url
    first, _ = await reader.get(feed_url)
    etag, date = first.headers["ETag"], first.headers["Last-Modified"]
    assert etag.startswith('"')

    async def status(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await reader.get(feed_url, **named))[0].status

    assert await status(If_None_Match=etag) == 304
    assert await status(If_None_Match=f'"other", W/{etag}') == 304
    assert await status(If_Modified_Since=date) == 304
    assert await status(If_None_Match='"other"', If_Modified_Since=date) == 200
    reader.clock.now += timedelta(minutes=1)
    reader.world.publish_next()
    assert await status(If_None_Match=etag) == 200
    assert await status(If_Modified_Since=date) == 200


async def test_unchanged_feed(reader: Reader) -> None:
    """A chapter leaves the other outlets' feeds as they were; a 304 repeats the ETag and has no body."""
    feed_url = reader.outlet("Time Wire").feed_url
    reader.world.publish_next()
    before, _ = await reader.get(feed_url)
    reader.clock.now += timedelta(minutes=1)
    reader.world.publish_next()
    after, body = await reader.get(feed_url, **{"If-None-Match": before.headers["ETag"]})
    assert (304, "", before.headers["ETag"]) == (after.status, body, after.headers["ETag"])


async def test_request_log(reader: Reader) -> None:
    """The log tells outlet, path, status, and whether the request was conditional."""
    outlet = reader.outlet("Time Wire")
    response, _ = await reader.get(outlet.feed_url)
    await reader.get(outlet.feed_url, **{"If-None-Match": response.headers["ETag"]})
    await reader.get(outlet.feed_url.replace("/feed/", "/nothing"))
    assert (
        Request("Time Wire", "/feed/", 200, conditional=False),
        Request("Time Wire", "/feed/", 304, conditional=True),
        Request("Time Wire", "/nothing", 404, conditional=False),
    ) == reader.world.requests


async def test_unpublished_page(reader: Reader) -> None:
    """The page of an item to come is not there yet."""
    feed_url = reader.outlet("Time Wire").feed_url
    url = feed_url.replace("/feed/", "/washington-tells-serbia-to-stand-down")
    assert (await reader.get(url))[0].status == 404
    reader.world.publish_next()
    assert (await reader.get(url))[0].status == 200


async def test_aggregator(reader: Reader) -> None:
    """The aggregator's page has two headlines, a byline, no date anywhere, and the usual furniture."""
    reader.world.publish_next()
    [news, *_] = await reader.items("Time Wire")
    page = await reader.page("Time Wire", "Serbia")
    assert news.published is None
    assert (page.count("<h1"), page.count("<h2")) == (1, 1)
    assert " by time wire " in _words(page)
    assert "You may also like" in page
    assert "Leave a Comment" in page
    assert not re.search(r"datetime|Published|published_time|\b20\d\d-|\.20\d\d|203\d", page)
    paragraphs = _paragraphs(page)
    assert len(paragraphs) == 8
    for said in (
        "tanks, artillery and mechanised infantry",
        "monastery",
        "Washington",
        "NATO will reinforce KFOR",
    ):
        assert any(said in paragraph for paragraph in paragraphs), said


async def test_correction(reader: Reader) -> None:
    """In the last chapter the aggregator's page has other figures and says so; its feed shows nothing of it."""
    reader.world.publish_next()
    page, feed = await reader.page("Time Wire", "Serbia"), await reader.items("Time Wire")
    reader.publish_all()
    corrected = await reader.page("Time Wire", "Serbia")
    assert ("four people dead" in page, "five people dead" in corrected) == (True, True)
    assert ("Correction:" in page, "Correction:" in corrected) == (False, True)
    assert feed == await reader.items("Time Wire")


async def test_reprint(reader: Reader) -> None:
    """The reprint has another headline, all paragraphs but one, and a credit."""
    for _ in range(2):
        reader.world.publish_next()
    original = _paragraphs(await reader.page("Time Wire", "Serbia"))
    reprint = await reader.page("Morava Courier", "Serbian")
    copied = _paragraphs(reprint)
    assert len(set(original) - set(copied)) == 1
    assert set(copied) < set(original)
    assert "Source: Time Wire" in reprint
    assert "Washington Tells Serbia" not in reprint


@pytest.mark.parametrize(
    ("name", "title_part", "said", "unsaid"),
    [
        ("Adriatic Ledger", "Nations League", r"\bKosovo\b.*\bSerbia\b", r"\b(tanks|troops|NATO|army)\b"),
        ("Adriatic Ledger", "Vardana tank", r"\bdeploys\b", r"\b(Kosovo|Serbia|NATO|army|troops)\b"),
        (
            "Adriatic Ledger",
            "Senator",
            r"(?i)senator.*coordinator",
            r"\b(NATO|Kosovo|army|troops|military)\b",
        ),
        ("Brussels Lantern", "Baltic", r"\bNATO\b", r"\b(Kosovo|Serbia|tanks|troops|deployment)\b"),
        ("Речни гласник", "готовост", r"\bтенкове и артиљерију\b.*\bКосову\b", r"\bНАТО\b"),
        ("Fletorja e Lumit", "Festivali", r"\bKosovë\b", r"(?i)\b(ushtri\w*|tank\w*|trupa\w*|nato)\b"),
    ],
)
async def test_stories(reader: Reader, name: str, title_part: str, said: str, unsaid: str) -> None:
    """Each story says what it is there for, and nothing that would make it something else."""
    reader.publish_all()
    page = await reader.page(name, title_part)
    text = " ".join((title_part, *_paragraphs(page)))
    assert re.search(said, text)
    assert not re.search(unsaid, text)


async def test_wall(reader: Reader) -> None:
    """The page behind the wall says nothing of its story; the feed's summary does."""
    reader.publish_all()
    [walled] = [item for item in await reader.items("Brussels Lantern") if "minehunters" in item.title]
    response, body = await reader.get(walled.url)
    assert response.status == 403
    assert "NATO" not in body
    assert "NATO" not in walled.title
    assert "NATO" in walled.summary


async def test_full_text_feed(reader: Reader) -> None:
    """One outlet carries its full text in the feed: the paragraphs of the page."""
    _, body = await reader.get(reader.outlet("Adriatic Ledger").feed_url)
    [entry, *_] = feedparser.parse(io.BytesIO(body.encode())).entries
    page = (await reader.get(entry.link))[1]
    assert _paragraphs(entry.content[0].value) == _paragraphs(page)


async def test_loopback_only(reader: Reader) -> None:
    """Everything stands on loopback, and no feed or page refers to an address elsewhere."""
    reader.publish_all()
    for outlet in reader.world.outlets:
        assert ip_address(str(urlsplit(outlet.feed_url).hostname)).is_loopback
        bodies = [(await reader.get(outlet.feed_url))[1]]
        if outlet.name in NAMES:
            bodies += [(await reader.get(item.url))[1] for item in await reader.items(outlet.name)]
        for body in bodies:
            named = set(re.findall(r"https?://[^\s\"'<>&]+", body)) - SPOKEN_OF
            assert all(ip_address(str(urlsplit(url).hostname)).is_loopback for url in named), named
            assert not re.search(r"""(?:src|href)=["']//""", body)


async def test_world_ends() -> None:
    """After the block nobody listens any more."""
    async with World() as world:
        [outlet, *_] = world.outlets
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(outlet.feed_url)


def _paragraphs(markup: str) -> list[str]:
    """The running text: paragraphs without attributes and long enough to be sentences."""
    return [text for text in re.findall(r"<p>([^<]+)</p>", markup) if len(text) > 60]


def _words(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())
