"""Telling systemd how we are: sd_notify(3), by its datagram protocol. Outside systemd every call does nothing."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


def notify(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """For example "READY=1\\nSTATUS=40 feeds". A manager that has gone away is no reason to stop, one that does not
    listen no reason to wait.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as channel:
            channel.sendto(state.encode(), address)
    except OSError:
        return
