"""What the database takes on its disk, and what so many more articles would take."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass

from sqlite_utils import Database

MEASURE = 100_000  # articles
FEWEST = 1_000  # articles from which one may go on to so many


@dataclass(frozen=True, slots=True)
class Size:
    """In bytes. `free`: inside the file, to be used again. `rows`: all beyond what the same tables take when empty."""

    file: int
    free: int
    rows: int
    articles: int

    @property
    def per_measure(self) -> int | None:
        return self.share(self.rows)

    def share(self, taken: int) -> int | None:
        """What a part that takes so much now would take with 100,000 articles; None: too few to tell by."""
        return None if self.articles < FEWEST else taken * MEASURE // self.articles


class SizeRows:
    def __init__(self, db: Database) -> None:
        self._db = db

    def whole(self) -> Size:
        """Known without a look at the rows."""
        page, pages, free = (self._pragma(name) for name in ("page_size", "page_count", "freelist_count"))
        empty = self._number("select count(*) from sqlite_schema where rootpage > 0")  # each has a page from the start
        articles = self._number("select count(*) from articles")
        return Size(pages * page, free * page, (pages - free - empty) * page, articles)

    def parts(self) -> dict[str, int] | None:
        """What the rows of each table take with its indexes, the largest first. All of the file is read.

        The tables behind the search are one part. None: this SQLite was built without `dbstat`.
        """
        parts, page = Counter[str](), self._pragma("page_size")
        try:
            found = self._db.query(
                """
                select iif(s.tbl_name like 'search\\_%' escape '\\', 'search index', s.tbl_name) as part,
                  d.pgsize as size
                from dbstat d join sqlite_schema s on s.name = d.name where d.aggregate = true
                """
            )
            for row in found:
                parts[row["part"]] += row["size"] - page
        except sqlite3.OperationalError as e:
            if "no such table: dbstat" not in str(e):
                raise
            return None
        return {part: taken for part, taken in parts.most_common() if taken > 0}

    def _pragma(self, name: str) -> int:
        return self._number(f"pragma {name}")

    def _number(self, sql: str) -> int:
        return int(self._db.execute(sql).fetchone()[0])
