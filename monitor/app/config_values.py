"""The kinds of value that the configuration knows. Each refuses with one sentence: what is wrong, what to write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, field_validator

from monitor import urls
from monitor.channels import channel
from monitor.model import PagePolicy
from monitor.spans import span

LONGEST_DURATION = timedelta(days=365)
LONGEST_TEXT = 200
MOST_PER_HOST = 16
MOST_AT_ONCE = 1_000
MOST_MEGABYTES = 100
MOST_REQUESTS = 1_440  # one a minute

_SIZE = re.compile(r"([1-9]\d{0,3})\s*MB")
EMPTY = "is empty; write a value, in quotes if it begins with # (which begins a comment), or delete it"
_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE)


# Each of these says in one sentence what is wrong with a value and what to write; `_problem` puts the key before it.


def duration(value: object) -> timedelta:
    said = span(value)
    if said is None:
        raise ValueError("is not a duration; write a number with s, m, h, d or w, as in 30s or 10m")
    if said > LONGEST_DURATION:
        raise ValueError("is too long; the longest is 365d")
    return said


def _yes_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither yes nor no; write true or false")
    return value


def _at_once(value: object, *, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise ValueError(f"is not a number of requests at once; write one between 1 and {most}")
    return value


def _size(value: object) -> int:
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) > MOST_MEGABYTES:
        raise ValueError(f"is not a size; write a number of megabytes up to {MOST_MEGABYTES}, as in 10MB")
    return int(match[1]) * 1_000_000


def _requests(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= MOST_REQUESTS:
        raise ValueError(f"is not a number of requests a day; write one between 1 and {MOST_REQUESTS}")
    return float(value)


def _some_time(value: object) -> timedelta:
    span = duration(value)
    if not span:
        raise ValueError("is no time at all; write a longer one, as in 30s or 10m")
    return span


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text; write words, in quotes if they look like something else")
    if not value.strip():
        raise ValueError("is empty; write some words")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"is longer than {LONGEST_TEXT} characters; shorten it")
    if not value.isprintable():
        raise ValueError("has a character that cannot be seen; write it again without")
    return value


def is_language(text: str) -> bool:
    return _LANGUAGE.fullmatch(text) is not None


def _language(value: object) -> str:
    if not isinstance(value, str) or not is_language(value):
        raise ValueError("is not a language; write a code such as en or sr-Latn")
    return value


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError as e:
        raise ValueError("is not a network; write it as 10.1.0.0/16 or fd00::/8") from e


def _file(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("is not the name of a file; write a path, as in var/news.db")
    if "://" in value:
        raise ValueError("is not a file; write a path, as other databases than SQLite are not available yet")
    return value


def _web_url(value: object) -> str:
    try:
        return urls.web_url(value if isinstance(value, str) else "")
    except ValueError as e:
        raise ValueError(
            "is not a usable web address; write one that begins with http:// or https:// and names no user"
        ) from e


def _callback(value: object) -> str:
    url = _web_url(value)
    if "?" in url or "#" in url:
        raise ValueError("has more than a path; write it without ? and #, as in https://news.example.org/push")
    return url.rstrip("/")


@dataclass(frozen=True, slots=True)
class Listen:
    """An address of this machine, and a port."""

    host: str
    port: int


def _listen(value: object) -> Listen:
    host, _, digits = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    try:
        return Listen(str(ip_address(host.removeprefix("[").removesuffix("]"))), port(digits))
    except ValueError as e:
        raise ValueError("is not an address and a port; write them as 127.0.0.1:8090 or [::1]:8090") from e


def port(text: str) -> int:
    """Raises ValueError."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number < 65_536:
        raise ValueError
    return number


def _pages(value: object) -> PagePolicy:
    if value not in tuple(PagePolicy):
        raise ValueError(f"is not one of {', '.join(PagePolicy)}; auto reads pages unless the feed has the whole text")
    return PagePolicy(str(value))


def _site(value: object) -> str:
    host = value.strip().lower().removeprefix("www.") if isinstance(value, str) else ""
    if not _HOST.fullmatch(host):
        raise ValueError("is not a site; write its host, as in courier.example")
    return host


def some(value: object, *, remedy: str) -> object:
    if value == []:
        raise ValueError(f"is empty; {remedy}")
    return value


YesNo = Annotated[bool, BeforeValidator(_yes_no)]
PerHost = Annotated[int, BeforeValidator(partial(_at_once, most=MOST_PER_HOST))]  # requests in flight
AtOnce = Annotated[int, BeforeValidator(partial(_at_once, most=MOST_AT_ONCE))]  # requests in flight
Size = Annotated[int, BeforeValidator(_size)]  # bytes
Requests = Annotated[float, BeforeValidator(_requests)]  # a feed and day
Pages = Annotated[PagePolicy, BeforeValidator(_pages)]
Duration = Annotated[timedelta, BeforeValidator(duration)]
SomeTime = Annotated[timedelta, BeforeValidator(_some_time)]
Site = Annotated[str, BeforeValidator(_site)]
Text = Annotated[str, BeforeValidator(_text)]
Language = Annotated[str, BeforeValidator(_language)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
File = Annotated[str, BeforeValidator(_file)]
WebUrl = Annotated[str, BeforeValidator(_web_url)]
Callback = Annotated[str, BeforeValidator(_callback)]
Address = Annotated[Listen, BeforeValidator(_listen)]
Channel = Annotated[str, BeforeValidator(channel)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_nothing(cls, value: object) -> object:
        """None is for keys that are left out. After a key it mostly is a value that begins with an unquoted #."""
        if value is None:
            raise ValueError(EMPTY)
        return value
