"""The pictures in docs/pictures: every kind of message as the program makes it, drawn as Slack draws it.

    python -m docs.pictures /usr/bin/chromium

The modal is that of a story which went the whole way, from a feed on loopback to the tests' Slack.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from docs import slack_look
from docs.scenes import scenes
from monitor.alerts.sinks.slack_replies import modal
from monitor.app import config as configuration
from monitor.app import slack_words
from monitor.app.daemon import Daemon
from monitor.model import DeliveryId
from monitor.store.sqlite.store import Store
from tests.newsroom import TANKS, Newsroom, write_config
from tests.slack_standin import TOKEN, SlackStandIn

PICTURES = Path(__file__).with_name("pictures")
WIDTH = 720
NEAR = "rules: [{name: drones, title: Drones near Kosovo, match: {all: [{concept: kosovo}, drones]}}]\n"


def main(chromium: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    for scene in scenes():
        blocks = () if scene.plain else scene.blocks
        drawn = slack_look.message(blocks, scene.text, scene.at, threaded=scene.threaded)
        _take(chromium, drawn, scene.name)
    _take(chromium, slack_look.modal(modal("Why this alert", asyncio.run(_explained()))), "why")


async def _explained() -> list[str]:
    os.environ["SLACK_BOT_TOKEN"] = TOKEN
    with TemporaryDirectory() as directory:
        async with SlackStandIn() as slack, Newsroom("Time Wire") as paper:
            paper.publish("Serbia moves tanks to the border", TANKS, "/tanks")
            config = write_config(
                Path(directory, "config"),
                [("Time Wire", paper.feed_url)],
                slack_url=slack.url,
                baseline={"alert_last": "6h"},
            )
            Path(directory, "config", "rules", "near.yaml").write_text(NEAR)
            await Daemon(configuration.load(config), io.StringIO(), announce=False).run_once()
            (told,) = slack.messages()
        store = Store.reader(Path(directory, "news.db"))
        try:
            return list(slack_words.why(store, DeliveryId(told.metadata["event_payload"]["key"])))  # type: ignore[index]
        finally:
            store.close()


def _take(chromium: str, body: str, name: str) -> None:
    """Twice: to learn the height, and to take the picture."""
    with TemporaryDirectory() as directory:
        page = Path(directory, "page.html")
        page.write_text(slack_look.page(body), "utf-8")
        command = [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={directory}",
        ]
        dumped = subprocess.run([*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True)
        height = re.search(r'data-height="(\d+)"', dumped.stdout)
        assert height is not None
        size = f"--window-size={WIDTH},{int(height[1])}"
        picture = PICTURES / f"{name}.png"
        subprocess.run(
            [*command, size, "--force-device-scale-factor=1", f"--screenshot={picture}", page.as_uri()],
            capture_output=True,
            check=True,
        )
        print(f"{picture.stat().st_size / 1_000:5.1f} kB  {picture}")


if __name__ == "__main__":
    main(sys.argv[1])
