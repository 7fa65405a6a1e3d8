"""Unpacking of answers, never further than asked. Pure."""

from __future__ import annotations

import zlib

from monitor.errors import FetchError

GZIP = b"\x1f\x8b"  # how such a file begins (RFC 1952)


def decoder(coding: str) -> Identity | Zlib:
    match coding.strip().lower():
        case "" | "identity" | "none" | "utf-8":  # the last two name no coding, and are sent all the same
            return Identity()
        case "gzip" | "x-gzip" | "deflate" as known:
            return Zlib(known)
        case unknown:
            raise FetchError(f"the answer is packed in a way we did not ask for: {unknown[:100]!r}")


def unpacked(body: bytes, most: int) -> bytes:
    """What a body that is itself a gzip file contains (`feed.xml.gz`); any other as it is. Raises FetchError."""
    if not body.startswith(GZIP):
        return body
    unpack = Zlib("gzip")
    content = unpack.feed(body, most + 1)
    if len(content) > most:
        raise FetchError(f"more than {most / 1_000_000:g} MB after unpacking")
    unpack.finish()
    return content


class Identity:
    def feed(self, data: bytes, most: int) -> bytes:
        return data[:most]

    def finish(self) -> None:
        pass


class Zlib:
    """Unpacks no further than asked, and knows if it saw the end; aiohttp takes a cut gzip for a whole."""

    def __init__(self, coding: str) -> None:
        self._gzip = coding != "deflate"
        self._stream: zlib._Decompress | None = None

    def feed(self, data: bytes, most: int) -> bytes:
        out = bytearray()
        while data and len(out) < most:
            if self._stream is None or (self._stream.eof and self._gzip and data[:1] == b"\x1f"):
                self._stream = zlib.decompressobj(self._window(data))
            if self._stream.eof:
                break  # what follows a finished stream is none of ours
            try:
                out += self._stream.decompress(data, most - len(out))
            except zlib.error as error:
                raise FetchError("the answer is not packed as it says") from error
            data = self._stream.unconsumed_tail or self._stream.unused_data
        return bytes(out)

    def finish(self) -> None:
        if self._stream is not None and not self._stream.eof:
            raise FetchError("the answer broke off before its end")

    def _window(self, data: bytes) -> int:
        if self._gzip:
            return 31
        # "deflate" means zlib (RFC 9110), yet some send it bare; a zlib header's low bits are 8 (RFC 1950).
        return 15 if data[0] & 0x0F == 8 else -15
