"""The configuration directory: what is accepted, and what is said of everything that is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_origin

import pytest
import yaml

from monitor.app import config
from monitor.app.build import http_settings
from monitor.app.config_sections import FeedSection, FeedsFile, HttpSection, MonitorFile
from monitor.errors import ConfigError
from monitor.http import HttpSettings
from tests.newsroom import write_config

# None of them is right for any key, but for an empty list or mapping where there may be one.
WRONG = ("7", "1.5", "true", "[]", "[7]", "{}", "{x: y}", "''", "' '", "~", '"\\n"')
RIGHT = {
    "database": "var/news.db",
    "http.contact": "desk@example.org",
    "http.allow_networks": "[10.1.0.0/16]",
    "http.allow_networks.0": "10.1.0.0/16",
    "http.timeout": "30s",
    "http.pace": "0s",
    "http.per_host": "4",
    "http.at_once": "64",
    "http.stall": "5s",
    "http.max_feed": "20MB",
    "http.max_page": "1 MB",
    "http.robots": "false",
    "slack.token": "${NEWS_TEST_TOKEN}",
    "slack.app_token": "${NEWS_TEST_TOKEN}",
    "slack.channel": "'#news'",
    "slack.ops_channel": "C0123456789",
    "slack.allowed_users": "[U0123ABCD]",
    "slack.allowed_channels": "['#news', C0123456789]",
    "slack.api_url": "https://slack.com/api/",
    "slack.timeout": "10s",
    "slack.settle_after": "1m",
    "schedule.every": "10m",
    "schedule.budget": "48",
    "schedule.least": "2m",
    "schedule.most": "1h",
    "baseline.alert_last": "0h",
    "retention.pages": "14d",
    "websub": "{callback: 'https://news.example.org/push', listen: '127.0.0.1:8090'}",
    "websub.callback": "https://news.example.org/push",
    "websub.listen": "'[::1]:8090'",
    "canary": "{every: 6h}",
    "canary.every": "1h",
    "heartbeat": "{every: 5m}",
    "heartbeat.url": "${NEWS_TEST_URL}",
    "heartbeat.every": "1m",
    "web": "{listen: '127.0.0.1:8091'}",
    "web.listen": "'[::1]:8091'",
    "feeds": "[{name: A, url: 'https://a.example/'}]",
    "feeds.0": "{name: A, url: 'https://a.example/'}",
    "feeds.0.name": "Courier",
    "feeds.0.url": "https://courier.example/feed",
    "feeds.0.tags": "[balkans]",
    "feeds.0.tags.0": "balkans",
    "feeds.0.language": "sr-Latn",
    "feeds.0.every": "90s",
    "feeds.0.pages": "never",
    "feeds.0.sections": "[https://courier.example/world/feed]",
    "feeds.0.sections.0": "https://courier.example/world/feed",
    "http": "{}",
    "slack": "{}",
    "schedule": "{}",
    "baseline": "{}",
    "retention": "{}",
    "sinks": "{}",
    "sinks.webhooks": "[{name: A, url: https://a.example/, secret: '${NEWS_TEST_SECRET}'}]",
    "sinks.webhooks.0": "{name: A, url: https://a.example/, secret: '${NEWS_TEST_SECRET}'}",
    "sinks.webhooks.0.name": "A",
    "sinks.webhooks.0.severity": "high",
    "sinks.webhooks.0.operations": "true",
    "sinks.webhooks.0.url": "https://a.example/",
    "sinks.webhooks.0.secret": "${NEWS_TEST_SECRET}",
    "sinks.email": "{host: a.example, sender: a@b.example, readers: [{name: A, to: [a@b.example]}]}",
    "sinks.email.host": "a.example",
    "sinks.email.port": "465",
    "sinks.email.tls": "none",
    "sinks.email.user": "desk",
    "sinks.email.password": "${NEWS_TEST_SECRET}",
    "sinks.email.sender": "a@b.example",
    "sinks.email.readers": "[{name: A, to: [a@b.example]}]",
    "sinks.email.readers.0": "{name: A, to: [a@b.example]}",
    "sinks.email.readers.0.to": "[a@b.example]",
    "sinks.email.readers.0.to.0": "a@b.example",
    "sinks.apprise": "[{name: A, service: '${NEWS_TEST_SERVICE}'}]",
    "sinks.apprise.0": "{name: A, service: '${NEWS_TEST_SERVICE}'}",
    "sinks.apprise.0.service": "${NEWS_TEST_SERVICE}",
    "sinks.atom": "[{name: A, file: var/alerts.atom}]",
    "sinks.atom.0": "{name: A, file: var/alerts.atom}",
    "sinks.atom.0.file": "var/alerts.atom",
    "retention.articles": "365d",
    "retention.polls": "30d",
    "publishers": "[{name: A House, sites: [a.example]}]",
    "publishers.0": "{name: A House, sites: [a.example]}",
    "publishers.0.name": "A House",
    "publishers.0.sites": "[a.example, www.b.example]",
    "publishers.0.sites.0": "a.example",
    "routing": "{}",
    "routing.time_zone": "Europe/Belgrade",
    "routing.quiet": "[{hours: '22:00-07:00'}]",
    "routing.quiet.0": "{hours: 22:00 - 07:00, days: sat-mon}",
    "routing.quiet.0.hours": "22:00-07:00",
    "routing.quiet.0.days": "mon-fri, sun",
    "routing.breakthrough": "high",
    "routing.digest": "{below: high, cron: 0 8 * * *}",
    "routing.digest.below": "high",
    "routing.digest.cron": "0 8,17 * * mon-fri",
    "routing.group": "5m",
    "routing.storm": "{messages: 10, within: 5m}",
    "routing.storm.messages": "10",
    "routing.storm.within": "5m",
    "routing.mentions": "{high: [S0123456]}",
    "routing.mentions.high": "[U0123456, S0123456]",
    "routing.mentions.critical": "['@here']",
    "routing.mentions.critical.0": "here",
    "routing.fresh": "1h",
    "routing.fresh_critical": "2d",
    "routing.channels": "[{channel: '#desk', group: 1m}]",
    "routing.channels.0": "{channel: '#desk', mentions: {critical: [here]}}",
    "routing.channels.0.channel": "'#desk'",
    "routing.channels.0.group": "1m",
}
MAPPINGS = (
    *("http", "slack", "schedule", "baseline", "retention", "websub", "web", "heartbeat", "canary"),
    *("routing", "sinks", "sinks.email"),
    *("publishers.0", "feeds.0", "routing.quiet.0", "routing.digest", "routing.storm", "routing.mentions"),
    *("routing.channels.0", "sinks.webhooks.0", "sinks.email.readers.0", "sinks.apprise.0", "sinks.atom.0"),
)
LISTS = (
    *("routing.quiet", "routing.mentions.high", "routing.mentions.critical", "routing.channels"),
    *("http.allow_networks", "feeds.0.tags", "feeds.0.sections", "publishers", "publishers.0.sites", "feeds"),
    *("sinks.webhooks", "sinks.email.readers", "sinks.email.readers.0.to", "sinks.apprise", "sinks.atom"),
    *("slack.allowed_users", "slack.allowed_channels"),
)
YES_NO = ("http.robots", "sinks.webhooks.0.operations")
NUMBERS = ("schedule.budget", "http.per_host", "http.at_once", "sinks.email.port", "routing.storm.messages")
REQUIRED = {  # beside any other key
    "feeds.0": ("name: A", "url: https://a.example/"),
    "publishers.0": ("name: A House", "sites: [a.example]"),
    "routing.quiet.0": ("hours: 22:00-07:00",),
    "routing.digest": ("below: high", "cron: 0 8 * * *"),
    "routing.channels.0": ("channel: C0123456789",),
    "websub": ("callback: https://a.example/", "listen: 127.0.0.1:1"),
    "sinks.webhooks.0": ("name: A", "url: https://a.example/", "secret: ${NEWS_TEST_SECRET}"),
    "sinks.email": ("host: a.example", "sender: a@b.example", "readers: [{name: A, to: [a@b.example]}]"),
    "sinks.email.readers.0": ("name: A", "to: [a@b.example]"),
    "sinks.apprise.0": ("name: A", "service: ${NEWS_TEST_SERVICE}"),
    "sinks.atom.0": ("name: A", "file: var/alerts.atom"),
}
NOT_OURS = re.compile(r"Input|input should|instance|pydantic|valid |None|True|False|tuple|dict")


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWS_TEST_TOKEN", "xoxb-1")
    monkeypatch.setenv("NEWS_TEST_SECRET", "a long enough secret")
    monkeypatch.setenv("NEWS_TEST_SERVICE", "json://127.0.0.1/")
    monkeypatch.setenv("NEWS_TEST_URL", "https://beats.example/key")


def read(directory: Path, key: str, value: str) -> list[str]:
    """The problems with a file in which one key has a value, written over several lines; without its directory."""
    file = "feeds.yaml" if key.startswith("feeds") else "monitor.yaml"
    (directory / file).write_text(_text(key, value), "utf-8")
    try:
        config.load_feeds(directory) if file == "feeds.yaml" else config._monitor(directory)
    except ConfigError as e:
        return [str(problem).removeprefix(f"{directory}/") for problem in e.problems]
    return []


def _text(key: str, value: str) -> str:
    """The value stands last, and so does the line of its problem."""
    lines: list[str] = []
    for depth, part in enumerate(key.split(".")):
        beside = REQUIRED.get(".".join(key.split(".")[:depth]), ())
        lines += ["  " * depth + field for field in beside if not field.startswith(f"{part}:")]
        lines.append("  " * depth + ("-" if part.isdigit() else f"{part}:"))
    return "\n".join(lines) + f" {value}\n"


def _keys() -> Iterator[str]:
    """Every key there is, of the models themselves."""
    for name, field in MonitorFile.model_fields.items():
        yield name
        sections = (field.annotation, *getattr(field.annotation, "__args__", ()))
        at = f"{name}.0" if get_origin(field.annotation) is tuple else name
        yield from (f"{at}.{inner}" for section in sections for inner in getattr(section, "model_fields", ()))
    yield from FeedsFile.model_fields
    yield from (f"feeds.0.{inner}" for inner in FeedSection.model_fields)


def test_the_table_has_every_key() -> None:
    """A key that is added must be added here."""
    assert set(_keys()) <= set(RIGHT)


@pytest.mark.parametrize("key", RIGHT)
def test_what_a_key_takes(tmp_path: Path, key: str) -> None:
    """The examples of the table are accepted, so what is refused below is refused for its value."""
    assert [] == read(tmp_path, key, RIGHT[key])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (key, value)
        for key in RIGHT
        for value in WRONG
        if not (key in MAPPINGS and value.startswith("{"))
        and not (key in LISTS and value.startswith("["))
        and not (key in NUMBERS and re.fullmatch(r"[0-9.]+", value))
        and not (key in YES_NO and value in ("true", "false"))
    ],
)
def test_a_wrong_value_is_one_sentence(tmp_path: Path, key: str, value: str) -> None:
    """Whatever is wrong at whatever key: file and line, the key, what is wrong; what to do. In our words, and once."""
    problems = read(tmp_path, key, value)
    file = "feeds.yaml" if key.startswith("feeds") else "monitor.yaml"
    at = (tmp_path / file).read_text().count("\n")
    assert 1 == len(problems), problems
    assert re.fullmatch(rf"{file}:{at}: {re.escape(key)}[: ][^\n]+; [^\n]+", problems[0]), problems
    assert not NOT_OURS.search(problems[0])


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("schedule.budget", "0", "schedule.budget: 0 is not a number of requests a day; write one between 1 and 1440"),
        ("http.at_once", "0", "http.at_once: 0 is not a number of requests at once; write one between 1 and 1000"),
        ("http.max_feed", "0MB", "http.max_feed: '0MB' is not a size; write a number of megabytes up to 100, as in"),
        ("http.max_page", "200MB", "http.max_page: '200MB' is not a size; write a number of megabytes up to 100,"),
        ("http.timeout", "0s", "http.timeout: '0s' is no time at all; write a longer one, as in 30s or 10m"),
        ("slack.timeout", "0m", "slack.timeout: '0m' is no time at all; write a longer one, as in 30s or 10m"),
        ("slack.settle_after", "0.0000001s", "slack.settle_after: '0.0000001s' is no time at all; write a longer one,"),
        ("schedule.every", "0h", "schedule.every: '0h' is no time at all; write a longer one, as in 30s or 10m"),
        ("feeds.0.every", "0d", "feeds.0.every: '0d' is no time at all; write a longer one, as in 30s or 10m"),
        ("http.timeout", "400d", "http.timeout: '400d' is too long; the longest is 365d"),
        (
            "slack.channel",
            "#news",
            "slack.channel is empty; write a value, in quotes if it begins with # (which begins",
        ),
        (
            "slack.ops_channel",
            "#ops",
            "slack.ops_channel is empty; write a value, in quotes if it begins with # (which",
        ),
        (
            "slack.allowed_users",
            "[]",
            "slack.allowed_users: a list is empty; name whoever may, as in [U012AB3CD], or delete it",
        ),
        ("slack.allowed_users", "[ann]", "slack.allowed_users.0: 'ann' is not a user of Slack; write the member ID"),
        ("slack.allowed_channels", "[news]", "slack.allowed_channels.0: 'news' is not a channel; write"),
        ("slack.channel", "news", "slack.channel: 'news' is not a channel; write \"#name\" in quotes"),
        ("slack", "yes", "slack: 'yes' is not a mapping; write keys and values, of token, app_token, channel"),
        ("feeds", "[]", "feeds: a list is empty; add a feed"),
        ("feeds.0.tags", "balkans", "feeds.0.tags: 'balkans' is not a list; begin each item with a hyphen, or"),
        ("feeds.0.url", "ftp://a.example/", "feeds.0.url: 'ftp://a.example/' is not a usable web address; write one"),
        ("feeds.0.language", "english", "feeds.0.language: 'english' is not a language; write a code such as en"),
        ("slack.token", "xoxb-1-2", "a secret stands here in clear; put it in an environment variable"),
        ("slack.token", "[x]", "slack.token must be the name of an environment variable or a systemd credential"),
        ("database", "${NOWHERE_SET}", "${NOWHERE_SET} is set nowhere; set it in the environment or as a systemd"),
        ("database", "postgresql://x", "database: 'postgresql://x' is not a file; write a path"),
        ("websub", "{listen: '127.0.0.1:1'}", "websub.callback is missing; add it"),
        ("websub", "{callback: 'https://a.example/'}", "websub.listen is missing; add it"),
        ("websub.callback", "https://a.example/?x=1", "websub.callback: 'https://a.example/?x=1' has more than a path"),
        ("websub.listen", "localhost:80", "websub.listen: 'localhost:80' is not an address and a port; write them as"),
        ("websub.listen", "127.0.0.1:0", "websub.listen: '127.0.0.1:0' is not an address and a port; write them as"),
        ("websub.listen", "127.0.0.1", "websub.listen: '127.0.0.1' is not an address and a port; write them as"),
        ("routing.quiet.0.hours", "22-7", "routing.quiet.0.hours: '22-7' are no hours; write them as 22:00-07:00"),
        ("routing.quiet.0.hours", "07:00-07:00", "routing.quiet.0.hours: '07:00-07:00' ends when it begins; write two"),
        ("routing.quiet.0.days", "weekend", "routing.quiet.0.days: 'weekend' are no days; write them as mon-fri or"),
        (
            "routing.quiet",
            "[{hours: '00:00-12:00'}, {hours: '12:00-00:00'}]",
            "routing.quiet: a list is quiet at all hours, so that nothing would ever be told; leave some hours out",
        ),
        ("routing.time_zone", "Belgrade", "routing.time_zone: 'Belgrade' is no time zone; write one such as Europe/"),
        ("routing.breakthrough", "loud", "routing.breakthrough: 'loud' is no severity; write one of low, normal, hi"),
        ("routing.digest.cron", "0 8 * * 1", "routing.digest.cron: '0 8 * * 1' is no usable cron line (its days of"),
        ("routing.digest.cron", "0 8 31 2 *", "routing.digest.cron: '0 8 31 2 *' is no usable cron line (it is never"),
        ("routing.digest.cron", "at eight", "routing.digest.cron: 'at eight' is no usable cron line ("),
        ("routing.digest", "{below: high}", "routing.digest.cron is missing; add it"),
        ("routing.mentions.high", "[here]", "routing.mentions.high: a list has here, which calls a whole channel;"),
        ("routing.mentions.high", "['<!channel>']", "routing.mentions.high.0: '<!channel>' is nobody; write here, or"),
        ("routing.quiet", "[]", "routing.quiet: a list is empty; add hours"),
        ("http.contct", "x", "unknown key 'http.contct'; did you mean 'contact'?"),
        ("feeds.0.nme", "x", "unknown key 'feeds.0.nme'; did you mean 'name'?"),
    ],
)
def test_what_is_said(tmp_path: Path, key: str, value: str, said: str) -> None:
    """The sentence names the remedy."""
    (problem,) = read(tmp_path, key, value)
    assert problem.partition(": ")[2].startswith(said)


@pytest.mark.parametrize("text", ["hello", "7", "[a]", "'0s'", "true"])
@pytest.mark.parametrize("file", ["monitor.yaml", "feeds.yaml"])
def test_a_file_that_is_no_mapping(tmp_path: Path, file: str, text: str) -> None:
    """A file that holds anything but keys and values is refused in one sentence."""
    (tmp_path / file).write_text(text)
    with pytest.raises(ConfigError) as caught:
        config.load_feeds(tmp_path) if file == "feeds.yaml" else config._monitor(tmp_path)
    assert re.fullmatch(r".*:1: the file must consist of keys and values; write some of [\w, ]+", str(caught.value))


def test_a_value_from_the_environment_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem quotes what stands in the file, not what a ${NAME} stands for."""
    monkeypatch.setenv("NEWS_TEST_URL", "hunter2")
    (problem,) = read(tmp_path, "slack.api_url", "${NEWS_TEST_URL}")
    assert "'${NEWS_TEST_URL}' is not a usable web address" in problem
    assert "hunter2" not in problem


def test_problems_of_both_kinds_are_named_together(tmp_path: Path) -> None:
    """A secret in clear does not hide what else is wrong."""
    (tmp_path / "monitor.yaml").write_text("slack:\n  token: xoxb-1-2\n  timeout: 0s\nhttp: 7\n")
    with pytest.raises(ConfigError) as caught:
        config._monitor(tmp_path)
    assert [2, 3, 4] == [problem.line for problem in caught.value.problems]


def test_the_defaults(tmp_path: Path) -> None:
    """An empty file, or one of comments, is a configuration. No pace and no baseline are choices."""
    (tmp_path / "monitor.yaml").write_text("# nothing\n")
    assert MonitorFile() == config.load_monitor(tmp_path)
    (tmp_path / "monitor.yaml").write_text(yaml.safe_dump({"http": {"pace": "0s"}, "baseline": {"alert_last": "0s"}}))
    monitor = config.load_monitor(tmp_path)
    assert (timedelta(0), timedelta(0)) == (monitor.http.pace, monitor.baseline.alert_last)


def test_the_limits_of_servers_are_settings(tmp_path: Path) -> None:
    """What is written counts; else the program's own limits do."""
    (tmp_path / "monitor.yaml").write_text("http: {stall: 5s, at_once: 9, max_feed: 20MB, max_page: 1MB}")
    found = http_settings(config._monitor(tmp_path).http)
    limits = (found.stall, found.at_once, found.max_feed_bytes, found.max_page_bytes)
    assert (timedelta(seconds=5), 9, 20_000_000, 1_000_000) == limits
    usual = HttpSettings(user_agent=http_settings(HttpSection()).user_agent)
    assert usual == http_settings(HttpSection())


def test_a_channel_has_one_rhythm(tmp_path: Path) -> None:
    """Of two the last would count, and nobody would be told."""
    (tmp_path / "monitor.yaml").write_text(
        "routing:\n  channels:\n"
        + "".join(f"    - channel: '#{name}'\n      group: 5m\n" for name in ("news", "other", "news"))
    )
    with pytest.raises(ConfigError) as caught:
        config._monitor(tmp_path)
    (problem,) = caught.value.problems
    assert (7, "routing.channels.2.channel: '#news' is there twice; write all of it in one place") == (
        problem.line,
        problem.message,
    )


def test_the_rhythm_of_a_channel_that_hears_nothing_is_doubtful(tmp_path: Path) -> None:
    """Its quiet hours would hold nothing, and the channel that was meant would not be quiet."""
    routing = {"channels": [{"channel": name, "group": "5m"} for name in ("#news-alerts", "#news-alert")]}
    place = write_config(tmp_path / "config", [("A", "https://a.example/")], routing=routing)
    (doubt,) = config.doubts(config.load(place))
    assert doubt.message == "no rule tells anything to '#news-alert'; did you mean '#news-alerts'?"
    assert "#news-alert" in (place / "monitor.yaml").read_text().splitlines()[doubt.line - 1]


def test_who_sends_nothing_needs_no_secrets_of_sinks(tmp_path: Path) -> None:
    """They may be credentials of the service: a person who asks how it does has none of them."""
    soc = {"name": "soc", "url": "https://soc.example/", "secret": "${NOT_SET_HERE}"}
    place = write_config(tmp_path / "config", [("A", "https://a.example/")], sinks={"webhooks": [soc]})
    with pytest.raises(ConfigError, match="NOT_SET_HERE"):
        config.load(place)
    assert not config.load_monitor(place).sinks.webhooks
    (doubt,) = config.doubts(config.load(place, sends=False))
    assert doubt.message.startswith("${NOT_SET_HERE} is set nowhere")
    assert "secret: ${NOT_SET_HERE}" in (place / "monitor.yaml").read_text().splitlines()[doubt.line - 1]
    (place / "monitor.yaml").write_text("sinks:\n  webhooks: [{nam: soc, secret: '${NOT_SET_HERE}'}]\n")
    with pytest.raises(ConfigError, match="did you mean 'name'"):
        config.load_monitor(place)
