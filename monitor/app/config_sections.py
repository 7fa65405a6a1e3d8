"""The keys of monitor.yaml and feeds.yaml, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field

from monitor.app.config_operations import CanarySection, HeartbeatSection, WebSection
from monitor.app.config_routing import RoutingSection
from monitor.app.config_sinks import SinksSection
from monitor.app.config_slack import SlackSection
from monitor.app.config_values import (
    Address,
    AtOnce,
    Callback,
    Duration,
    File,
    Language,
    Network,
    Pages,
    PerHost,
    Requests,
    Section,
    Site,
    Size,
    SomeTime,
    Text,
    WebUrl,
    YesNo,
    some,
)
from monitor.model import PagePolicy

_SOME_FEEDS = partial(some, remedy="add a feed, as in - {name: Courier, url: https://courier.example/feed}")
_SOME_SITES = partial(some, remedy="add a site, as in [courier.example]")


class HttpSection(Section):
    contact: Text | None = None
    allow_networks: tuple[Network, ...] = Field(default=(), strict=False)
    timeout: SomeTime = timedelta(seconds=30)
    stall: SomeTime = timedelta(seconds=15)
    pace: Duration = timedelta(seconds=0.05)
    per_host: PerHost = 2
    at_once: AtOnce = 256
    max_feed: Size = 10_000_000
    max_page: Size = 8_000_000
    robots: YesNo = True


class ScheduleSection(Section):
    every: SomeTime | None = None  # None: each feed by its own rhythm, within the budget
    budget: Requests = 96.0
    least: SomeTime = timedelta(minutes=5)
    most: SomeTime = timedelta(hours=2)


class BaselineSection(Section):
    alert_last: Duration = timedelta(0)


class RetentionSection(Section):
    pages: Duration = timedelta(0)  # as they were downloaded; none is kept
    articles: SomeTime | None = None  # that no rule matched; None: for ever
    polls: SomeTime = timedelta(days=30)


class WebSubSection(Section):
    callback: Callback
    listen: Address


class PublisherSection(Section):
    """A house, and the sites that are its own: what they report is one voice."""

    name: Text
    sites: Annotated[tuple[Site, ...], BeforeValidator(_SOME_SITES)] = Field(strict=False)


class MonitorFile(Section):
    """monitor.yaml"""

    database: File = "var/news.db"
    http: HttpSection = HttpSection()
    slack: SlackSection = SlackSection()
    sinks: SinksSection = SinksSection()
    schedule: ScheduleSection = ScheduleSection()
    baseline: BaselineSection = BaselineSection()
    retention: RetentionSection = RetentionSection()
    websub: WebSubSection | None = None  # None: polling only
    web: WebSection | None = None  # None: nothing is shown
    heartbeat: HeartbeatSection | None = None  # None: nobody is called
    canary: CanarySection | None = None  # None: none
    publishers: tuple[PublisherSection, ...] = Field(default=(), strict=False)
    routing: RoutingSection = RoutingSection()

    @property
    def owners(self) -> Mapping[str, str]:
        """The owner of each site that is said to have one."""
        return {site: publisher.name for publisher in self.publishers for site in publisher.sites}


class FeedSection(Section):
    name: Text
    url: WebUrl
    tags: tuple[Text, ...] = Field(default=(), strict=False)
    language: Language | None = None
    every: SomeTime | None = None
    pages: Pages = PagePolicy.AUTO
    sections: tuple[WebUrl, ...] = Field(default=(), strict=False)


class FeedsFile(Section):
    """feeds.yaml"""

    feeds: Annotated[tuple[FeedSection, ...], BeforeValidator(_SOME_FEEDS)] = Field(strict=False)
