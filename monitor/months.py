"""The names of months, as feeds and pages write them."""

from __future__ import annotations

from typing import Final


def month_of(name: str) -> int:
    """1 to 12, by how the name begins: its end is cut or declined. Raises ValueError for what is no month."""
    begins = name.casefold()
    found = _MONTHS.get(begins[:4]) or _MONTHS.get(begins[:3])
    if found is None:
        raise ValueError(f"{name!r} is no month")
    return found


_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan јан янв", "feb fév fev shk феб фев", "mar mär mrz мар", "apr avr pri апр", "may mai maj мај мая май",
            "jun juin qer јун июн", "jul juil kor јул июл", "aug avg aoû aou gus авг", "sep sht сеп сен",
            "oct okt tet окт", "nov nën nen нов ноя", "dec dez déc dhj дец дек",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
