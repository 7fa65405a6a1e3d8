"""One sweep of the real program that sends itself a signal at the n-th transaction boundary.

    python -m tests.crash_child CONFIG N [SIGNAL]

The signal is SIGKILL unless another one is named by its number.

A boundary is a BEGIN or a COMMIT that is about to run, so N counts through "before anything", "everything written but
not committed" and, with the next BEGIN, "committed". N = 0 sends nothing. Prints how many boundaries it passed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from monitor.app import config as configuration
from monitor.app.daemon import Daemon


def main(directory: str, kill_at: int, number: int) -> None:
    passed = 0

    def trace(sql: str) -> None:
        nonlocal passed
        if sql.lower().startswith(("begin", "commit")):
            passed += 1
            if passed == kill_at:
                os.kill(os.getpid(), number)

    async def sweep() -> None:
        daemon = Daemon(configuration.load(Path(directory)), sys.stderr, trace=trace)
        swept = await daemon.run_once(now=True)
        if (swept.left and not daemon.stopped) or swept.faults:
            raise SystemExit(f"not done: {swept}")

    asyncio.run(sweep())
    sys.stdout.write(f"{passed}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else signal.SIGKILL)
