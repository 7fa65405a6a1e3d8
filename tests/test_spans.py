"""Lengths of time: one way to write them everywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.spans import brief, span, written


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1.5h", 5_400), ("2 d", 172_800), ("1w", 604_800), ("10m", 600), ("0s", 0)],
)
def test_what_is_written(text: str, seconds: float) -> None:
    """A number and a unit."""
    assert timedelta(seconds=seconds) == span(text)


@pytest.mark.parametrize("text", ["", "5", "m", "-1h", "1 h 5 m", "5y", "1e3s", "h1", " 5m", 5, None])
def test_what_is_no_time(text: object) -> None:
    """Nothing is guessed."""
    assert span(text) is None


def test_a_number_may_be_of_any_length() -> None:
    """It is longer than anything allowed, and no error of ours."""
    said = span(f"{'9' * 400}d")
    assert said is not None
    assert said > timedelta(days=365)


@given(st.integers(0, 10**8))
def test_what_is_told_can_be_written(seconds: int) -> None:
    """And means the same."""
    lasting = timedelta(seconds=seconds)
    assert lasting == span(written(lasting)) == span(brief(lasting).replace("min", "m"))
