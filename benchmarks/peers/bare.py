"""The limit: aiohttp, conditional requests and nothing else. A file of addresses; a line on stdin is a sweep."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import aiohttp


async def main(urls: list[str]) -> None:
    etags: dict[str, str] = {}
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=32, force_close=True)) as session:

        async def one(url: str) -> None:
            headers = {"If-None-Match": etags[url]} if url in etags else {}
            async with session.get(url, headers=headers) as response:
                await response.read()
                if "ETag" in response.headers:
                    etags[url] = response.headers["ETag"]

        while await loop.run_in_executor(None, sys.stdin.readline):
            started, wall = time.process_time(), time.monotonic()
            await asyncio.gather(*(one(url) for url in urls))
            print(json.dumps({"cpu": time.process_time() - started, "wall": time.monotonic() - wall}), flush=True)


asyncio.run(main(Path(sys.argv[1]).read_text().split()))
