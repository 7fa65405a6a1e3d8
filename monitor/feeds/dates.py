"""When an item says that it was published, in the spellings that feeds show. Pure.

The standards know two (RFC 822 and RFC 3339), publishers many more. A time without a zone, or with the name of one that
means several, is returned without one: the field then says what some clock on earth showed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from monitor.months import month_of

MAX_LENGTH: Final = 100  # characters
PIVOT: Final = 70  # years of two digits from here on are of the last century
WIDEST: Final = timedelta(hours=14)  # between the clocks of a zone and UTC


def moment(text: str) -> datetime | None:
    """The time that a text means, with its zone or without any; None when it means none."""
    text = " ".join(text[:MAX_LENGTH].split())
    try:
        if _EPOCH.fullmatch(text):
            return datetime.fromtimestamp(int(text[:10]), UTC)
        for spelling in _SPELLINGS:
            if (found := spelling.fullmatch(text)) is not None:
                return _moment(found.groupdict())
        return datetime.fromisoformat(text)  # which knows days of the year and of the week
    except (ValueError, OverflowError):
        return None


def _moment(said: dict[str, str | None]) -> datetime:
    """Raises ValueError for a day or an hour that there is not."""
    year, hour = int(said["year"] or 0), int(said["hour"] or 0)
    if year < 100:
        year += 1900 if year >= PIVOT else 2000
    if half := said["half"]:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half in "pP" else 0)
    return datetime(
        year,
        month_of(name) if (name := said.get("name")) else int(said["month"] or 0),
        int(said["day"] or 0),
        hour,
        int(said["minute"] or 0),
        min(int(said["second"] or 0), 59),  # a leap second
        tzinfo=_zone(said["zone"] or ""),
    )


def _zone(text: str) -> timezone | None:
    if (found := _OFFSET.match(text)) is not None:
        offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
        return timezone(-offset if found["sign"] == "-" else offset) if offset <= WIDEST else None
    name = _NAME.match(text)
    hours = _ZONES.get(name["name"].upper()) if name else None
    return None if hours is None else timezone(timedelta(hours=hours))


# Names that mean one zone, at least to those who write dates so (RFC 822 section 5.1). IST is three.
_ZONES: Final = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 1, "BST": 1,
    "CET": 1, "MET": 1, "MEZ": 1, "CEST": 2, "MEST": 2, "MESZ": 2, "EET": 2, "EEST": 3, "MSK": 3, "TRT": 3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AST": -4, "ADT": -3,
    "ET": -4, "CT": -5, "MT": -6, "PT": -7, "PKT": 5, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13,
}  # fmt: skip
_EPOCH = re.compile(r"\d{10}(?:\d{3})?")  # seconds or milliseconds since 1970
_OFFSET = re.compile(
    r"(?:(?:Etc/)?(?:GMT|UTC|Z))? ?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?!\d)", re.IGNORECASE
)
_NAME = re.compile(r"(?:Etc/)?\(?(?P<name>[A-Z]{1,5})(?![\w/])", re.IGNORECASE)

_WEEKDAY = r"(?:(?:e )?[^\W\d_]{2,12}(?:\.?, ?|\.? ))?"
_MONTH = r"(?P<name>[^\W\d_]{3,12})\.?"
_CLOCK = (
    r"(?P<hour>\d{1,2})[:.h](?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?:[.,]\d+)?)?(?: ?(?P<half>[ap])(?:m\b|\.m\.))?"
)
_THEN = rf"(?![\d:])\.?(?:(?:T|[ ,|]+(?:[–-] )?(?:(?:at|um|u|à|në|ora|в|у) )?){_CLOCK}h?)?(?! ?\d) ?(?P<zone>.*)"
_SPELLINGS: Final = tuple(
    re.compile(spelling, re.IGNORECASE)
    for spelling in (
        # 2026-11-25T10:00:00+01:00, 2026/11/25 10:00
        rf"{_WEEKDAY}(?P<year>\d{{4}})(?P<divider>[-/.])(?P<month>\d{{1,2}})(?P=divider)(?P<day>\d{{1,2}}){_THEN}",
        # Wed, 25 Nov 2026 10:00:00 +0100, 25-Nov-26, среда, 25. новембар 2026. у 10:00
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[. -]{{1,2}}{_MONTH},?[ -](?P<year>\d{{4}}|\d\d){_THEN}",
        # Wed Nov 25 2026 10:00:00 GMT+0100 (CET), November 25, 2026
        rf"{_WEEKDAY}{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>\d{{4}}){_THEN}",
        # Wed Nov 25 10:00:00 CET 2026
        rf"{_WEEKDAY}{_MONTH} (?P<day>\d{{1,2}}) {_CLOCK}(?: (?P<zone>[A-Z+-][\w:+-]*))? (?P<year>\d{{4}})",
        # 25.11.2026. 10:00
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})\. ?(?P<month>\d{{1,2}})\. ?(?P<year>\d{{4}}){_THEN}",
    )
)
