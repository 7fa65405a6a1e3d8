"""How stories never seen are measured: none of them is fitted on, and the days that one names turn together."""

from __future__ import annotations

from datetime import timedelta

from benchmarks.fit_stories import Pair, fit
from benchmarks.stories_held_out import in_its_week, part
from benchmarks.streams import START, Item
from monitor.stories.cluster import Evidence

NOTHING = Evidence(*([0.0] * len(Evidence._fields)))


def test_the_days_of_a_story_turn_together() -> None:
    """The one named most becomes the day on which it began, or the day before; the distances stay."""
    told = ("Shot on Monday.", "Shot on Monday, tried on Wednesday.")
    stream = [Item(str(i), START + timedelta(hours=i), "s", "News", text, "") for i, text in enumerate(told)]
    assert [text.text for text in in_its_week(stream)] in (
        ["Shot on Thursday.", "Shot on Thursday, tried on Saturday."],
        ["Shot on Wednesday.", "Shot on Wednesday, tried on Friday."],
    )


def test_stories_of_one_topic_are_held_out_together() -> None:
    """They are told apart with most trouble, so what is learnt of one is learnt of the other."""
    assert all(part(f"{topic}ecb") == part(f"{topic}ecbplus") for topic in range(20))


def test_the_weights_say_what_tells_right_from_wrong() -> None:
    """Of evidence that has no part in it the weight is nothing."""
    found = [
        Pair("a", candidate, NOTHING._replace(titles=titles))
        for candidate, titles in (("a", 0.9), ("b", 0.1), ("a", 0.8), ("b", 0.3), ("a", 0.2), ("b", 0.6))
    ]
    weights, bias = fit(found)
    assert weights.titles > 0 > bias
    assert NOTHING == weights._replace(titles=0.0)
