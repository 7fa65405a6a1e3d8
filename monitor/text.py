"""Words: what the rules and the stories agree on about text. Pure functions over strings."""

from __future__ import annotations

import re
import unicodedata

# C0 and C1 controls but tab and newline, bidi controls, zero-width characters, byte order mark, soft hyphen,
# and lone surrogates: none of them says anything, and each has been used to hide or to break something.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n(?:\s*\n)+")


def clean(text: str, *, limit: int) -> str:
    """Text from the web made safe to store and show: no controls, single spaces, at most `limit` characters."""
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", text))
    text = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()[:limit].rstrip()


def clean_line(text: str, *, limit: int) -> str:
    """As `clean`, on one line."""
    return " ".join(clean(text, limit=limit * 4).split())[:limit].rstrip()
