"""What is put back into a text, and what is taken off it, by where it stands in the page."""

from __future__ import annotations

from html import escape

import pytest
from lxml.html import document_fromstring

from monitor.articles.extract import extract
from monitor.articles.furniture import trim
from monitor.articles.lines import paragraphs
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


def chunk(*texts: str, kind: str = "chunk") -> str:
    inside = "".join(f"<p>{escape(text)}</p>" for text in texts)
    return f'<div class="grid"><div class="{kind}">{inside}</div></div>'


def of_half(body: str) -> list[str]:
    """What is made of a page when the extractor kept only these four of its paragraphs."""
    kept = "\n".join((*PARAGRAPHS[:2], *PARAGRAPHS[4:6]))
    return paragraphs(document_fromstring(f"<html><body>{body}</body></html>"), kept, (), ())


def test_cut_up() -> None:
    """A text in several blocks of one kind is one text, in its order."""
    blocks = "".join(chunk(*PARAGRAPHS[number : number + 2]) for number in range(0, 8, 2))

    assert of_half(f"<h1>{TITLE}</h1><article>{blocks}</article>") == list(PARAGRAPHS)


KEPT = (chunk(*PARAGRAPHS[:2]), chunk(*PARAGRAPHS[4:6]))
LOST = PARAGRAPHS[6:]
OTHERS_OWN = [
    f"<article>{KEPT[0]}{KEPT[1]}</article>{chunk(*LOST)}",
    f"<article>{KEPT[0]}{KEPT[1]}</article><article>{chunk(*LOST)}</article>",
    f"<div>{KEPT[0]}{KEPT[1]}</div><h1>Volcano quiet again</h1><div>{chunk(*LOST)}</div>",
    f"<article>{KEPT[0]}{KEPT[1]}{chunk(*LOST, kind='promotion')}</article>",
    f"<article>{KEPT[0]}{KEPT[1]}{chunk('One short paragraph that was left out, and not without a reason.')}</article>",
]


@pytest.mark.parametrize("body", OTHERS_OWN, ids=["outside", "article", "headline", "another kind", "little"])
def test_left_out(body: str) -> None:
    """What stands elsewhere, looks different, or is little, was left out for a reason."""
    assert of_half(f"<h1>{TITLE}</h1>{body}") == [*PARAGRAPHS[:2], *PARAGRAPHS[4:6]]


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
    twice = "\n".join(PARAGRAPHS * 2)

    assert paragraphs(document_fromstring("<p>x</p>"), twice, (), ()) == list(PARAGRAPHS)


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
