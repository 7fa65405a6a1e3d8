"""References that the real parser dies of, and the whole feed with it, or that it passes over.

Some publishers write what lies outside the first 65,536 characters (emoji above all) as two references, to the halves
that UTF-16 makes of it. Where a document names a grammar, as those of RSS 0.91 do, the parser expects names like
`&eacute;` to be declared there, and as nobody fetches it leaves them out: words run together.
"""

from __future__ import annotations

import re
from html.entities import name2codepoint

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_MAX_DIGITS = 7  # of the highest code point; zeros before it do not count
_REFERENCE = rb"&#(?:0*+([0-9]++)|[xX]0*+([0-9a-fA-F]++));"
_REFERENCES = re.compile(rb"(?:%s)++" % _REFERENCE)
_ONE = re.compile(_REFERENCE)
_NAMED = re.compile(rb"&([A-Za-z]{2,8}[0-9]{0,2});")
_MARKUP = frozenset({"amp", "apos", "gt", "lt", "quot"})
_GRAMMAR = re.compile(rb"<!DOCTYPE\b", re.IGNORECASE)
_HEAD = 4_096  # bytes in which a document names its grammar


def mended(body: bytes) -> bytes:
    """`body`, in UTF-8, with two halves made one character, and what is none replaced. Linear."""
    if _GRAMMAR.search(body, 0, _HEAD) is not None:
        body = _NAMED.sub(_named, body)
    return _REFERENCES.sub(_mended_run, body)


def _named(reference: re.Match[bytes]) -> bytes:
    name = reference[1].decode()
    code = None if name in _MARKUP else name2codepoint.get(name)
    return reference[0] if code is None else chr(code).encode()


def _mended_run(run: re.Match[bytes]) -> bytes:
    references = list(_ONE.finditer(run[0]))
    codes = [_code(reference) for reference in references]
    if all(_is_character(code) for code in codes):
        return run[0]
    written: list[bytes] = []
    number = 0
    while number < len(codes):
        code, following = codes[number], codes[number + 1] if number + 1 < len(codes) else 0
        if 0xD800 <= code < 0xDC00 <= following < 0xE000:
            written.append(chr(0x10000 + (code - 0xD800) * 0x400 + following - 0xDC00).encode())
            number += 2
            continue
        written.append(references[number][0] if _is_character(code) else REPLACEMENT.encode())
        number += 1
    return b"".join(written)


def _code(reference: re.Match[bytes]) -> int:
    digits = reference[1] or reference[2]
    if len(digits) > _MAX_DIGITS:
        return -1
    return int(digits, 10 if reference[1] else 16)


def _is_character(code: int) -> bool:
    return 0 < code < 0xD800 or 0xE000 <= code <= 0x10FFFF
