"""Where we do not connect: private networks, and ports at which something else than the web listens.

The guard is asked twice: by the resolver (a name with one forbidden address is refused whole) and for the very
address of each connection. So neither a literal, nor a redirect, nor a name that changes its mind gets past it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

Network = IPv4Network | IPv6Network

ALLOW_HINT = "add its network to http.allow_networks if this feed is yours"
THREADS: Final = 64  # that may wait for name servers

# A table of our own: `ipaddress.is_global` changes with the Python release, and passes multicast, 6to4, NAT64
# and some metadata addresses.
_DENIED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "this machine's"),
        ("10.0.0.0/8", "a private"),
        ("100.64.0.0/10", "a carrier's private"),
        ("127.0.0.0/8", "this machine's"),
        ("168.63.129.16/32", "a cloud host's"),
        ("169.254.0.0/16", "a link-local"),
        ("172.16.0.0/12", "a private"),
        ("192.0.0.0/24", "a reserved"),
        ("192.0.2.0/24", "a documentation"),
        ("192.88.99.0/24", "a reserved"),
        ("192.168.0.0/16", "a private"),
        ("198.18.0.0/15", "a test network's"),
        ("198.51.100.0/24", "a documentation"),
        ("203.0.113.0/24", "a documentation"),
        ("224.0.0.0/4", "a multicast"),
        ("240.0.0.0/4", "a reserved"),
        ("::/96", "this machine's or a reserved"),
        ("64:ff9b:1::/48", "a private"),
        ("100::/64", "a reserved"),
        ("2001::/23", "a reserved"),
        ("2001:db8::/32", "a documentation"),
        ("2002::/16", "a reserved"),
        ("3fff::/20", "a documentation"),
        ("5f00::/16", "a reserved"),
        ("fc00::/7", "a private"),
        ("fe80::/10", "a link-local"),
        ("fec0::/10", "a private"),
        ("ff00::/8", "a multicast"),
    )
)
_CARRIERS_OF_V4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))  # mapped, NAT64


# What browsers refuse as well (Fetch standard, "bad port"): a line of HTTP must not become a command elsewhere.
# fmt: off
_OTHER_SERVICES: Final = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
    6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    # These do not stand there: databases, and the doors of machines that run containers.
    2375, 2376, 2379, 3306, 5432, 6379, 9200, 9300, 10250, 11211, 27017,
})
# fmt: on


def port_refusal(port: int | None) -> str | None:
    """Why we do not ask at a port; None when we may. Web servers stand at any but a few."""
    if port in _OTHER_SERVICES:
        return f"port {port} belongs to another service than the web"
    return None


def refusal(address: str, allow_networks: Sequence[Network]) -> str | None:
    """Why we do not connect to an IP address, in words for the operator; None when we may."""
    ip = _inner(ip_address(address.partition("%")[0]))
    if any(ip in network for network in allow_networks):
        return None
    for network, kind in _DENIED:
        if ip in network:
            return f"{address} is {kind} address; {ALLOW_HINT}"
    return None


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if any(ip in network for network in _CARRIERS_OF_V4):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


class RefusedAddressError(OSError):
    """The guard's no, in the only shape that aiohttp lets through."""


class ThreadedResolver(AbstractResolver):
    """The system's look-up in threads of its own: in the loop's few, six dead name servers would stop all else."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, "look-up")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedResolver(AbstractResolver):
    """A name is refused whole when one of its addresses is forbidden: the next attempt would take that one."""

    def __init__(self, inner: AbstractResolver, allow_networks: Sequence[Network], limit: timedelta) -> None:
        self._inner = inner
        self._allow_networks = allow_networks
        self._limit = limit.total_seconds()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError."""
        try:
            async with asyncio.timeout(self._limit):
                found = await self._inner.resolve(host, port, family)
        except TimeoutError as error:
            raise OSError("the name servers do not answer") from error  # a timeout would pass for the site's
        for result in found:
            reason = refusal(result["host"], self._allow_networks)
            if reason is not None:
                raise RefusedAddressError(f"{host} leads to a forbidden address: {reason}")
        return found

    async def close(self) -> None:
        await self._inner.close()
