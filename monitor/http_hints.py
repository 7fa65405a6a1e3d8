"""What a server says about time, in its headers. Pure.

Its clock is compared with itself; with ours (`now`) only when it does not tell the time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST: Final = timedelta(days=7)  # that a server can make us wait

_SECONDS = re.compile(r"[0-9]{1,18}")


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the server asks to be left alone (RFC 9110 section 10.2.3)."""
    text = headers.get("Retry-After", "").strip()
    return _bounded(_seconds(text) or _until(text, headers, now))


def fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long the server says that asking again is useless (RFC 9111 section 4.2)."""
    directives = _cache_control(headers.get("Cache-Control", ""))
    if "no-cache" in directives or "no-store" in directives:
        return None
    lifetime = _seconds(directives.get("max-age", ""))
    if lifetime is None:
        return _bounded(_until(headers.get("Expires", ""), headers, now))
    return _bounded(lifetime - (_seconds(headers.get("Age", "").strip()) or timedelta()))


def _cache_control(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _seconds(text: str) -> timedelta | None:
    return timedelta(seconds=min(int(text), 10**9)) if _SECONDS.fullmatch(text) else None


def _until(text: str, headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How far a date lies ahead, by the server's clock: it may be wrong, but then it is wrong in both."""
    later = _http_date(text)
    return None if later is None else later - (_http_date(headers.get("Date", "")) or now)


def _http_date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _bounded(wait: timedelta | None) -> timedelta | None:
    return min(wait, LONGEST) if wait is not None and wait > timedelta() else None
