"""Walls that let only browsers or people in, told from plain refusals and from feeds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from multidict import CIMultiDict

from monitor.errors import FetchError
from monitor.feeds.fetch import fetch
from monitor.feeds.walls import wall
from monitor.model import Feed, FeedId, FeedState
from tests.feed_server import answered, loopback_http, serving

FEED_URL = "https://example.org/feed"
CLOUDFLARE = {"Server": "cloudflare"}
RSS = b'<?xml version="1.0"?><rss version="2.0"><channel><item><title>'


def page(text: str) -> bytes:
    return f"<!DOCTYPE html><html><head>{text}</head><body></body></html>".encode()


WALLS = [
    (403, {"CF-Mitigated": "challenge"}, b"", "Cloudflare"),
    (200, {"cf-mitigated": "challenge"}, page(""), "Cloudflare"),
    (403, CLOUDFLARE, page("<title>Just a moment...</title>"), "Cloudflare"),
    (503, CLOUDFLARE, page("<title>Just a moment...</title>"), "Cloudflare"),
    (403, CLOUDFLARE, page("<title>Attention Required! | Cloudflare</title>"), "Cloudflare"),
    (403, CLOUDFLARE, page('<div id="cf-error-details">'), "Cloudflare"),
    (200, {}, page("<script>window._cf_chl_opt={}</script>"), "Cloudflare"),
    (403, {"X-DataDome": "protected"}, b"", "DataDome"),
    (200, {}, page('<script src="https://ct.captcha-delivery.com/c.js">'), "DataDome"),
    (403, {"Server": "AkamaiGHost"}, page("<title>Access Denied</title> Reference #18.2"), "Akamai"),
    (403, {}, page("https://errors.edgesuite.net/18.2"), "Akamai"),
    (200, {}, page("Request unsuccessful. Incapsula incident ID: 1-2"), "Imperva"),
    (
        200,
        {},
        b'<html><head><META NAME="robots" CONTENT="noindex,nofollow"><script src="/_Incapsula_Resource?S=1">',
        "Imperva",
    ),
    (202, {"x-amzn-waf-action": "challenge"}, b"", "AWS WAF"),
    (405, {"x-amzn-waf-action": "captcha"}, page(""), "AWS WAF"),
    (403, {}, page('<div id="px-captcha">'), "HUMAN"),
    (403, {}, page("<title>Sucuri WebSite Firewall - Access Denied</title>"), "Sucuri"),
    (200, {}, page('<script id="anubis_challenge" type="application/json">'), "Anubis"),
    (403, {}, page("<title>DDoS-Guard</title>"), "DDoS-Guard"),
]


@pytest.mark.parametrize(("status", "headers", "body", "name"), WALLS)
def test_walls(status: int, headers: dict[str, str], body: bytes, name: str) -> None:
    """The operator learns which wall it is."""
    expected = f"the site lets only browsers in: {name} sent a check page instead of the feed ({status})"
    assert expected == wall(status, CIMultiDict(headers), body, FEED_URL)


@pytest.mark.parametrize(
    "url",
    ["https://consent.google.com/ml?continue=x", "https://guce.yahoo.com/consent", "https://myprivacy.example.nl/"],
)
def test_consent_pages(url: str) -> None:
    """A redirect to where people are asked for consent is told as such."""
    assert "asks for consent" in (wall(200, {}, page(""), url) or "")


@pytest.mark.parametrize(
    ("status", "headers", "body", "url"),
    [
        (403, {}, page("<title>403 Forbidden</title>"), FEED_URL),
        (403, CLOUDFLARE, page("<title>403 Forbidden</title>"), FEED_URL),
        (403, {"Server": "nginx"}, page("<title>Access Denied</title>"), FEED_URL),
        (403, {}, page("<title>Just a moment</title>"), FEED_URL),
        (404, CLOUDFLARE, page("<title>Just a moment...</title>"), FEED_URL),
        (200, CLOUDFLARE, page("<title>Just a moment with our editor</title>"), FEED_URL),
        (200, CLOUDFLARE, page('<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js">'), FEED_URL),
        (200, {"X-DataDome": "protected"}, page('<script src="https://js.datadome.co/tags.js">'), FEED_URL),
        (200, {}, page('<title>News</title><script src="/_Incapsula_Resource?S=1">'), FEED_URL),
        (200, {}, RSS + b"captcha-delivery.com and _cf_chl_opt explained</title></item></channel></rss>", FEED_URL),
        (200, {}, RSS + b"&lt;html&gt; <![CDATA[<html>Incapsula incident ID]]>", FEED_URL),
        (200, {}, b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom">', "https://consent.example.org/"),
        (304, CLOUDFLARE, b"", FEED_URL),
        (429, CLOUDFLARE, b"error code: 1015", FEED_URL),
        (503, CLOUDFLARE, b"", FEED_URL),
        (200, {}, page(""), "https://consenting-adults.example.org/"),
    ],
)
def test_what_is_no_wall(status: int, headers: dict[str, str], body: bytes, url: str) -> None:
    """A plain refusal, a page with a wall's script in it and a feed that writes about walls are none."""
    assert wall(status, CIMultiDict(headers), body, url) is None


@pytest.mark.parametrize(("status", "headers", "body", "name"), WALLS)
async def test_a_feed_behind_a_wall(status: int, headers: dict[str, str], body: bytes, name: str) -> None:
    """Instead of a feed it is a failure that says so, with all that is needed to decide when to come back."""
    answer = answered(status, body, headers={**headers, "Content-Type": "text/html", "Retry-After": "60"})
    state = FeedState(FeedId("f"), next_poll_at=datetime(2026, 11, 25, tzinfo=UTC))
    async with serving(feed=answer) as site, loopback_http() as http:
        with pytest.raises(FetchError, match=f"only browsers in: {name}") as caught:
            await fetch(Feed(FeedId("f"), "News", site.url("/feed")), state, http)
    assert (caught.value.challenge, caught.value.permanent, caught.value.status) == (True, True, status)
    assert caught.value.retry_after is not None


async def test_a_plain_refusal_is_no_challenge() -> None:
    """A 403 without a wall's marks stays what it is."""
    state = FeedState(FeedId("f"), next_poll_at=datetime(2026, 11, 25, tzinfo=UTC))
    async with serving(feed=answered(403, page("Forbidden"))) as site, loopback_http() as http:
        with pytest.raises(FetchError) as caught:
            await fetch(Feed(FeedId("f"), "News", site.url("/feed")), state, http)
    assert (str(caught.value), caught.value.challenge) == ("the server refuses us (403)", False)
