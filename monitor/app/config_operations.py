"""The keys of monitor.yaml that are about looking after the service."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator

from monitor.app.config_values import Address, Listen, Section, SomeTime, WebUrl


def _loopback(listen: Listen) -> Listen:
    """Nobody is asked who he is there."""
    if not ip_address(listen.host).is_loopback:
        raise ValueError(
            "can be reached from other machines; write 127.0.0.1 and a port, and let your web server pass on what "
            "others may see"
        )
    return listen


class WebSection(Section):
    """Where health and metrics are shown; nowhere unless it is set."""

    listen: Annotated[Address, AfterValidator(_loopback)]


class HeartbeatSection(Section):
    """A call to somebody who speaks up when it fails to come. Without the secret there is none."""

    url: WebUrl | None = None
    every: SomeTime = timedelta(minutes=5)


class CanarySection(Section):
    """An invented article that must arrive; none unless it is set."""

    every: SomeTime = timedelta(hours=6)
