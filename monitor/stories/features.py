"""What two texts are compared by: hashes of every run of five words, quotations left out.

Quotations are left out because two reporters who quote the same communiqué have not copied each other.
"""

from __future__ import annotations

from hashlib import blake2b

from monitor.text import without_quotations, words

SHINGLE_WORDS = 5
MOST_SHINGLES = 20_000


def shingles(text: str) -> frozenset[int]:
    """Signed 64-bit hashes, as SQLite stores them. A text of fewer than five words has none."""
    told = words(without_quotations(text))
    runs = {" ".join(told[i : i + SHINGLE_WORDS]) for i in range(len(told) - SHINGLE_WORDS + 1)}
    hashes = sorted(_hash(run) for run in runs)
    return frozenset(hashes[:MOST_SHINGLES])


def _hash(run: str) -> int:
    return int.from_bytes(blake2b(run.encode(), digest_size=8).digest(), "big", signed=True)
