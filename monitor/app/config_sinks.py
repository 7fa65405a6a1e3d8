"""`sinks` in monitor.yaml: where alerts go beside Slack or the console."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from monitor.alerts.sinks.apprise import usable
from monitor.alerts.sinks.email import Tls, is_address
from monitor.app.config_values import File, Section, Text, WebUrl, YesNo, port, some
from monitor.errors import Refused
from monitor.model import Severity

LEAST_SECRET = 16  # characters: what can be guessed signs nothing


def _severity(value: object) -> Severity:
    if value not in tuple(Severity):
        raise ValueError(f"is not one of {', '.join(Severity)}; write the least severity that is to be told there")
    return Severity(str(value))


def _tls(value: object) -> Tls:
    if value not in tuple(Tls):
        raise ValueError(f"is not one of {', '.join(Tls)}; port 587 mostly takes starttls, port 465 tls")
    return Tls(str(value))


def _port(value: object) -> int:
    try:
        return port(str(value))
    except ValueError as e:
        raise ValueError("is not a port; write a number such as 587") from e


def _address(value: object) -> str:
    if not isinstance(value, str) or not is_address(value):
        raise ValueError("is not an e-mail address; write it as desk@news.example")
    return value


def _secret(value: object) -> str:
    if not isinstance(value, str) or len(value) < LEAST_SECRET:
        raise ValueError(f"is too short to sign with; set it to {LEAST_SECRET} characters or more")
    return value


def _service(value: object) -> str:
    try:
        if isinstance(value, str) and usable(value):
            return value
    except Refused as e:
        raise ValueError(f"cannot be used: {e}") from e
    raise ValueError("is not the address of a service that Apprise knows; see its list of supported notifications")


_SOME_READERS = partial(some, remedy="add some, as in - {name: desk, to: [desk@news.example]}")
_SOME_ADDRESSES = partial(some, remedy="add an address, as in [desk@news.example]")

LeastSeverity = Annotated[Severity, BeforeValidator(_severity)]
EmailAddress = Annotated[str, BeforeValidator(_address)]
Port = Annotated[int, BeforeValidator(_port)]
TlsMode = Annotated[Tls, BeforeValidator(_tls)]
Secret = Annotated[str, BeforeValidator(_secret)]
Service = Annotated[str, BeforeValidator(_service)]


class _Target(Section):
    """`severity`: of the quietest alerts that are told there. `operations`: what operators must know is told too."""

    name: Text
    severity: LeastSeverity = Severity.LOW
    operations: YesNo = False


class WebhookSection(_Target):
    url: WebUrl
    secret: Secret


class ReadersSection(_Target):
    to: Annotated[tuple[EmailAddress, ...], BeforeValidator(_SOME_ADDRESSES)] = Field(strict=False)


class EmailSection(Section):
    host: Text
    port: Port = 587
    tls: TlsMode = Tls.STARTTLS
    user: Text | None = None
    password: str | None = None
    sender: EmailAddress
    readers: Annotated[tuple[ReadersSection, ...], BeforeValidator(_SOME_READERS)] = Field(strict=False)


class AppriseSection(_Target):
    service: Service


class AtomSection(_Target):
    file: File

    @property
    def path(self) -> Path:
        return Path(self.file)


class SinksSection(Section):
    webhooks: tuple[WebhookSection, ...] = Field(default=(), strict=False)
    email: EmailSection | None = None
    apprise: tuple[AppriseSection, ...] = Field(default=(), strict=False)
    atom: tuple[AtomSection, ...] = Field(default=(), strict=False)

    @property
    def targets(self) -> Mapping[str, tuple[_Target, ...]]:
        """By the names of sinks, of those that have any."""
        found: dict[str, tuple[_Target, ...]] = {
            "webhook": self.webhooks,
            "email": self.email.readers if self.email else (),
            "apprise": self.apprise,
            "atom": self.atom,
        }
        return {sink: targets for sink, targets in found.items() if targets}

    def doubles(self) -> Iterator[tuple[str, str]]:
        """Names that two targets of one sink have: with the sink."""
        for sink, targets in self.targets.items():
            names = [target.name for target in targets]
            yield from ((sink, name) for name in dict.fromkeys(names) if names.count(name) > 1)
