"""Which characters the bytes of a document mean. Decided here once, so that the look before and the parser agree.

Text in another encoding is hardly ever valid UTF-8: so what is valid UTF-8 is UTF-8, whatever anybody says. Only
then does the server's word count, and the document's own after it.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
)
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)
_DECLARED = re.compile(rb"\A\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)

# What Python calls text encodings and no document is written in; some take quadratic time.
_NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7", "undefined"})
# As browsers do: the first is a subset of the second, and is often written for it.
_WIDER = {"iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A document in UTF-8, without byte order mark, and what was odd about its encoding."""

    body: bytes
    note: str | None = None


def decoded(body: bytes, content_type: str) -> Decoded:
    """Never fails: what cannot be read becomes replacement characters."""
    for mark, marked in _MARKS:
        if body.startswith(mark):
            return Decoded(_recoded(body, marked).removeprefix(codecs.BOM_UTF8))
    said = [*_HEADER.findall(content_type), *(name.decode() for name in _DECLARED.findall(body))]
    charsets = [charset for name in said if (charset := _charset(name))]
    if is_utf8(body):
        lie = next((charset for charset in charsets if charset not in {"utf-8", "ascii"}), None)
        return Decoded(body, f"declared as {lie}, but written in utf-8" if lie and not body.isascii() else None)
    repaired = _joined_halves(body) or _nearly_utf8(body)
    if repaired is not None:
        return Decoded(repaired, "some characters are not valid utf-8")
    for charset in charsets:
        try:
            return Decoded(body.decode(charset).encode("utf-8", "replace"))
        except UnicodeError:
            continue
    note = f"not written in {charsets[0]} as declared; read as windows-1252" if charsets else None
    return Decoded(_recoded(body, "cp1252"), note)


def _recoded(body: bytes, charset: str) -> bytes:
    return body.decode(charset, "replace").encode("utf-8", "replace")


def _charset(name: str) -> str | None:
    try:
        "".encode(name)  # what Python calls codecs besides, rot13 and zip files among them, fails over any text
        found = codecs.lookup(name).name
    except (LookupError, UnicodeError):
        return None
    return None if found in _NO_CHARSETS else _WIDER.get(found, found)


def is_utf8(body: bytes) -> bool:
    """Whether `decoded` will take it for UTF-8 without a mark."""
    if b"\x1b" in body:  # ISO-2022-JP is ASCII with escapes
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _joined_halves(body: bytes) -> bytes | None:
    """Some programs write an emoji as two halves, each like a character of its own (CESU-8); half of one is none."""
    if b"\x1b" in body:
        return None
    try:
        text = body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _nearly_utf8(body: bytes) -> bytes | None:
    """A stray byte, or a character cut off at the end, does not make the rest something else."""
    text = body.decode(errors="replace")
    wrong = text.count("\ufffd")
    right = len(text) - len(text.encode("ascii", "ignore")) - wrong
    return text.encode() if 0 < wrong * 10 <= right else None
