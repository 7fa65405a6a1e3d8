"""The fenced blocks of a Markdown file, as its tests run them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(
    r"(?:<!-- (?P<mark>[\w-]+) -->\n)?^```(?P<info>\S[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_NAMED = re.compile(r"# ([\w/-]+\.(?:yaml|py))\b")


@dataclass(frozen=True, slots=True)
class Fence:
    """`why_not`: the reason that a block is not run, as in ```sh no-test=slack."""

    document: str
    line: int
    language: str
    text: str
    why_not: str | None
    mark: str | None  # the HTML comment above it

    @property
    def file(self) -> str | None:
        """The file that its first line names."""
        named = _NAMED.match(self.text)
        return named[1] if named else None

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


def fences(path: Path) -> tuple[Fence, ...]:
    text = path.read_text("utf-8")
    return tuple(_fence(path.name, text, found) for found in _FENCE.finditer(text))


def _fence(document: str, text: str, found: re.Match[str]) -> Fence:
    language, *options = found["info"].split()
    why_not = next((option.removeprefix("no-test=") for option in options if option.startswith("no-test=")), None)
    line = text.count("\n", 0, found.start("info")) + 1
    return Fence(document, line, language, found["text"], why_not, found["mark"])
