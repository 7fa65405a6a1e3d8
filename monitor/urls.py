"""One spelling per address.

`web_url` says whether a text is an address we would dial; `canonical` is the key by which two links are the
same page. Only what `web_url` returns is fetched or shown; a key is for comparing.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from w3lib.url import canonicalize_url, safe_url_string

MAX_URL = 4096  # characters
REMEMBERED = 8_192  # addresses: feeds are asked by turns, and where not all have a place, none is found

_DEFAULT_PORTS = {80, 443}
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
_CONTROL = re.compile("[\x00-\x20\x7f-\x9f\ud800-\udfff]")
_EDITION = re.compile(r"^(?:(?:www\d?|m|mobile|amp)\.)+(?=[^.]+\.[^.])")
_AMP_CACHE = re.compile(
    r"(?:(?:www\.)?google(?:\.[a-z]{2,3}){1,2}/amp|[a-z0-9-]+\.cdn\.ampproject\.org/[acv]|www\.bing-amp\.com/c)"
    r"/(?P<secure>s/)?(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?P<path>/.*)?"
)
_AMP_QUERY = frozenset({"amp", "amp=", "amp=1", "amp=true", "outputtype=amp", "output=amp"})
# Of a page whose own name has a hyphen or a long number: `/tools/amp` may well be about amplifiers.
_AMP_PATH = re.compile(r"(.*/[^/]*(?:-|\d{5})[^/]*?)(?:/amp/?|\.amp(\.html?)?)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_", "matomo_", "piwik_", "hsa_", "itm_", "guce_referrer", "__hs")
# fmt: off
_TRACKING = frozenset({
    "fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid", "twclid",
    "ttclid", "li_fat_id", "igshid", "igsh", "srsltid", "epik", "_ga", "_gl", "_hsenc", "_hsmi",
    "hsctatracking", "mc_cid", "mc_eid", "mkt_tok", "vero_id", "oly_enc_id", "oly_anon_id",
    "wickedid", "at_medium", "at_campaign", "at_campaign_type", "at_custom1", "at_custom2",
    "at_custom3", "at_custom4", "at_format", "at_link_id", "at_link_origin", "at_link_type",
    "at_bbc_team", "at_ptr_name", "ns_mchannel", "ns_source", "ns_campaign", "ns_linkname", "ns_fee",
    "__twitter_impression", "cmpid", "ftag", "ftcamp", "maca", "guccounter", "ocid", "s_cid", "smid",
    "soc_src", "soc_trk", "taid", "traffic_source", "wt.mc_id", "wt_mc", "xtor",
})
# fmt: on
# These names mean a page on some sites (`?ref=main`, `?mod=viewthread`), so the value decides.
_TRACKING_BY_VALUE = re.compile(
    r"(?:ref|source|src|from|partner|emc|mod|feedtype)=(?:rss|feed|atom|twitter|facebook|newsletter)(?:_[a-z_]*)?",
    re.IGNORECASE,
)


@lru_cache(REMEMBERED)  # the feeds' addresses are asked for at every poll
def web_url(text: str) -> str:
    """The address as it goes over the wire, in ASCII, or a ValueError that says what is wrong with it."""
    text = text.strip()
    parts = _split(text)
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{text[:200]!r} is not a web address; it must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("an address must not carry a user name or password")
    if not parts.netloc or "\\" in parts.netloc or _CONTROL.search(text.replace(" ", "")):
        raise ValueError(f"{text[:200]!r} is not a usable web address")
    spelled = safe_url_string(text)
    if len(spelled) > MAX_URL:
        raise ValueError(f"the address is longer than {MAX_URL} characters")
    _check_host(_split(spelled))
    return spelled


def canonical(url: str) -> str:
    """The key of a page. Raises ValueError as `web_url` does.

    Merges only what no server tells apart: http and https, default ports, the order and the encoding of
    parameters, fragments, and parameters that follow readers around.
    """
    parts = urlsplit(canonicalize_url(web_url(url)))
    host = _bracketed((parts.hostname or "").rstrip("."))
    netloc = host if parts.port is None or parts.port in _DEFAULT_PORTS else f"{host}:{parts.port}"
    query = "&".join(item for item in parts.query.split("&") if not _tracks(item))
    return urlunsplit(("https", netloc, parts.path or "/", query, ""))


def article_key(url: str) -> str:
    """The key of an article's page, in whatever edition a link leads to it. Raises ValueError as `web_url` does.

    Merges more than `canonical`: www, the editions for phones and of AMP, copies in AMP caches, and a slash at the
    end. Servers do tell these apart, but nobody publishes another article there. Never fetched: it may not exist.
    """
    parts = urlsplit(canonical(_out_of_cache(web_url(url))))
    query = "&".join(item for item in parts.query.split("&") if item.lower() not in _AMP_QUERY)
    path = parts.path
    if (found := _AMP_PATH.fullmatch(path)) is not None:
        path = f"{found[1]}{found[2] or ''}"
    return urlunsplit((parts.scheme, _EDITION.sub("", parts.netloc), path.rstrip("/"), query, ""))


def edition_free(key: str) -> str:
    """A key of `canonical` without what tells a site's editions apart: www, those for phones, a slash at the end."""
    parts = urlsplit(key)
    return urlunsplit(parts._replace(netloc=_EDITION.sub("", parts.netloc), path=parts.path.rstrip("/")))


def editions(key: str) -> tuple[str, ...]:
    """A key of `canonical`, and those under which the same page may be known."""
    bare = urlsplit(edition_free(key))
    spelled = (
        urlunsplit(bare._replace(netloc=f"{edition}{bare.netloc}", path=f"{bare.path}{slash}"))
        for edition in ("", "www.", "m.")
        for slash in ("", "/")
    )
    return tuple(dict.fromkeys((key, *spelled)))


def site(url: str) -> str:
    """The host as people name it: `https://www.example.org:8080/a` is `example.org`."""
    return (urlsplit(url).hostname or "").rstrip(".").removeprefix("www.")


def same_site(url: str, other: str) -> bool:
    """Whether two addresses are of one site, its edition for phones or of AMP pages included."""
    return _house(url) == _house(other)


@lru_cache(4_096)
def origin(url: str) -> str:
    """The host and port that a request for the address would go to."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def join(base: str, link: str) -> str | None:
    """The link as found on the page at `base`, made absolute; None when it leads nowhere on the web."""
    try:
        return web_url(urljoin(base, link.strip()))
    except ValueError:
        return None


def _house(url: str) -> str:
    return _EDITION.sub("", (urlsplit(url).hostname or "").rstrip("."))


def _out_of_cache(url: str) -> str:
    """Where an AMP cache has its copy from (developers.google.com/amp/cache/overview)."""
    parts = urlsplit(url)
    found = _AMP_CACHE.fullmatch(f"{parts.hostname}{parts.path}")
    if found is None:
        return url
    scheme = "https" if found["secure"] else "http"
    path: str = found["path"] or "/"
    return urlunsplit((scheme, str(found["host"]), path, parts.query, ""))


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{text[:200]!r} is not a usable web address: {error}") from error
    return parts


def _check_host(parts: SplitResult) -> None:
    host = parts.hostname or ""
    if parts.port == 0:
        raise ValueError("port 0 cannot be reached")
    try:
        if ":" in host and "%" not in host:  # a zone (RFC 6874) means this machine's network
            IPv6Address(host)
            return
        # Resolvers take 2130706433, 0x7f.1 and 0177.0.0.1 for addresses; only the usual spelling may pass.
        if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
            IPv4Address(host)
            return
    except ValueError as error:
        raise ValueError(f"{host!r} is not a usable address: {error}") from error
    if not _HOST.fullmatch(host) or len(host) > 254:
        raise ValueError(f"{host[:200]!r} is not a host name")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _tracks(item: str) -> bool:
    name = item.partition("=")[0].lower()
    if name in _TRACKING or name.startswith(_TRACKING_PREFIXES):
        return True
    return _TRACKING_BY_VALUE.fullmatch(item) is not None
