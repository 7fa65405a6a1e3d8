"""What it costs to have an article searchable: `python -m benchmarks.search`. A quarter of a minute.

CPU time of saving articles of 450 words with the index and without it, as many in a transaction as the daemon puts
there when it has little or much to do; each stands in a savepoint of its own, as there.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from benchmarks.start import article
from monitor.model import Article
from monitor.store.sqlite.search_rows import SearchRows
from monitor.store.sqlite.store import Store

ARTICLES = 3_000
TOGETHER = (1, 4, 25)
VOCABULARY, TITLE_WORDS, TEXT_WORDS = 40_000, 10, 450


def articles() -> list[Article]:
    """Invented words, by Zipf's law."""
    chance, now = random.Random(5), datetime.now(UTC)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvz", k=chance.randint(2, 11))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))

    def said(length: int) -> str:
        return " ".join(chance.choices(words, cum_weights=weights, k=length))

    made = (article(number, said(TEXT_WORDS), now) for number in range(ARTICLES))
    return [replace(one, title=said(TITLE_WORDS), text_sha256=sha256(one.text.encode()).hexdigest()) for one in made]


@contextmanager
def no_index() -> Iterator[None]:
    """For what the rest costs."""
    note = SearchRows.note
    SearchRows.note = lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        SearchRows.note = note  # type: ignore[method-assign]


def cost(read: Sequence[Article], together: int) -> float:
    """Milliseconds for each."""
    with tempfile.TemporaryDirectory() as place:
        store = Store.writer(Path(place) / "news.db")
        began = time.process_time()
        for start in range(0, len(read), together):
            with store.transaction():
                for one in read[start : start + together]:
                    with store.savepoint():
                        store.stories.save_article(one)
        took = time.process_time() - began
        store.close()
    return took / len(read) * 1_000


def main() -> None:
    read = articles()
    for together in TOGETHER:
        with no_index():
            without = cost(read, together)
        whole = cost(read, together)
        print(f"{together:3} in a transaction: {whole:.2f} ms an article, of which the index {whole - without:.2f} ms")


if __name__ == "__main__":
    main()
