"""The configuration directory, read whole: either everything is right, or every problem is named with its place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from monitor.app import secrets
from monitor.app.config_sections import FeedsFile, MonitorFile
from monitor.app.config_values import EMPTY
from monitor.app.secrets import Filled
from monitor.errors import ConfigError, Problem
from monitor.ids import feed_id
from monitor.model import Feed
from monitor.rules import lint, origins, schema
from monitor.rules.schema import RuleSet
from monitor.yaml_file import Place, YamlFile, shown
from monitor.yaml_file import load as load_yaml

FEEDS = "feeds.yaml"
SINKS = "sinks"  # the section of monitor.yaml
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the operator decided."""

    directory: Path
    monitor: MonitorFile
    feeds: tuple[Feed, ...]
    rules: RuleSet  # in force
    written: RuleSet  # as the files have them; the same, unless one of them is held back
    failing: Mapping[str, tuple[Problem, ...]]  # by its name, each rule of which an example does not come out

    @property
    def database(self) -> Path:
        return Path(self.monitor.database)


def load(directory: Path, *, examples: bool = True, before: RuleSet | None = None, sends: bool = True) -> Config:
    """Raises ConfigError with every problem of every file. With `examples` those inside the rules are tried too.

    An example that fails is no reason to refuse the rest; what becomes of its rule is for `app/rule_book.py` to say.
    Rule files that are what they were `before` are not read again. Who sends nothing needs no secrets of sinks: without
    `sends` those that are set nowhere are no problem, and there are no sinks then.
    """
    _check_there(directory)
    problems: list[Problem] = []
    monitor = _gather(problems, lambda: _monitor(directory, sends=sends))
    feeds = _gather(problems, lambda: load_feeds(directory))
    rules = _gather(problems, lambda: schema.load(directory / "rules", directory / "concepts", before))
    if feeds is not None and rules is not None:
        tags = {tag for feed in feeds for tag in feed.tags}
        problems.extend(origins.unknown(rules, feeds={feed.name for feed in feeds}, tags=tags))
    if problems or monitor is None or feeds is None or rules is None:
        raise ConfigError(problems)
    failing = lint.run_examples(rules) if examples else {}
    return Config(directory, monitor, feeds, rules, rules, failing)


def doubts(config: Config) -> tuple[Problem, ...]:
    """What may be meant and may be a slip: secrets that only the daemon has, a channel that nothing is told to."""
    file, monitor = load_yaml(config.directory / "monitor.yaml"), config.monitor
    told = {rule.channel or monitor.slack.channel for rule in config.rules.rules}
    found = _unset(secrets.filled(file))
    for index, section in enumerate(monitor.routing.channels):
        if section.channel not in told:
            close = get_close_matches(section.channel, told, 1)
            hint = f"did you mean {close[0]!r}?" if close else "delete it, or name it in a rule"
            line = file.line(("routing", "channels", index, "channel"))
            found.append(Problem(file.name, line, f"no rule tells anything to {section.channel!r}; {hint}"))
    return tuple(found)


def load_monitor(directory: Path) -> MonitorFile:
    """Only monitor.yaml, for commands that need the database and send nothing; raises ConfigError."""
    _check_there(directory)
    return _monitor(directory, sends=False)


def load_feeds(directory: Path) -> tuple[Feed, ...]:
    """Only feeds.yaml; raises ConfigError."""
    _check_there(directory)
    return feeds_of(load_yaml(directory / FEEDS))


def _check_there(directory: Path) -> None:
    if not directory.is_dir():
        words = "there is no such directory; `news-monitor init DIR` writes one, and `--config DIR` names another"
        raise ConfigError([Problem(str(directory), 0, words)])


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


def _gather(problems: list[Problem], read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ConfigError as e:
        problems.extend(e.problems)
        return None


def _unset(filled: Filled) -> list[Problem]:
    """What is set nowhere, of what only the sinks need."""
    return [problem for place, problem in filled.unset if place[0] == SINKS]


def _monitor(directory: Path, *, sends: bool = True) -> MonitorFile:
    file = load_yaml(directory / "monitor.yaml")
    filled = secrets.filled(file)
    spared = [] if sends else _unset(filled)
    problems = [problem for problem in filled.problems if problem not in spared]
    data = {} if filled.data is None else filled.data
    monitor = _gather(problems, lambda: _validated(MonitorFile, file, data, filled.refused))
    if monitor is None and spared and not problems:
        monitor = _validated(MonitorFile, file, {key: value for key, value in data.items() if key != SINKS})
    for sink, name in monitor.sinks.doubles() if monitor else ():
        problems.append(
            Problem(file.name, file.line((SINKS,)), f"sinks: {sink} has two that are called {name!r}; rename one")
        )
    channels = [section.channel for section in monitor.routing.channels] if monitor else []
    for index, name in _repeated(channels):
        place = ("routing", "channels", index, "channel")
        message = f"routing.channels.{index}.channel: {name!r} is there twice; write all of it in one place"
        problems.append(Problem(file.name, file.line(place), message))
    if problems or monitor is None:
        raise ConfigError(problems)
    if monitor.canary is not None and monitor.slack.token is not None and monitor.slack.ops_channel is None:
        message = "canary: there is no channel for it; set slack.ops_channel, so that readers do not get its tests"
        raise ConfigError([Problem(file.name, file.line(("canary",)), message)])
    return monitor


def _repeated(values: Iterable[str]) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index, value
        seen.add(value)


def _validated(model: type[M], file: YamlFile, data: Any, refused: Collection[Place] = ()) -> M:
    """`refused`: what is missing because something was said of it already."""
    if not isinstance(data, dict):
        known = ", ".join(model.model_fields)
        raise ConfigError([Problem(file.name, 1, f"the file must consist of keys and values; write some of {known}")])
    try:
        return model.model_validate(data)
    except ValidationError as e:
        errors = [error for error in e.errors(include_url=False) if error["loc"] not in refused]
        problems = [_problem(model, file, error) for error in errors]
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
        return Problem(file.name, line, f"{name} {EMPTY}")
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
