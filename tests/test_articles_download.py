"""Fetching a page from a real server on loopback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.articles.download import download
from monitor.errors import FetchError
from monitor.model import Page
from tests.feed_server import StubResolver, answered, loopback_http, serving

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
BODY = b"<!DOCTYPE html><html><body><p>Hello</p></body></html>"


async def fetched(answer: bytes) -> Page:
    async with serving(page=answer) as site, loopback_http() as http:
        return await download(site.url("/page"), http, NOW)


async def error_of(answer: bytes) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetched(answer)
    return caught.value


@pytest.mark.parametrize(
    "content_type",
    ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml", "text/plain", "", "application/octet-stream"],
)
async def test_page(content_type: str) -> None:
    """A page comes with its bytes, its declared type and the time it was read."""
    page = await fetched(answered(200, BODY, headers={"Content-Type": content_type}))

    assert (page.body, page.content_type, page.fetched_at) == (BODY, content_type, NOW)


async def test_redirect() -> None:
    """A page's address is the one it was found at."""
    async with (
        serving(
            old=answered(302, headers={"Location": "/new"}),
            new=answered(200, BODY, headers={"Content-Type": "text/html"}),
        ) as site,
        loopback_http() as http,
    ):
        page = await download(site.url("/old"), http, NOW)

    assert page.url == site.url("/new")


@pytest.mark.parametrize("target", ["http://10.0.0.5/", "http://[::ffff:169.254.169.254]/", "http://inside.test/"])
async def test_nothing_inside(target: str) -> None:
    """Neither an item's link nor a page that redirects leads to a private address."""
    names = StubResolver(inside_test=[["192.168.0.1"]])
    async with serving(page=answered(302, headers={"Location": target})) as site, loopback_http(resolver=names) as http:
        for url in (target, site.url("/page")):
            with pytest.raises(FetchError, match=r"private address|link-local") as caught:
                await download(url, http, NOW)
            assert caught.value.permanent


STATUSES = [
    (401, True, "the site asks for a password (401)"),
    (403, True, "the site refused (403)"),
    (404, True, "the page is not there (404)"),
    (410, True, "the page was taken down (410)"),
    (429, False, "the site says we come too often (429)"),
    (451, True, "the site may not show the page here (451)"),
    (500, False, "the site answered 500 instead of the page"),
    (503, False, "the site is overloaded or down (503)"),
]


@pytest.mark.parametrize(("status", "permanent", "message"), STATUSES)
async def test_status(status: int, permanent: bool, message: str) -> None:
    """Any status but 200 is an error that says whether asking again can help, and when."""
    error = await error_of(answered(status, BODY, headers={"Content-Type": "text/html", "Retry-After": "120"}))

    assert (str(error), error.permanent, error.status) == (message, permanent, status)
    assert error.retry_after == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        ("application/pdf", b"%PDF-1.7", "not a web page: application/pdf"),
        ("text/html", b"%PDF-1.7", "not a web page: text/html"),
        ("image/png", b"\x89PNG", "not a web page: image/png"),
        ("application/json", b"{}", "not a web page: application/json"),
        ("", b"\x00\x01", "not a web page: unknown bytes"),
    ],
)
async def test_no_page(content_type: str, body: bytes, message: str) -> None:
    """What is no web page is refused for good, whatever it calls itself."""
    error = await error_of(answered(200, body, headers={"Content-Type": content_type}))

    assert (str(error), error.permanent) == (message, True)


async def test_too_large() -> None:
    """A page has a size it may not pass."""
    error = await error_of(answered(200, b" " * 8_000_001, headers={"Content-Type": "text/html"}))

    assert str(error) == "more than 8 MB"
