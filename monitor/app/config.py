"""The configuration directory, read whole: either everything is right, or every problem is named with its place.

Only `${NAME}` brings a secret in (environment or systemd credential); one written in clear is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from monitor import urls
from monitor.app.secrets import REFERENCE, look_up
from monitor.errors import ConfigError, Problem
from monitor.ids import feed_id
from monitor.model import Feed
from monitor.rules import lint, schema
from monitor.rules.schema import RuleSet
from monitor.yaml_file import YamlFile
from monitor.yaml_file import load as load_yaml

LONGEST_DURATION = timedelta(days=365)
SLACK_API = "https://slack.com/api/"
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
Place = tuple[str | int, ...]

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SECRET_IN_CLEAR = re.compile(r"xox[a-z]-|xapp-")


def _duration(value: object) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a duration; write a number with s, m, h or d, as in 30s or 10m")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > LONGEST_DURATION.total_seconds():
        raise ValueError("is too long; the longest is 365d")
    return timedelta(seconds=seconds)


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError as e:
        raise ValueError("is not a network; write it as 10.1.0.0/16 or fd00::/8") from e


def _file(value: object) -> object:
    if isinstance(value, str) and "://" in value:
        raise ValueError("is not a file; other databases than SQLite are not available yet")
    return value


def _web_url(value: object) -> str:
    return urls.web_url(str(value))


def _channel(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"#[\w.-]{1,80}|[CGD][A-Z0-9]{6,}", value):
        raise ValueError('is not a channel; write "#name" in quotes (an unquoted # begins a comment), or the id C…')
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Network = Annotated[IPv4Network | IPv6Network, BeforeValidator(_network)]
WebUrl = Annotated[str, BeforeValidator(_web_url)]
Channel = Annotated[str, BeforeValidator(_channel)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class HttpSection(_Section):
    contact: str | None = None
    allow_networks: tuple[Network, ...] = Field(default=(), strict=False)
    timeout: Duration = timedelta(seconds=30)
    pace: Duration = timedelta(seconds=0.2)


class SlackSection(_Section):
    token: str | None = None
    app_token: str | None = None
    channel: Channel = "#news-alerts"
    ops_channel: Channel | None = None
    api_url: WebUrl = SLACK_API
    timeout: Duration = timedelta(seconds=10)
    settle_after: Duration = timedelta(seconds=30)


class ScheduleSection(_Section):
    every: Duration = timedelta(minutes=10)


class BaselineSection(_Section):
    alert_last: Duration = timedelta(0)


class MonitorFile(_Section):
    """monitor.yaml"""

    database: Annotated[str, BeforeValidator(_file)] = "var/news.db"
    http: HttpSection = HttpSection()
    slack: SlackSection = SlackSection()
    schedule: ScheduleSection = ScheduleSection()
    baseline: BaselineSection = BaselineSection()


class FeedSection(_Section):
    name: str = Field(min_length=1, max_length=200)
    url: WebUrl
    tags: tuple[str, ...] = Field(default=(), strict=False)
    language: str | None = None
    every: Duration | None = None


class FeedsFile(_Section):
    """feeds.yaml"""

    feeds: tuple[FeedSection, ...] = Field(strict=False, min_length=1)


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


def load(directory: Path, *, examples: bool = True) -> Config:
    """Raises ConfigError with every problem of every file. With `examples` those inside the rules are tried too."""
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
    feeds = _gather(problems, lambda: _feeds(directory))
    rules = _gather(problems, lambda: schema.load(directory / "rules", directory / "concepts"))
    if rules is not None and examples:
        problems.extend(lint.run_examples(rules))
    if problems or monitor is None or feeds is None or rules is None:
        raise ConfigError(problems)
    return Config(directory, monitor, feeds, rules)


def load_monitor(directory: Path) -> MonitorFile:
    """Only monitor.yaml, for commands that need the database and nothing else; raises ConfigError."""
    return _monitor(directory)


def _gather(problems: list[Problem], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigError as e:
        problems.extend(e.problems)
        return None


def _monitor(directory: Path) -> MonitorFile:
    path = directory / "monitor.yaml"
    file = load_yaml(path)
    data, problems = _with_secrets(file)
    if problems:
        raise ConfigError(problems)
    return _validated(MonitorFile, file, data if data is not None else {})


def _feeds(directory: Path) -> tuple[Feed, ...]:
    file = load_yaml(directory / "feeds.yaml")
    section = _validated(FeedsFile, file, file.data if file.data is not None else {})
    problems = [
        Problem(file.name, file.line(("feeds", index, key)), f"{key} {value!r} is used twice; {remedy}")
        for key, remedy in (("name", "give each feed a name of its own"), ("url", "delete one of the two"))
        for index, value in _repeated(getattr(feed, key) for feed in section.feeds)
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(
        Feed(feed_id(feed.url), feed.name, feed.url, feed.tags, feed.language, feed.every) for feed in section.feeds
    )


def _repeated(values: Iterable[str]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)


def _with_secrets(file: YamlFile) -> tuple[Any, list[Problem]]:
    """The data with every `${NAME}` filled in. A Slack token that is set nowhere is no token."""
    problems: list[Problem] = []

    def fill(value: Any, place: Place) -> Any:
        if isinstance(value, dict):
            return {key: fill(inner, (*place, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [fill(inner, (*place, index)) for index, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        if _SECRET_IN_CLEAR.search(value):
            problems.append(
                Problem(
                    file.name,
                    file.line(place),
                    "a secret stands here in clear; put it in an environment variable or a systemd credential, "
                    "and write its name as ${NAME} (and revoke this one: it has been on disk)",
                )
            )
            return None
        if place[-1] in ("token", "app_token") and not REFERENCE.fullmatch(value):
            problems.append(
                Problem(
                    file.name,
                    file.line(place),
                    f"{place[-1]} must be the name of an environment variable or a systemd credential, as in "
                    "${SLACK_BOT_TOKEN}; a secret never stands in a file",
                )
            )
            return None
        missing = [name for name in REFERENCE.findall(value) if look_up(name) is None]
        if missing and place[-1] in ("token", "app_token"):
            return None
        problems.extend(
            Problem(
                file.name,
                file.line(place),
                f"${{{name}}} is set nowhere; set it in the environment or as a systemd credential",
            )
            for name in missing
        )
        return REFERENCE.sub(lambda match: look_up(match[1]) or "", value)

    return fill(file.data, ()), problems


def _validated(model: type[M], file: YamlFile, data: Any) -> M:
    if not isinstance(data, dict):
        raise ConfigError([Problem(file.name, 1, f"must be a mapping of {_keys(model)}")])
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
    said = error["msg"].removeprefix("Value error, ")
    shown = repr(_as_written(file.data, place))  # never the secret that a ${NAME} stands for
    if error["type"] == "value_error":
        return Problem(file.name, line, f"{name}: {shown} {said}")
    return Problem(file.name, line, f"{name}: {said[:1].lower() + said[1:]}, not {shown[:80]}")


def _as_written(data: Any, place: Place) -> Any:
    for part in place:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _keys(model: type[BaseModel]) -> str:
    return ", ".join(model.model_fields)


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
