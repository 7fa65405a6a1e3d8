"""The pictures show what Slack would take."""

from __future__ import annotations

import pytest

from docs import slack_look
from docs.pictures import PICTURES
from docs.scenes import Scene, scenes
from tests import slack_blocks, slack_mrkdwn

SCENES = tuple(scenes())


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_scene_is_a_message_that_slack_takes(scene: Scene) -> None:
    """And that calls nobody."""
    assert [] == slack_blocks.problems(scene.blocks)
    assert () == slack_mrkdwn.mentions(scene.text, scene.blocks, link_names=False)


def test_there_is_a_small_picture_of_each() -> None:
    """After a change: python -m docs.pictures CHROMIUM."""
    assert {"why.png", *(f"{scene.name}.png" for scene in SCENES)} == {file.name for file in PICTURES.iterdir()}
    assert [] == [file.name for file in PICTURES.iterdir() if file.stat().st_size > 60_000]


def test_the_drawing_reads_mrkdwn_as_slack_does() -> None:
    """Bold, links, dates and quotations; what was escaped stays text."""
    drawn = slack_look.message(
        (), "*a* <https://e.org|b &amp; c> *\u200bd*\u200b &lt;i&gt;\n> e", SCENES[0].at, threaded=False
    )
    for part in (
        "<b>a</b>",
        '<a href="https://e.org">b &amp; c</a>',
        "*\u200bd*\u200b &lt;i&gt;",
        "<div class=quote>e</div>",
    ):
        assert part in drawn
