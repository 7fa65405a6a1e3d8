"""What can go wrong, as a tree. Outcomes (not modified, suppressed, no match) are values, never exceptions.

NewsMonitorError
├── ConfigError      what a person wrote is wrong: every problem, with its place
├── StoreError       the database cannot be used
│   ├── StoreBusy      another daemon holds it
│   └── StoreUnusable  trying again cannot help: another version, another program's file, damage
├── FetchError       an address gave nothing usable
├── ParseError       the bytes are not a feed
├── ExtractError     the page gave no article
└── SinkError        a person could not be answered where he asked
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta


class NewsMonitorError(Exception):
    """The root: everything this program raises on purpose.

    Messages may quote what came from the web; what is not proper Unicode in them could be neither stored nor printed.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.encode("utf-8", "replace").decode("utf-8"))


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a configuration file.

    `line` and `column` count from 1; a line of 0 means the file as a whole, a column of 0 the line as a whole.
    """

    file: str
    line: int
    message: str
    column: int = 0

    def __str__(self) -> str:
        places = (self.file, *(str(place) for place in (self.line, self.column) if place))
        return f"{':'.join(places)}: {self.message}"


class ConfigError(NewsMonitorError):
    """Carries every problem found, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda one: (one.file, one.line, one.column, one.message)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StoreError(NewsMonitorError):
    """The database cannot be opened, read or migrated; the message says what to do."""


class StoreBusy(StoreError):
    """Another process already writes to this database."""


class StoreUnusable(StoreError):
    """A person must act first: the file is damaged, of another version, or no database of ours."""


class Refused(NewsMonitorError):
    """What a person asked for cannot be done; the message says why, and what can."""


class FetchError(NewsMonitorError):
    """No usable answer from an address.

    `permanent`: asking again soon cannot help (refused address, 404, not a web address).
    `status`: of the answer, if one came. `retry_after`: how long the server asked to be left alone.
    `challenge`: a wall that lets only browsers or people in stands in front of the address.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        status: int | None = None,
        retry_after: timedelta | None = None,
        challenge: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.status = status
        self.retry_after = retry_after
        self.challenge = challenge


class ParseError(NewsMonitorError):
    """The bytes are not a feed; the message says what they look like instead."""


class ExtractError(NewsMonitorError):
    """The page gave no article, or the worker that read it died."""


class SinkError(NewsMonitorError):
    """A person could not be answered where he asked; the message says what the sink said."""
