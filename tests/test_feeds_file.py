"""feeds.yaml changed by the program."""

from __future__ import annotations

import os
import resource
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.app.config import feeds_of, load_feeds
from monitor.app.feed_import import Plan, free_name, plan
from monitor.app.feeds_file import added, change, on_one_line, removed
from monitor.app.starter import starter_directory
from monitor.errors import ConfigError, Problem
from monitor.feeds.opml import Outline
from monitor.ids import feed_id
from monitor.model import Feed
from monitor.urls import web_url
from monitor.yaml_file import parse


def feed(name: str, **fields: object) -> Feed:
    url = str(fields.pop("url", f"https://{name.lower()}.example/feed"))
    return Feed(feed_id(url), name, url, **fields)  # type: ignore[arg-type]


A, B, C, N = feed("A"), feed("B"), feed("C"), feed("N", tags=("x", "y"), language="sq", every=timedelta(minutes=4))

IN_BRACKETS = """\
# My feeds
feeds:   # all of them
  # the region
  - {name: A, url: https://a.example/feed}   # the first
  - {name: B,
     url: https://b.example/feed}

  # - {name: off, url: https://off.example/}
  - {name: C, url: https://c.example/feed}
  # the end
"""
ON_LINES = """\
feeds:
- name: A
  url: https://a.example/feed
  # asked less often
  every: 1h

- # a comment at the dash
  url: https://b.example/feed
  name: B
-
  name: C
  url: https://c.example/feed"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            IN_BRACKETS,
            IN_BRACKETS.replace(
                "  # the end",
                "  - {name: N, url: https://n.example/feed, tags: [x, y], language: sq, every: 4m}\n  # the end",
            ),
        ),
        (
            ON_LINES,
            ON_LINES + "\n- name: N\n  url: https://n.example/feed\n  tags: [x, y]\n  language: sq\n  every: 4m\n",
        ),
        (
            "feeds:\r\n- {name: A, url: https://a.example/feed}\r\n",
            "feeds:\r\n- {name: A, url: https://a.example/feed}\r\n"
            "- {name: N, url: https://n.example/feed, tags: [x, y], language: sq, every: 4m}\r\n",
        ),
        (
            "\ufefffeeds:\n- {name: A, url: https://a.example/feed}",
            "\ufefffeeds:\n- {name: A, url: https://a.example/feed}\n"
            "- {name: N, url: https://n.example/feed, tags: [x, y], language: sq, every: 4m}\n",
        ),
    ],
)
def test_added(text: str, expected: str) -> None:
    """The new feed comes behind the last one, in its style; everything else stays."""
    assert expected == added(text, "feeds.yaml", [N])


@pytest.mark.parametrize(
    ("text", "name", "cut"),
    [
        (IN_BRACKETS, "A", "  - {name: A, url: https://a.example/feed}   # the first\n"),
        (IN_BRACKETS, "B", "  - {name: B,\n     url: https://b.example/feed}\n"),
        (IN_BRACKETS, "C", "  - {name: C, url: https://c.example/feed}\n"),
        (ON_LINES, "A", "- name: A\n  url: https://a.example/feed\n  # asked less often\n  every: 1h\n"),
        (ON_LINES, "B", "- # a comment at the dash\n  url: https://b.example/feed\n  name: B\n"),
        (ON_LINES, "C", "-\n  name: C\n  url: https://c.example/feed"),
    ],
)
def test_removed(text: str, name: str, cut: str) -> None:
    """Its lines are gone; comments elsewhere are untouched."""
    (gone,) = [feed for feed in feeds_of(parse(text, "")) if feed.name == name]
    assert text.replace(cut, "") == removed(text, "feeds.yaml", gone)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("feeds: [{name: A, url: https://a.example/feed}]", "the feeds do not stand one below the other"),
        ("---\nfeeds: [{name: A, url: https://a.example/feed}]", "the feeds do not stand one below the other"),
        ("{feeds: [{name: A, url: https://a.example/feed},\n {name: B, url: https://b.example/feed}]}", "one below"),
        ("feeds:\n  - {name: A,\nurl: https://a.example/feed}\n", "not valid YAML|would not be right any more"),
        ("feeds:\n  - {name: N, url: https://a.example/feed}\n", "name 'N' is used twice"),
        ("feeds:\n  - {name: A, url: https://n.example/feed}\n", "url 'https://n.example/feed' is used twice"),
        ("feeds: []\n", "is empty"),
        ("feeds:\n  - {name: A}\n", "url is missing"),
    ],
)
def test_nothing_is_changed_blindly(text: str, why: str) -> None:
    """What cannot be changed with certainty, or would not be right afterwards, is refused with what to write."""
    with pytest.raises(ConfigError, match=why):
        added(text, "feeds.yaml", [N])


def test_it_must_be_read_as_it_was_meant() -> None:
    """An interval that cannot be written exactly, for one."""
    with pytest.raises(ConfigError, match=r"cannot be changed as it is laid out; write this yourself: - \{name: N"):
        added(IN_BRACKETS, "feeds.yaml", [feed("N", every=timedelta(seconds=1.5))])


def test_the_last_feed_stays() -> None:
    """A configuration without feeds would be refused at the next start."""
    with pytest.raises(ConfigError, match="'A' is its only feed"):
        removed("feeds:\n  - {name: A, url: https://a.example/feed}\n", "feeds.yaml", A)


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
new_feeds = st.builds(
    lambda name, path, tags, language: feed(
        name, url=web_url(f"https://n.example/{path}"), tags=tuple(tags), language=language
    ),
    names.filter(lambda name: name not in "ABC"),
    names,
    st.lists(names, max_size=3),
    st.sampled_from([None, "en", "no", "sr-Latn"]),
)


@given(new_feeds, st.sampled_from([IN_BRACKETS, ON_LINES]))
def test_there_and_back(new: Feed, text: str) -> None:
    """Whatever it is called, a feed that is added is read as it was meant; removed again, the text is what it was."""
    with_it = added(text, "feeds.yaml", [new])
    assert new == feeds_of(parse(with_it, ""))[-1]
    assert (text if text.endswith("\n") else text + "\n") == removed(with_it, "feeds.yaml", new)


def test_every_feed_of_the_starter_can_go() -> None:
    """Each one of the shipped file, on its own."""
    path = starter_directory() / "feeds.yaml"
    text = path.read_text("utf-8")
    feeds = load_feeds(path.parent)
    for gone in feeds:
        left = removed(text, "feeds.yaml", gone)
        assert [one for one in feeds if one != gone] == list(feeds_of(parse(left, "")))


# ---- the file ----


def test_the_file_is_replaced(tmp_path: Path) -> None:
    """Whole, with its mode, through a link, and leaving nothing beside it."""
    real = tmp_path / "real" / "list.yaml"
    real.parent.mkdir()
    real.write_text("old")
    real.chmod(0o640)
    link = tmp_path / "feeds.yaml"
    link.symlink_to(real)
    change(link, lambda text, name: f"{text}, new: {name}")
    assert f"old, new: {real}" == real.read_text()
    assert link.is_symlink()
    assert 0o640 == stat.S_IMODE(real.stat().st_mode)
    assert ["list.yaml"] == os.listdir(real.parent)  # noqa: PTH208 - hidden files too


def test_a_refused_change_leaves_the_file(tmp_path: Path) -> None:
    """The very same file, not a copy of it."""
    path = tmp_path / "feeds.yaml"
    path.write_text("old")
    before = path.stat()

    def refuse(text: str, name: str) -> str:
        raise ConfigError([Problem(name, 0, "no")])

    with pytest.raises(ConfigError):
        change(path, refuse)
    assert (before.st_ino, "old") == (path.stat().st_ino, path.read_text())
    assert ["feeds.yaml"] == os.listdir(tmp_path)  # noqa: PTH208


def test_a_full_disk_leaves_the_file(tmp_path: Path) -> None:
    """And nothing half written beside it."""
    path = tmp_path / "feeds.yaml"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            change(path, lambda text, name: "x" * 5_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "old" == path.read_text()
    assert ["feeds.yaml"] == os.listdir(tmp_path)  # noqa: PTH208


# ---- import ----


def outline(name: str, url: str, *tags: str, line: int = 1, language: str | None = None) -> Outline:
    return Outline(line, name, url, tags, language)


def problems(*lines: tuple[int, str]) -> tuple[Problem, ...]:
    return tuple(Problem("l.opml", line, why) for line, why in lines)


@pytest.mark.parametrize(
    ("outlines", "expected"),
    [
        ([outline("N", N.url, "x", language="sq")], Plan((feed("N", tags=("x",), language="sq"),), (), ())),
        ([outline("N", N.url, language="albanian")], Plan((feed("N"),), (), ())),
        (
            [outline("", "https://www.n.example/feed")],
            Plan((feed("n.example", url="https://www.n.example/feed"),), (), ()),
        ),
        ([outline("A", N.url)], Plan((feed("A (n.example)", url=N.url),), (), ())),
        ([outline("X", "http://a.example/feed", line=7)], Plan((), problems((7, "X is there already, as A")), ())),
        (
            [outline("N", N.url, line=3), outline("O", N.url + "#top", line=4)],
            Plan((feed("N"),), problems((4, "O is listed before, on line 3")), ()),
        ),
        (
            [outline("N", "", line=5), outline("", "feed://n.example/", line=6)],
            Plan(
                (),
                (),
                problems(
                    (5, "N has no xmlUrl, which is a feed's address"),
                    (6, "'feed://n.example/' is not a web address; it must begin with http:// or https://"),
                ),
            ),
        ),
    ],
)
def test_plan(outlines: list[Outline], expected: Plan) -> None:
    """What is new, what is there already, what cannot be used, each with its place."""
    assert expected == plan(outlines, [A], file="l.opml")


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ([], "A"),
        (["A"], "A (n.example)"),
        (["A", "A (n.example)"], "A (2)"),
        (["A", "A (n.example)", "A (2)"], "A (3)"),
    ],
)
def test_free_names(taken: list[str], expected: str) -> None:
    """A name that is taken gets the site's beside it, then a number."""
    assert expected == free_name("A", N.url, taken)


def test_on_one_line() -> None:
    """To be pasted: tags stand there to be filled in."""
    assert "- {name: A, url: https://a.example/feed, tags: []}" == on_one_line(A)
