"""urlwatch by its command, one process a sweep; the cost of starting it is taken off (an empty list of jobs)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

place = Path(sys.argv[2])
jobs, none, config, hooks = place / "jobs.yaml", place / "none.yaml", place / "urlwatch.yaml", place / "hooks.py"
jobs.write_text("---\n".join(f"url: {url}\n" for url in Path(sys.argv[1]).read_text().split()))
none.write_text("url: http://127.0.0.1:9/\nenabled: false\n")
config.write_text("display: {new: false, error: false}\nreport: {stdout: {enabled: false}}\n")
hooks.write_text("")


def run(urls: Path) -> tuple[float, float]:
    program = Path(sys.executable).with_name("urlwatch")
    before, wall = os.times(), time.monotonic()
    arguments: list[str | Path] = ["--urls", urls, "--config", config, "--hooks", hooks, "--cache", place / "cache.db"]
    subprocess.run([program, *arguments], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, time.monotonic() - wall


start = min(run(none) for _ in range(3))
for _ in sys.stdin:
    cpu, wall = run(jobs)
    print(json.dumps({"cpu": cpu - start[0], "wall": wall - start[1]}), flush=True)
