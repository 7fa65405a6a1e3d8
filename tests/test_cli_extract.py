"""`extract` as a user runs it: real files, a real outlet on loopback, a real worker."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from monitor.cli.common import Place
from monitor.cli.extract import extract
from tests.newsroom import TANKS, Newsroom, write_config
from tests.page_shells import HEADLINE, PARAGRAPHS, TITLE, Story, carousel, wordpress

HEAD = (
    '<meta property="article:published_time" content="2021-10-05T08:00:00Z"><meta name="author" content="Jane Doe">'
    '<link rel="canonical" href="https://coast.example/strike"></head>'
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(write_config(tmp_path / "config", [("Courier", "http://127.0.0.1:9/feed")]))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "page.html"
    file.write_text(wordpress(Story()).replace("</head>", HEAD))
    return file


def invoke(place: Place, *arguments: str) -> Result:
    return CliRunner().invoke(extract, arguments, obj=place)


def facts(place: Place, *arguments: str) -> dict[str, Any]:
    result = invoke(place, *arguments, "--json")
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_file(place: Place, page: Path) -> None:
    """The article, what the page says about itself and where it says it."""
    told = facts(place, str(page), "--url", "https://www.coast.example/2021/10/strike?utm_source=rss")

    assert told["quality"] == "full"
    assert told["title"] == TITLE
    assert [paragraph["text"] for paragraph in told["paragraphs"]] == [HEADLINE, *PARAGRAPHS]
    assert told["metadata"]["published_at"] == "2021-10-05T08:00:00Z"
    assert told["metadata"]["date_confidence"] == "declared"
    assert told["sources"] == {
        "author": "meta author",
        "canonical_url": "link rel=canonical",
        "language": "html lang",
        "published_at": "meta article:published_time",
    }
    assert told["metadata"]["canonical_url"] == "https://coast.example/strike"
    assert told["timings_ms"]["download"] is None
    assert told["timings_ms"]["read"] > 0


def test_address_of_a_file(place: Place, page: Path) -> None:
    """Without a word on where a file was found, its own counts."""
    metadata = facts(place, str(page))["metadata"]

    assert metadata["canonical_url"] == "https://coast.example/strike"
    assert metadata["syndicated_from"] is None


def test_offsets(place: Place, page: Path) -> None:
    """Paragraphs say where they stand in the text that rules see, and in which zone."""
    paragraphs = facts(place, str(page))["paragraphs"]
    text = "\n\n".join(paragraph["text"] for paragraph in paragraphs)

    assert all(text[p["start"] : p["end"]] == p["text"] for p in paragraphs)
    assert [p["zone"] for p in paragraphs][:2] == ["lead", "body"]


def test_plain(place: Place, page: Path) -> None:
    """Without --json it is for people."""
    shown = invoke(place, str(page)).stdout

    assert f"Title      {TITLE}" in shown
    assert "Published  2021-10-05 08:00Z, declared  (meta article:published_time)" in shown
    assert f"[lead 0-{len(HEADLINE)}] {HEADLINE}" in shown


async def test_url(place: Place) -> None:
    """An address is fetched as the daemon would."""
    async with Newsroom() as room:
        url = room.publish("Serbia deploys tanks near Kosovo border", TANKS)
        told = await asyncio.to_thread(facts, place, url)

    assert told["quality"] == "full"
    assert [paragraph["text"] for paragraph in told["paragraphs"]] == list(TANKS)
    assert told["timings_ms"]["download"] > 0


WALLS = [
    ("<html><title>Just a moment...</title><body><p>Verify you are human, please.</p>", "robots"),
    ("<html><body></body></html>", "no text"),
    ("", "empty"),
]


@pytest.mark.parametrize(("content", "reason"), WALLS)
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_article(place: Place, tmp_path: Path, content: str, reason: str, options: list[str]) -> None:
    """What is no article is called by its name, and the exit code tells."""
    file = tmp_path / "page.html"
    file.write_text(content)
    result = invoke(place, str(file), *options)

    assert result.exit_code == 1
    assert reason in result.stdout


def test_title_of_the_feed(place: Place, tmp_path: Path) -> None:
    """What the feed calls the article decides whether the page is it."""
    file = tmp_path / "page.html"
    file.write_text(carousel(Story()))

    assert facts(place, str(file), "--title", "Dockers vote to end the strike")["quality"] == "full"
    assert "not about" in facts(place, str(file), "--title", "Volcano erupts in Patagonia")["quality"]


def test_no_file(place: Place) -> None:
    """A file that is not there is wrong usage, and said so."""
    result = invoke(place, "nowhere.html")

    assert result.exit_code == 2
    assert "nowhere.html" in result.stderr


def test_standard_input(place: Place, page: Path) -> None:
    """What is piped in is read like a file."""
    given = CliRunner().invoke(extract, ["-", "--json"], obj=place, input=page.read_bytes())

    assert json.loads(given.stdout)["paragraphs"] == facts(place, str(page))["paragraphs"]


def test_nothing_can_be_fetched(place: Place) -> None:
    """A page that cannot be had is no wrong usage; whoever asked for JSON gets it."""
    result = invoke(place, "http://10.0.0.1/", "--json")

    assert result.exit_code == 1
    assert "10.0.0.1" in json.loads(result.stdout)["quality"]


def test_date_of_the_future(place: Place, tmp_path: Path) -> None:
    """It is shown, and that the daemon would not use it."""
    file = tmp_path / "page.html"
    file.write_text(
        carousel(Story()).replace("<head>", '<head><meta property="article:published_time" content="2090-01-01">')
    )

    assert "2090-01-01 00:00Z, declared, of the future and not used" in invoke(place, str(file)).stdout


def test_no_address(place: Place, page: Path) -> None:
    """Where a file was found must be an address."""
    result = invoke(place, str(page), "--url", "coast.example/strike")

    assert result.exit_code == 2
    assert "not a web address" in result.stderr


def test_endless_file(place: Place) -> None:
    """Of a file without an end as much is read as of a page, and bytes are no text."""
    result = invoke(place, "/dev/zero")

    assert result.exit_code == 1
    assert "empty" in result.stdout
