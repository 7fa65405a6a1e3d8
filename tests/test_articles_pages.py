"""From the bytes of a page to the text that counts, in the shells that sites put around it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.articles.extract import extract
from monitor.articles.furniture import trim
from monitor.articles.judge import judge
from monitor.errors import ExtractError
from monitor.model import FULL, Extract
from tests.page_shells import HEADLINE, PARAGRAPHS, SHELLS, TITLE, Shell, Story

URL = "https://coast.example/2021/strike-ends"
HTML = "text/html; charset=utf-8"


def read(page: str | bytes, *, content_type: str = HTML) -> Extract:
    body = page.encode() if isinstance(page, str) else page
    return extract(body, url=URL, content_type=content_type)


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.__name__)
def test_shell(shell: Shell) -> None:
    """Every paragraph comes out, in order, with the second headline, and nothing that stood around them."""
    found = read(shell(Story()))

    assert found.title == TITLE
    assert trim(found.text, found.title).split("\n\n") == [HEADLINE, *PARAGRAPHS]
    assert found.published_at is None  # every shell has years in it, and no date
    assert found.language == "en-GB"
    assert judge(found, entry_title=TITLE, entry_summary="") == FULL


def page(head: str = "", *, html: str = "<html>") -> str:
    return f"<!DOCTYPE html>{html}<head><title>{TITLE}</title>{head}</head><body><article>{Story().inner()}</article>"


DATES = [
    ("", None),
    ('<meta property="article:published_time" content="2021-10-05T23:30:00+02:00">', "2021-10-05T21:30:00+00:00"),
    ('<meta property="article:published_time" content="2021-10-05">', "2021-10-05T00:00:00+00:00"),
    (
        '<script type="application/ld+json">{"@graph": [{"datePublished": "2021-10-05T08:00:00Z"}]}</script>',
        "2021-10-05T08:00:00+00:00",
    ),
    ('<script type="application/ld+json">{"datePublished": ["2021", {}], "a": [</script>', None),
    ('<meta name="copyright" content="© 2021">', None),
]


@pytest.mark.parametrize(("head", "expected"), DATES)
def test_date(head: str, expected: str | None) -> None:
    """A page is dated by what it declares, with the time of day if that is told, and never by a year in its text."""
    assert read(page(head)).published_at == (datetime.fromisoformat(expected) if expected else None)


def test_date_is_utc() -> None:
    """Whatever the page's offset, the date is in UTC."""
    head = '<meta property="article:published_time" content="2021-10-05T01:30:00+05:45">'

    assert read(page(head)).published_at == datetime(2021, 10, 4, 19, 45, tzinfo=UTC)


LINKS = [
    ('<link rel="canonical" href="https://coast.example/strike-over">', "https://coast.example/strike-over"),
    ('<link rel="canonical" href="/strike-over">', "https://coast.example/strike-over"),
    ('<link rel="canonical" href="https://www.coast.example/strike-over">', "https://www.coast.example/strike-over"),
    ('<meta property="og:url" content="https://coast.example/strike-over">', "https://coast.example/strike-over"),
    ('<link rel="canonical" href="https://other.example/strike">', None),
    ('<link rel="Canonical shortlink" href="https://coast.example/strike-1">', "https://coast.example/strike-1"),
    ('<link rel="canonical" href="https://coast.example/2021/10/?p=9">', "https://coast.example/2021/10/?p=9"),
    ('<link rel="canonical" href="https://coast.example/">', None),
    ('<link rel="canonical" href="https://coast.example/news/">', None),
    ('<link rel="canonical" href="https://coast.example/2021/10">', None),
    ('<link rel="canonical" href="">', None),
    ('<link rel="canonical" href="javascript:alert(1)">', None),
    ('<link rel="canonical" href="http://[">', None),
    ("", None),
]


@pytest.mark.parametrize(("head", "expected"), LINKS)
def test_canonical_url(head: str, expected: str | None) -> None:
    """A page may name its own address, on its own site."""
    assert read(page(head)).canonical_url == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<html lang="sr-Latn-RS">', "sr-Latn-RS"),
        ('<html lang="de_DE">', "de-DE"),
        ('<html lang="">', None),
        ('<html lang="<script>">', None),
        ("<html>", None),
    ],
)
def test_language(html: str, expected: str | None) -> None:
    """The language is what the page says, if it says it in a way that is one."""
    assert read(page(html=html)).language == expected


CYRILLIC = "Лука Веран: штрајк је завршен после пет недеља, а прве дизалице раде од четвртка ујутру. " * 3
CYRILLIC_PAGE = "<html><head>{}<title>Штрајк</title></head><body><article><p>{}</p><p>{}</p></article></body></html>"
ENCODINGS = [
    ("utf-8", "text/html", ""),
    ("utf-8", "text/html; charset=iso-8859-1", ""),  # declared by the server, and wrong
    ("windows-1251", "text/html; charset=windows-1251", ""),
    ("windows-1251", "text/html", '<meta charset="windows-1251">'),
    ("windows-1251", "text/html", ""),
    ("windows-1251", "text/html; charset=rot13", ""),  # not a charset, though Python has it
    ("windows-1251", "text/html", '<meta charset="undefined">'),
    ("utf-16", "text/html", ""),
]


@pytest.mark.parametrize(("encoding", "content_type", "head"), ENCODINGS)
def test_encoding(encoding: str, content_type: str, head: str) -> None:
    """The letters come out right, whatever the page or its server says about them."""
    body = CYRILLIC_PAGE.format(head, CYRILLIC, CYRILLIC.replace("пет", "шест")).encode(encoding)

    assert "штрајк је завршен после пет недеља" in read(body, content_type=content_type).text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the page is empty"),
        (b" \r\n\0", "the page is empty"),
        (b"<html><body></body></html>", "no text found"),
        (b'{"a": 1}', "not HTML"),
        (b"<html><body><script>var x</script></body></html>", "no text found"),
    ],
)
def test_nothing_to_read(body: bytes, reason: str) -> None:
    """A page without text is an error that says so."""
    with pytest.raises(ExtractError, match=reason):
        read(body)


def test_plain_text() -> None:
    """A page of plain text is its own text."""
    found = read("First.\r\n\r\n\r\nSecond\r\nline.", content_type="text/plain")

    assert found.text == "First.\n\nSecond\nline."


@pytest.mark.parametrize(
    "body", [bytes(range(256)) * 100, b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n" + bytes(range(0, 256, 3)) * 9]
)
def test_no_plain_text(body: bytes) -> None:
    """Other bytes are no text, whatever their server says."""
    with pytest.raises(ExtractError, match="not text"):
        read(body, content_type="text/plain")


def test_hidden_characters() -> None:
    """Characters that can hide or turn text around do not come through."""
    found = read(page().replace("Dockworkers", "Dock\u202eworkers\u200b"))

    assert found.text.startswith("Dockworkers")


def test_data_table() -> None:
    """A table of figures keeps its rows, one on a line."""
    table = "<table><tr><th>Quay</th><th>Ships</th></tr><tr><td>East</td><td>40</td></tr></table>"
    found = read(page().replace("</article>", f"{table}</article>"))

    assert found.text.split("\n\n")[-2:] == ["Quay | Ships", "East | 40"]
