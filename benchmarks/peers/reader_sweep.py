"""lemon24/reader, 20 threads, as its own command would do it."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from reader import make_reader

reader = make_reader(str(Path(sys.argv[2]) / "reader.sqlite"))
for url in Path(sys.argv[1]).read_text().split():
    reader.add_feed(url, exist_ok=True)
for _ in sys.stdin:
    started, wall = time.process_time(), time.monotonic()
    reader.update_feeds(scheduled=False, workers=20)
    print(json.dumps({"cpu": time.process_time() - started, "wall": time.monotonic() - wall}), flush=True)
