"""Whether an answer is a wall that lets only browsers or people in. Pure.

Told by what the walls themselves put into their answers, never by a status alone: a plain 403 is a plain refusal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

START_BYTES: Final = 20_000  # of a body, that need be shown

_MARKUP_BYTES: Final = 1_000  # in which a document says what it is
_FEED = re.compile(rb"<(?:rss|feed|rdf:rdf|opml|urlset)[\s>]", re.IGNORECASE)
_PAGE = re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE)

# Words that stand only in such a page, whatever its status. Scripts that these services put into every page of
# their customers are no evidence.
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"_cf_chl_opt", "Cloudflare"),
    (b"captcha-delivery.com", "DataDome"),
    (b"incapsula incident id", "Imperva"),
    (b'content="noindex,nofollow"><script src="/_incapsula_resource', "Imperva"),
    (b"errors.edgesuite.net", "Akamai"),
    (b"sec-if-cpt-container", "Akamai"),
    (b"px-captcha", "HUMAN"),
    (b"sucuri website firewall", "Sucuri"),
    (b'id="anubis_challenge"', "Anubis"),
)
# Words that need a status that refuses, and the server's own name, to mean it.
_REFUSALS: Final = frozenset({401, 403, 405, 406, 429, 503})
_REFUSAL_MARKS: Final[tuple[tuple[str, bytes, str], ...]] = (
    ("cloudflare", b"just a moment", "Cloudflare"),
    ("cloudflare", b"attention required!", "Cloudflare"),
    ("cloudflare", b"cf-error-details", "Cloudflare"),
    ("akamaighost", b"access denied", "Akamai"),
    ("", b"<title>ddos-guard</title>", "DDoS-Guard"),
)
_CONSENT_HOSTS = re.compile(r"(?:consent|guce|myprivacy|cmp)\.[a-z0-9.-]+")


def wall(status: int, headers: Mapping[str, str], body_start: bytes, url: str) -> str | None:
    """Which wall an answer is, in words for the operator; None when nothing shows that it is one.

    `headers`: names in any case. `url`: where the answer was found, after redirects.
    """
    if headers.get("cf-mitigated", "").strip().lower() == "challenge":
        return _sentence("Cloudflare", status)
    if headers.get("x-amzn-waf-action", "").strip().lower() in {"challenge", "captcha"}:
        return _sentence("AWS WAF", status)
    if status in _REFUSALS and "x-datadome" in headers:
        return _sentence("DataDome", status)
    if not _is_page(body_start):
        return None
    host = urlsplit(url).hostname or ""
    if _CONSENT_HOSTS.fullmatch(host):
        return f"a page of {host} that asks for consent came instead of the feed ({status})"
    name = _named(status, headers.get("Server", "").lower(), body_start[:START_BYTES].lower())
    return None if name is None else _sentence(name, status)


def _is_page(body_start: bytes) -> bool:
    opening = body_start[:_MARKUP_BYTES]
    return _PAGE.search(opening) is not None and _FEED.search(opening) is None


def _named(status: int, server: str, body: bytes) -> str | None:
    for mark, name in _MARKS:
        if mark in body:
            return name
    if status in _REFUSALS:
        for sender, mark, name in _REFUSAL_MARKS:
            if sender in server and mark in body:
                return name
    return None


def _sentence(name: str, status: int) -> str:
    return f"the site lets only browsers in: {name} sent a check page instead of the feed ({status})"
