"""What is put back into a text, and what is taken off it, by where it stands in the page."""

from __future__ import annotations

from html import escape

import pytest

from monitor.articles.extract import extract
from monitor.articles.furniture import trim
from monitor.model import Extract
from tests.page_shells import OTHERS, PARAGRAPHS, TITLE, Story

URL = "https://coast.example/2021/strike-ends"


def read(body: str, head: str = "") -> Extract:
    page = f"<!DOCTYPE html><html><head><title>{escape(TITLE)}</title>{head}</head><body>{body}</body></html>"
    return extract(page.encode(), url=URL, content_type="text/html; charset=utf-8")


def lines(body: str, head: str = "") -> list[str]:
    found = read(body, head)
    return trim(found.text, found.title).split("\n\n")


def article(inside: str) -> str:
    return f'<article><h1>{TITLE}</h1><div class="text">{inside}</div></article>'


def test_cut_up() -> None:
    """A text in several blocks of one kind is one text, in its order."""
    long = [*PARAGRAPHS, *(text.replace("Port Verran", "Port Lovran").replace("the", "that") for text in PARAGRAPHS)]
    chunks = "".join(
        f'<div class="grid"><div class="chunk"><p>{escape(one)}</p><p>{escape(other)}</p></div><div>Ad</div></div>'
        for one, other in zip(long[::2], long[1::2], strict=True)
    )

    assert lines(f"<article><h1>{TITLE}</h1>{chunks}</article>") == long


def test_next_article() -> None:
    """Another article below, in the same dress, is another article, and what was not kept of it stays out."""
    other = "".join(f"<p>Volcano, part {number}: {escape(text)}</p>" for number, text in enumerate(PARAGRAPHS))
    below = f'<div class="next"><h1>Volcano quiet again</h1><div class="text">{other}</div></div>'

    assert lines(f'<div class="this">{article(Story().inner())}</div>{below}') == list(PARAGRAPHS)


LINKS = "".join(f'<p><a href="/{number}">{title}</a></p>' for number, title in enumerate(OTHERS))
BETWEEN = "</p>\n<p>".join(escape(text) for text in PARAGRAPHS)


@pytest.mark.parametrize(
    "body",
    [
        article(f"{LINKS}{Story().inner()}"),
        article(f"{Story().inner()}{LINKS}"),
        article(f"{Story(paragraphs=PARAGRAPHS[:4]).inner()}{LINKS}{Story(paragraphs=PARAGRAPHS[4:]).inner()}"),
    ],
    ids=["before", "after", "between"],
)
def test_links(body: str) -> None:
    """Lines that are all link, several in a row or at the end, lead elsewhere."""
    assert lines(body) == list(PARAGRAPHS)


def test_linked_words() -> None:
    """A heading that is a link, and links in sentences, are the article's."""
    linked = Story().inner().replace("Port Verran", '<a href="/verran">Port Verran</a>')
    heading = '<h2><a href="/plan">What the plan says about the cranes</a></h2>'
    halves = linked.split("\n")

    found = lines(article("\n".join([*halves[:3], heading, *halves[3:]])))

    assert found == [*PARAGRAPHS[:3], "What the plan says about the cranes", *PARAGRAPHS[3:]]


CAPTION = "Dockers on the mole at dawn, after the vote. Photo: Coast News"


@pytest.mark.parametrize(
    "picture",
    [
        f'<figure><img src="/1.jpg"><figcaption>{CAPTION}</figcaption></figure>',
        f'<div class="image"><img src="/1.jpg"><p class="wp-caption-text">{CAPTION}</p></div>',
        f'<div><img src="/1.jpg"><div class="article__caption">{CAPTION}</div></div>',
    ],
)
def test_caption(picture: str) -> None:
    """Captions are kept apart: they are no part of the text, wherever they stand."""
    inner = Story().inner().split("\n")
    body = article("\n".join([picture, *inner[:3], picture, *inner[3:]]))

    assert read(body).captions == (CAPTION,)
    assert lines(body) == list(PARAGRAPHS)


def test_caption_elsewhere() -> None:
    """Pictures of other articles have nothing to say here."""
    aside = f"<div><figure><figcaption>{CAPTION}</figcaption></figure></div>"

    assert read(article(Story().inner()) + aside).captions == ()


def test_said_twice() -> None:
    """A page that carries its text twice, for two sizes of screen, has one text."""
    twice = f'<div class="wide">{Story().inner()}</div><div class="narrow">{Story().inner()}</div>'

    assert lines(f"<article><h1>{TITLE}</h1>{twice}</article>") == list(PARAGRAPHS)


def test_refrain() -> None:
    """Short lines may come again: questions of an interview, names in a list."""
    inner = [line for text in PARAGRAPHS for line in (f"<p>{escape(text)}</p>", "<p>And then what?</p>")]

    assert lines(article("".join(inner))).count("And then what?") == len(PARAGRAPHS)


def test_headline_in_other_words() -> None:
    """Every spelling of the headline is the headline: the page's, the one for sharing, the one for machines."""
    shared = "Five-week strike ends: the night that saved Port Verran"
    machine = "Dockers’ strike in Port Verran is over"
    head = (
        f'<meta property="og:title" content="{shared}"><script type="application/ld+json">'
        f'{{"@type": "NewsArticle", "headline": "{machine}"}}</script>'
    )

    assert lines(article(f"<p>{machine}</p><p>{shared}</p>{Story().inner()}"), head) == list(PARAGRAPHS)
