"""Conditional GET against a real server on loopback."""

from __future__ import annotations

import gzip
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from monitor.errors import FetchError
from monitor.feeds.fetch import fetch
from monitor.model import Feed, FeedId, FeedState, Fetched, NotModified
from tests.feed_server import FeedServer, answered, loopback_http, serving

DATE = "Wed, 25 Nov 2026 10:00:00 GMT"
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
NEW = FeedState(FeedId("f"), next_poll_at=datetime(2026, 11, 25, tzinfo=UTC))
SEEN = replace(NEW, etag='"x"')


async def polled(site: FeedServer, state: FeedState = NEW) -> Fetched | NotModified:
    async with loopback_http(clock=lambda: NOW) as http:
        return await fetch(Feed(FeedId("f"), "News", site.url("/feed")), state, http)


async def error_of(site: FeedServer, state: FeedState = NEW) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await polled(site, state)
    return caught.value


async def test_the_first_request_has_no_conditions() -> None:
    """A feed never seen is asked for without validators, and says what it would like to get."""
    headers = {"ETag": '"a"', "Last-Modified": DATE, "Content-Type": "text/xml"}
    async with serving(feed=answered(body=b"<rss/>", headers=headers)) as site:
        outcome = await polled(site)
        expected = Fetched(site.url("/feed"), b"<rss/>", "text/xml", etag='"a"', last_modified=DATE, fresh_for=None)
        expected = replace(expected, body_hash=sha256(b"<rss/>").hexdigest())
    assert outcome == expected
    (asked,) = site.asked
    assert {"if-none-match", "if-modified-since"}.isdisjoint(asked.headers)
    assert asked.headers["accept"].startswith(b"application/atom+xml, application/rss+xml, application/feed+json")


@pytest.mark.parametrize(
    ("etag", "last_modified"),
    [
        ('"abc"', DATE),
        ('W/"abc"', "0"),
        ("unquoted", "now"),
        ('"abc-gzip"', "Wed, 25 Nov 2099 10:00:00 GMT"),
        ('"a, b"', "Wed,25 Nov 2026 10:00:00  GMT"),
        ('"é 新"', DATE),
        ('"' + "x" * 900 + '"', DATE),
    ],
)
async def test_validators_go_back_as_they_came(etag: str, last_modified: str) -> None:
    """Validators are opaque: the second request repeats them byte by byte, whatever they look like."""
    headers = {"ETag": etag, "Last-Modified": last_modified}
    async with serving(feed=answered(body=b"<rss/>", headers=headers)) as site:
        first = await polled(site)
        await polled(site, replace(NEW, etag=first.etag, last_modified=first.last_modified))
    again = site.asked[1].headers
    assert (again["if-none-match"], again["if-modified-since"]) == (etag.encode(), last_modified.encode())


@pytest.mark.parametrize("etag", [b'"' + b"x" * 1000 + b'"', '"é'.encode() * 400, b'"\xe9"', b'"a\tb"', b""])
async def test_validators_that_cannot_go_back(etag: bytes) -> None:
    """What is too long or could not be sent again is not kept."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: " + etag + b"\r\n\r\n"
    async with serving(feed=raw) as site:
        assert (await polled(site)).etag is None


async def test_not_modified() -> None:
    """A 304 brings no document, but the validators and the freshness it states."""
    headers = {"ETag": '"b"', "Cache-Control": "max-age=600"}
    async with serving(feed=answered(304, headers=headers)) as site:
        outcome = await polled(site, SEEN)
    assert outcome == NotModified(
        etag='"b"', last_modified=None, fresh_for=timedelta(minutes=10), url=site.url("/feed")
    )


async def test_only_what_is_new() -> None:
    """A 226 is a document that is not the whole feed."""
    async with serving(feed=answered(226, b"<rss/>", headers={"ETag": '"b"', "IM": "feed"})) as site:
        outcome = await polled(site, SEEN)
    assert isinstance(outcome, Fetched)
    assert (b"<rss/>", '"b"', True) == (outcome.body, outcome.etag, outcome.is_part)
    assert {"a-im"}.isdisjoint(site.asked[0].headers)


async def test_an_unasked_304_is_an_error() -> None:
    """A server cannot say that nothing changed to somebody who has nothing."""
    async with serving(feed=answered(304)) as site:
        assert "304" in str(await error_of(site))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "max-age=600"}, 600),
        ({"Cache-Control": "public, MAX-AGE=600, must-revalidate"}, 600),
        ({"Cache-Control": 'max-age="600"'}, 600),
        ({"Cache-Control": "max-age=600", "Age": "200"}, 400),
        ({"Cache-Control": "max-age=600", "Age": "700"}, None),
        ({"Cache-Control": "max-age=600", "Age": "old"}, 600),
        ({"Cache-Control": "max-age=0"}, None),
        ({"Cache-Control": "max-age=-5"}, None),
        ({"Cache-Control": "max-age=abc"}, None),
        ({"Cache-Control": "max-age=504921600"}, 7 * 86400),
        ({"Cache-Control": "max-age=999999999999999999999999"}, None),
        ({"Cache-Control": "no-cache, max-age=600"}, None),
        ({"Cache-Control": "no-store, max-age=600"}, None),
        ({"Cache-Control": "s-maxage=600"}, None),
        ({"Date": DATE, "Expires": "Wed, 25 Nov 2026 10:05:00 GMT"}, 300),
        ({"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "Expires": "Sun, 22 Nov 2026 10:05:00 GMT"}, 300),
        ({"Date": DATE, "Expires": "Wed, 25 Nov 2026 10:05:00 GMT", "Cache-Control": "max-age=60"}, 60),
        ({"Date": DATE, "Expires": "Wed, 25 Nov 2026 10:05:00 GMT", "Cache-Control": "no-cache"}, None),
        ({"Date": DATE, "Expires": "Wed, 25 Nov 2026 09:00:00 GMT"}, None),
        ({"Date": DATE, "Expires": "0"}, None),
        ({"Expires": "Wed, 25 Nov 2026 10:05:00 GMT"}, 300),
        ({"Date": "today", "Expires": "Wed, 25 Nov 2026 10:05:00 GMT"}, 300),
        ({"Cache-Control": "max-age=600, max-age=60"}, 60),
        ({"Cache-Control": "max-age=1000000000"}, 7 * 86400),
        ({"Date": DATE, "Expires": "Wed, 99 Nov 999999999999 10:05:00 GMT"}, None),
    ],
)
async def test_freshness(headers: dict[str, str], seconds: int | None) -> None:
    """How long the server promises not to change, by its own clock; nonsense promises nothing."""
    async with serving(feed=answered(headers=headers)) as site:
        outcome = await polled(site)
    assert outcome.fresh_for == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("3600", 3600),
        (" 120 ", 120),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 3600),
        ("Wednesday, 25-Nov-26 11:00:00 GMT", 3600),
        ("Wed, 25 Nov 2026 09:00:00 GMT", None),
        ("Wed, 25 Nov 2099 09:00:00 GMT", 7 * 86400),
        ("1000000000000", 7 * 86400),
        ("0", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after(status: int, retry_after: str, seconds: int | None) -> None:
    """A server that asks to be left alone says for how long, in seconds or by its own clock."""
    headers = {"Retry-After": retry_after, "Date": DATE}
    async with serving(feed=answered(status, headers=headers)) as site:
        error = await error_of(site, SEEN)
    assert error.retry_after == (None if seconds is None else timedelta(seconds=seconds))
    assert (error.status, error.permanent) == (status, False)


@pytest.mark.parametrize(
    ("status", "message", "permanent"),
    [
        (404, "there is nothing at this address (404)", True),
        (410, "the publisher took this feed down for good (410)", True),
        (403, "the server refuses us (403)", True),
        (401, "the server asks for a password (401)", True),
        (429, "the server says we come too often (429)", False),
        (500, "the server answered 500 instead of the feed", False),
        (204, "the server answered 204 instead of the feed", False),
        (206, "the server answered 206 instead of the feed", False),
        (226, "the server sends only what changed since our last visit, but there was none (226)", False),
        (300, "the server answered 300 instead of the feed", False),
        (418, "the server answered 418 instead of the feed", False),
        (999, "the server answered 999 instead of the feed", False),
    ],
)
async def test_other_answers(status: int, message: str, permanent: bool) -> None:
    """Only 200 brings a document; every other answer is told in words."""
    async with serving(feed=answered(status)) as site:
        error = await error_of(site)
    assert (str(error), error.permanent, error.status) == (message, permanent, status)


async def test_the_largest_feed() -> None:
    """A feed larger than the limit is refused."""
    async with serving(feed=answered(body=bytes(10_000_001))) as site:
        assert str(await error_of(site)) == "more than 10 MB"


PACKED = gzip.compress(b"<rss/>", mtime=0)


@pytest.mark.parametrize("kind", ["application/gzip", "application/octet-stream", "application/rss+xml", ""])
async def test_a_packed_file(kind: str) -> None:
    """A feed that is stored as feed.xml.gz is what the file contains, whenever it was packed."""
    async with serving(feed=answered(body=PACKED, headers={"Content-Type": kind})) as site:
        first = await polled(site)
        site.answers["/feed"] = answered(body=gzip.compress(b"<rss/>", mtime=5))
        second = await polled(site)
    assert isinstance(first, Fetched)
    assert isinstance(second, Fetched)
    assert b"<rss/>" == first.body
    assert first.body_hash == second.body_hash


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (gzip.compress(bytes(300_000_000), 1), "more than 10 MB after unpacking"),
        (PACKED[:-9], "the answer broke off before its end"),
        (PACKED[:2] + b"nothing of the kind", "the answer is not packed as it says"),
    ],
    ids=["bomb", "cut", "broken"],
)
async def test_a_packed_file_that_cannot_be_used(body: bytes, message: str) -> None:
    """It is unpacked no further than a feed may be large."""
    async with serving(feed=answered(body=body)) as site:
        tracemalloc.start()
        error = await error_of(site)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert message == str(error)
    assert peak < 50_000_000


async def test_the_address_in_the_end() -> None:
    """The document carries the address at which it was found; the conditions travel along."""
    async with serving(feed=answered(301, headers={"Location": "/new"}), new=answered(body=b"<rss/>")) as site:
        outcome = await polled(site, SEEN)
        assert isinstance(outcome, Fetched)
        assert outcome.url == site.url("/new")
    assert [asked.headers["if-none-match"] for asked in site.asked] == [b'"x"', b'"x"']
