"""Regular expressions that cannot hang, as they take linear time: the only file that knows google-re2 (optional)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any as Anything

LONGEST = 500  # characters
_MEMORY = 1 << 20  # bytes that one expression may compile to


def problem(written: str) -> str | None:
    """What is wrong with an expression, and what to do."""
    if len(written) > LONGEST:
        return f"is longer than {LONGEST} characters; divide it up with any:"
    if '"' in written:
        return "has a quotation mark in it; write \\x22 for it"
    try:
        compiled = _compiled(written)
    except ImportError:
        return "needs the package google-re2; install news-monitor[regex], or use words and stars"
    except Exception as e:  # re2.error is no class of its own in all versions
        return f"is no expression that takes linear time ({_reason(e)}); write it without that, or as words"
    if compiled.search("") is not None:
        return "matches nothing at all, so it is everywhere; let it need a letter"
    return None


def find(written: str, text: str) -> Iterator[tuple[int, int]]:
    """Where it stands, as offsets."""
    return (match.span() for match in _compiled(written).finditer(text))


@cache
def _compiled(written: str) -> Anything:
    import re2

    options = re2.Options()
    options.case_sensitive, options.log_errors, options.max_mem = False, False, _MEMORY
    return re2.compile(written, options)


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
