"""The configuration directory, read whole: either everything is right, or every problem is named with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from monitor import urls
from monitor.app import secrets
from monitor.channels import channel
from monitor.errors import ConfigError, Problem
from monitor.ids import feed_id
from monitor.model import Feed, PagePolicy
from monitor.rules import lint, schema
from monitor.rules.schema import RuleSet
from monitor.yaml_file import Place, YamlFile, shown
from monitor.yaml_file import load as load_yaml

LONGEST_DURATION = timedelta(days=365)
LONGEST_TEXT = 200
MOST_PER_HOST = 16
MOST_AT_ONCE = 1_000
MOST_MEGABYTES = 100
MOST_REQUESTS = 1_440  # one a minute
FEEDS = "feeds.yaml"
SLACK_API = "https://slack.com/api/"
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SIZE = re.compile(r"([1-9]\d{0,3})\s*MB")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_EMPTY = "is empty; write a value, in quotes if it begins with # (which begins a comment), or delete it"
_HOST = re.compile(r"(?:[\w-]+\.)+[\w-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.IGNORECASE)


# Each of these says in one sentence what is wrong with a value and what to write; `_problem` puts the key before it.


def _duration(value: object) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a duration; write a number with s, m, h or d, as in 30s or 10m")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > LONGEST_DURATION.total_seconds():
        raise ValueError("is too long; the longest is 365d")
    return timedelta(seconds=seconds)


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
    duration = _duration(value)
    if not duration:
        raise ValueError("is no time at all; write a longer one, as in 30s or 10m")
    return duration


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
    host, _, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    try:
        return Listen(str(ip_address(host.removeprefix("[").removesuffix("]"))), _port(port))
    except ValueError as e:
        raise ValueError("is not an address and a port; write them as 127.0.0.1:8090 or [::1]:8090") from e


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < port < 65_536:
        raise ValueError
    return port


def _pages(value: object) -> PagePolicy:
    if value not in tuple(PagePolicy):
        raise ValueError(f"is not one of {', '.join(PagePolicy)}; auto reads pages unless the feed has the whole text")
    return PagePolicy(str(value))


def _site(value: object) -> str:
    host = value.strip().lower().removeprefix("www.") if isinstance(value, str) else ""
    if not _HOST.fullmatch(host):
        raise ValueError("is not a site; write its host, as in courier.example")
    return host


def _some(value: object, *, remedy: str) -> object:
    if value == []:
        raise ValueError(f"is empty; {remedy}")
    return value


_SOME_FEEDS = partial(_some, remedy="add a feed, as in - {name: Courier, url: https://courier.example/feed}")
_SOME_SITES = partial(_some, remedy="add a site, as in [courier.example]")

YesNo = Annotated[bool, BeforeValidator(_yes_no)]
PerHost = Annotated[int, BeforeValidator(partial(_at_once, most=MOST_PER_HOST))]  # requests in flight
AtOnce = Annotated[int, BeforeValidator(partial(_at_once, most=MOST_AT_ONCE))]  # requests in flight
Size = Annotated[int, BeforeValidator(_size)]  # bytes
Requests = Annotated[float, BeforeValidator(_requests)]  # a feed and day
Pages = Annotated[PagePolicy, BeforeValidator(_pages)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
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


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_nothing(cls, value: object) -> object:
        """None is for keys that are left out. After a key it mostly is a value that begins with an unquoted #."""
        if value is None:
            raise ValueError(_EMPTY)
        return value


class HttpSection(_Section):
    contact: Text | None = None
    allow_networks: tuple[Network, ...] = Field(default=(), strict=False)
    timeout: SomeTime = timedelta(seconds=30)
    stall: SomeTime = timedelta(seconds=15)
    pace: Duration = timedelta(seconds=0.2)
    per_host: PerHost = 2
    at_once: AtOnce = 256
    max_feed: Size = 10_000_000
    max_page: Size = 8_000_000
    robots: YesNo = True


class SlackSection(_Section):
    token: str | None = None
    app_token: str | None = None
    channel: Channel = "#news-alerts"
    ops_channel: Channel | None = None
    api_url: WebUrl = SLACK_API
    timeout: SomeTime = timedelta(seconds=10)
    settle_after: SomeTime = timedelta(seconds=30)


class ScheduleSection(_Section):
    every: SomeTime | None = None  # None: each feed by its own rhythm, within the budget
    budget: Requests = 96.0
    least: SomeTime = timedelta(minutes=5)
    most: SomeTime = timedelta(hours=2)


class BaselineSection(_Section):
    alert_last: Duration = timedelta(0)


class RetentionSection(_Section):
    pages: Duration = timedelta(0)  # as they were downloaded; none is kept


class WebSubSection(_Section):
    callback: Callback
    listen: Address


class PublisherSection(_Section):
    """A house, and the sites that are its own: what they report is one voice."""

    name: Text
    sites: Annotated[tuple[Site, ...], BeforeValidator(_SOME_SITES)] = Field(strict=False)


class MonitorFile(_Section):
    """monitor.yaml"""

    database: File = "var/news.db"
    http: HttpSection = HttpSection()
    slack: SlackSection = SlackSection()
    schedule: ScheduleSection = ScheduleSection()
    baseline: BaselineSection = BaselineSection()
    retention: RetentionSection = RetentionSection()
    websub: WebSubSection | None = None  # None: polling only
    publishers: tuple[PublisherSection, ...] = Field(default=(), strict=False)

    @property
    def owners(self) -> Mapping[str, str]:
        """The owner of each site that is said to have one."""
        return {site: publisher.name for publisher in self.publishers for site in publisher.sites}


class FeedSection(_Section):
    name: Text
    url: WebUrl
    tags: tuple[Text, ...] = Field(default=(), strict=False)
    language: Language | None = None
    every: SomeTime | None = None
    pages: Pages = PagePolicy.AUTO
    sections: tuple[WebUrl, ...] = Field(default=(), strict=False)


class FeedsFile(_Section):
    """feeds.yaml"""

    feeds: Annotated[tuple[FeedSection, ...], BeforeValidator(_SOME_FEEDS)] = Field(strict=False)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the operator decided."""

    directory: Path
    monitor: MonitorFile
    feeds: tuple[Feed, ...]
    rules: RuleSet

    @property
    def database(self) -> Path:
        return Path(self.monitor.database)


def load(directory: Path, *, examples: bool = True, before: RuleSet | None = None) -> Config:
    """Raises ConfigError with every problem of every file. With `examples` those inside the rules are tried too.

    Rule files that are what they were `before` are not read again.
    """
    if not directory.is_dir():
        raise ConfigError(
            [
                Problem(
                    str(directory),
                    0,
                    "there is no such directory; `news-monitor init DIR` writes one to start from",
                )
            ]
        )
    problems: list[Problem] = []
    monitor = _gather(problems, lambda: _monitor(directory))
    feeds = _gather(problems, lambda: load_feeds(directory))
    rules = _gather(problems, lambda: schema.load(directory / "rules", directory / "concepts", before))
    if rules is not None and examples:
        problems.extend(lint.run_examples(rules))
    if problems or monitor is None or feeds is None or rules is None:
        raise ConfigError(problems)
    return Config(directory, monitor, feeds, rules)


def load_monitor(directory: Path) -> MonitorFile:
    """Only monitor.yaml, for commands that need the database and nothing else; raises ConfigError."""
    return _monitor(directory)


def load_feeds(directory: Path) -> tuple[Feed, ...]:
    """Only feeds.yaml; raises ConfigError."""
    return feeds_of(load_yaml(directory / FEEDS))


def feeds_of(file: YamlFile) -> tuple[Feed, ...]:
    """The feeds that a feeds.yaml names; raises ConfigError."""
    section = _validated(FeedsFile, file, file.data if file.data is not None else {})
    problems = [
        Problem(file.name, file.line(("feeds", index, key)), f"{key} {value!r} is used twice; {remedy}")
        for key, remedy in (("name", "give each feed a name of its own"), ("url", "delete one of the two"))
        for index, value in _repeated(getattr(feed, key) for feed in section.feeds)
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(
        Feed(feed_id(feed.url), feed.name, feed.url, feed.tags, feed.language, feed.every, feed.sections, feed.pages)
        for feed in section.feeds
    )


def is_language(text: str) -> bool:
    return _LANGUAGE.fullmatch(text) is not None


def _gather(problems: list[Problem], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigError as e:
        problems.extend(e.problems)
        return None


def _monitor(directory: Path) -> MonitorFile:
    file = load_yaml(directory / "monitor.yaml")
    data, problems = secrets.filled(file)
    monitor = _gather(problems, lambda: _validated(MonitorFile, file, data if data is not None else {}))
    if problems or monitor is None:
        raise ConfigError(problems)
    return monitor


def _repeated(values: Iterable[str]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)


def _validated(model: type[M], file: YamlFile, data: Any) -> M:
    if not isinstance(data, dict):
        known = ", ".join(model.model_fields)
        raise ConfigError([Problem(file.name, 1, f"the file must consist of keys and values; write some of {known}")])
    try:
        return model.model_validate(data)
    except ValidationError as e:
        problems = [_problem(model, file, error) for error in e.errors(include_url=False)]
    raise ConfigError(problems)


def _problem(model: type[BaseModel], file: YamlFile, error: Any) -> Problem:
    place: Place = error["loc"]
    line = file.line(place)
    name = ".".join(str(part) for part in place)
    if error["type"] == "extra_forbidden":
        known = _keys_at(model, place[:-1])
        close = get_close_matches(str(place[-1]), known, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
        return Problem(file.name, line, f"unknown key {name!r}; {hint}")
    if error["type"] == "missing":
        return Problem(file.name, line, f"{name} is missing; add it")
    written = _as_written(file.data, place)  # never the secret that a ${NAME} stands for
    if written is None:
        return Problem(file.name, line, f"{name} {_EMPTY}")
    return Problem(file.name, line, f"{name}: {shown(written)} {_wrong(model, error)}")


def _wrong(model: type[BaseModel], error: Any) -> str:
    """What a value is not, and what to write."""
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "tuple_type":
            return "is not a list; begin each item with a hyphen, or write [a, b]"
        case _:
            return f"is not a mapping; write keys and values, of {', '.join(_keys_at(model, error['loc']))}"


def _as_written(data: Any, place: Place) -> Any:
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that are known at a place: those of the section that the place names."""
    for part in place:
        if isinstance(part, int):
            continue
        field = model.model_fields[part]
        model = next(inner for inner in (field.annotation, *_arguments(field.annotation)) if _is_section(inner))
    return list(model.model_fields)


def _arguments(annotation: Any) -> tuple[Any, ...]:
    return tuple(getattr(annotation, "__args__", ()))


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
