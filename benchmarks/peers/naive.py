"""What a user writes in an evening: requests and feedparser in a loop, what was seen in a dictionary and a file."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import feedparser
import requests

urls = Path(sys.argv[1]).read_text().split()
seen: set[str] = set()
state = Path(sys.argv[2]) / "seen.json"
terms = ("border", "railway")
for _ in sys.stdin:
    started, wall = time.process_time(), time.monotonic()
    for url in urls:
        for entry in feedparser.parse(requests.get(url, timeout=30).content).entries:
            if entry.id not in seen:
                seen.add(entry.id)
                _matched = any(term in (entry.title + entry.summary).lower() for term in terms)
    state.write_text(json.dumps(sorted(seen)))
    print(json.dumps({"cpu": time.process_time() - started, "wall": time.monotonic() - wall}), flush=True)
