"""Commands that change something reach the running daemon over a socket beside its database: only it may write.

One line of JSON each way: {"name", "arguments"}, then {"done"} or {"refused"}. Who may open the database's socket
file may ask; who asks is what the kernel says (SO_PEERCRED, unix(7)).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monitor.app.commands import Command
from monitor.errors import Refused, StoreError

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 1024
LIMIT_SECONDS = 30.0  # for a request to come, and for an answer
_PEER = struct.Struct("3i")  # pid, uid, gid


class NoDaemon(Exception):
    """Nobody answers at the socket: no daemon works on this database."""


class Control:
    """The daemon's side. The writer's lock is held, so a socket file that is there already is a dead one's."""

    def __init__(self, database: Path, perform: Callable[[Command], Awaitable[str]]) -> None:
        self._database = database
        self._perform = perform
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Raises OSError."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _reachable(self._database) as path:
            Path(path).unlink(missing_ok=True)
            before = os.umask(0o177)  # nobody else, not for a moment
            try:
                listening.bind(path)
            finally:
                os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=MOST_BYTES)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            socket_file(self._database).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                answer = await self._answer(await reader.readline(), _user(writer.get_extra_info("socket")))
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, TimeoutError) as e:
            log.warning("a command was cut short", extra={"why": str(e) or type(e).__name__})
        finally:
            writer.close()

    async def _answer(self, line: bytes, user: str) -> dict[str, str]:
        try:
            asked = json.loads(line)
            command = Command(str(asked["name"]), tuple(map(str, asked["arguments"])), user)
        except (ValueError, KeyError, TypeError):
            return {"refused": "this is no command"}
        try:
            done = await self._perform(command)
        except (Refused, StoreError) as e:
            return {"refused": str(e)}
        log.info("command", extra={"asked": command.asked, "by": user, "done": done})
        return {"done": done}


def ask(database: Path, name: str, arguments: Sequence[str]) -> str:
    """What the daemon did. Raises NoDaemon, Refused or OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(LIMIT_SECONDS)
        try:
            with _reachable(database) as path:
                connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError) as e:
            raise NoDaemon from e
        connection.sendall(json.dumps({"name": name, "arguments": list(arguments)}).encode() + b"\n")
        with connection.makefile("rb") as answers:
            line = answers.readline(MOST_BYTES)
    if not line:
        raise Refused("the daemon ended before it answered; look at its log, and at what it did, before asking again")
    answer: dict[str, Any] = json.loads(line)
    if "refused" in answer:
        raise Refused(str(answer["refused"]))
    return str(answer["done"])


def socket_file(database: Path) -> Path:
    database = database.resolve()  # one socket, whatever name the file is called by
    return database.with_name(database.name + ".control")


@contextmanager
def _reachable(database: Path) -> Iterator[str]:
    """The socket's path in few letters: the kernel takes no more than 107, and a database may lie deep."""
    file = socket_file(database)
    try:
        directory = os.open(file.parent, os.O_PATH | os.O_DIRECTORY)
    except NotADirectoryError as e:
        raise FileNotFoundError(str(file.parent)) from e
    try:
        yield f"/proc/self/fd/{directory}/{file.name}"
    finally:
        os.close(directory)


def _user(connection: socket.socket) -> str:
    _, uid, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
