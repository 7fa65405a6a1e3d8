"""A feed of alerts, read back with the parser that reads other people's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.sinks.atom import MOST_ENTRIES, AtomSink, put
from monitor.feeds.parse import parse
from monitor.model import Accepted, FeedDocument, FeedId, Missing, Report, TargetBroken, Unreadable
from tests.builders import NOON, delivery, message


def feed(path: Path) -> FeedDocument:
    return parse(
        path.read_bytes(),
        feed_id=FeedId("f"),
        url="https://desk.example/",
        content_type="application/atom+xml",
        now=NOON,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "public" / "alerts.atom"


@pytest.fixture
def sink(path: Path) -> AtomSink:
    return AtomSink({"all": path}, lambda: NOON)


async def test_an_alert_is_an_entry(sink: AtomSink, path: Path) -> None:
    """The newest first; a link to the article, the rules as categories, the evidence as text."""
    await sink.send(delivery("a" * 32, target="all", message=message("Tanks <b>move</b> & more")))
    await sink.send(delivery("b" * 32, target="all", message=message("Second")))

    shown = feed(path)
    assert ["[high] Second", "[high] Tanks <b>move</b> & more"] == [entry.title for entry in shown.entries]
    assert "https://courier.example/tanks" == shown.entries[0].url
    assert "tanks" in shown.entries[0].content or "tanks" in shown.entries[0].summary
    assert b'category term="armour"' in path.read_bytes()
    assert shown.note is None


async def test_it_is_its_own_history(sink: AtomSink, path: Path) -> None:
    """A message is found where it stands, and sent twice it stands once; changed, it keeps its time."""
    sent = delivery(target="all", message=message())
    assert Missing() == await sink.find(sent)
    assert isinstance(await sink.send(sent), Accepted)
    assert isinstance(await sink.send(sent), Accepted)
    await sink.edit(delivery(target="all", message=message("Serbia moves more tanks")))

    assert isinstance(await sink.find(sent), Accepted)
    assert ["[high] Serbia moves more tanks"] == [entry.title for entry in feed(path).entries]


async def test_a_report_to_operators(sink: AtomSink, path: Path) -> None:
    """Has no link."""
    await sink.send(delivery(target="all", message=Report(("a feed is gone",), 0, NOON)))

    entry = feed(path).entries[0]
    assert entry.url is None
    assert "a feed is gone" in entry.summary + entry.content


def test_it_stays_short(path: Path) -> None:
    """The oldest go."""
    for n in range(MOST_ENTRIES + 3):
        put(path, delivery(f"{n:032}", target="all", message=message(f"No. {n}")), NOON)

    titles = [entry.title for entry in feed(path).entries]
    assert MOST_ENTRIES == len(titles)
    assert (f"[high] No. {MOST_ENTRIES + 2}", "[high] No. 3") == (titles[0], titles[-1])


async def test_a_file_that_somebody_broke(sink: AtomSink, path: Path) -> None:
    """Nothing of it is overwritten; operators are told, with the remedy."""
    path.parent.mkdir()
    path.write_text("<feed")

    outcome = await sink.send(delivery(target="all", message=message()))
    assert isinstance(outcome, TargetBroken)
    assert "delete it" in outcome.error
    assert isinstance(await sink.find(delivery(target="all")), Unreadable)
    assert "<feed" == path.read_text()


async def test_a_target_that_is_gone_from_the_configuration(sink: AtomSink) -> None:
    """Its messages wait, and operators are told."""
    assert isinstance(await sink.send(delivery(target="old", message=message())), TargetBroken)


@given(headline=st.text(st.characters(), min_size=1, max_size=60), outlet=st.text(st.characters(), max_size=30))
def test_whatever_a_headline_is_the_feed_stays_readable(
    tmp_path_factory: pytest.TempPathFactory, headline: str, outlet: str
) -> None:
    """Control characters, surrogates and markup included."""
    path = tmp_path_factory.mktemp("feed") / "alerts.atom"
    put(path, delivery(target="all", message=message(headline, outlet=outlet)), NOON)

    assert feed(path).note is None
    assert 1 == len(feed(path).entries)
