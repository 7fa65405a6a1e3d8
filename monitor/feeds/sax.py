"""An XML reader that hands text over in whole pieces.

Python's own hands over each line and each entity by itself, and feedparser is called for every one of them: a third
of its time. xml.sax finds this module by name and calls `create_parser`.
"""

from __future__ import annotations

from xml.sax import expatreader


class BufferedExpat(expatreader.ExpatParser):
    """The standard reader, but for the buffer."""

    def reset(self) -> None:
        super().reset()
        self._parser.buffer_text = True  # type: ignore[attr-defined]


def create_parser() -> BufferedExpat:
    return BufferedExpat()
