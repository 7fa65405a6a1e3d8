"""When a page was published, by its own word, and what that word is worth."""

from __future__ import annotations

from datetime import datetime

import pytest

from monitor.articles.dates import moment
from monitor.articles.extract import extract
from monitor.model import Confidence
from tests.page_shells import PARAGRAPHS, TITLE, Story

URL = "https://coast.example/strike-ends"
DAY = "2021-10-05"


def published(head: str = "", above: str = "", *, url: str = URL) -> tuple[str, str] | None:
    body = f"<article><h1>{TITLE}</h1>{above}{Story().inner()}</article><footer>© 2021, founded 5 May 1998</footer>"
    page = f"<html><head><title>{TITLE}</title>{head}</head><body>{body}</body></html>"
    found = extract(page.encode(), url=url, content_type="text/html; charset=utf-8")
    if found.published_at is None:
        assert found.date_confidence is None
        return None
    assert found.date_confidence is not None
    return found.published_at.isoformat()[:16], found.date_confidence.value


def json_ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def node(kind: str, day: str, **more: str) -> str:
    facts = "".join(f', "{name}": "{value}"' for name, value in more.items())
    return f'{{"@type": "{kind}", "datePublished": "{day}"{facts}}}'


RELATED = ", ".join(node("NewsArticle", f"2020-01-0{n}", url=f"https://coast.example/{n}") for n in range(1, 5))
OTHER = node("NewsArticle", "2020-01-01", url="https://coast.example/volcano", headline="Volcano quiet again")
DECLARED = [
    (json_ld(node("NewsArticle", "2021-10-05T08:00:00+02:00")), "2021-10-05T06:00"),
    (json_ld(node("BlogPosting", "2021-10-05T08:00:00Z") + ";"), "2021-10-05T08:00"),
    (json_ld(f'{{"@graph": [{node("WebPage", "2001-01-01")}, {node("Article", DAY)}]}}'), "2021-10-05T00:00"),
    (json_ld(node("WebPage", DAY)), "2021-10-05T00:00"),
    (json_ld(node("NewsArticle", DAY)[:-1] + ",}"), "2021-10-05T00:00"),
    (json_ld(f"[{RELATED}, {node('NewsArticle', DAY, url=URL)}]"), "2021-10-05T00:00"),
    (json_ld(f"[{RELATED}, {node('NewsArticle', DAY, url=f'{URL}/?utm_source=feed')}]"), "2021-10-05T00:00"),
    (json_ld(f"[{RELATED}, {node('NewsArticle', DAY, headline=TITLE)}]"), "2021-10-05T00:00"),
    (json_ld(f"[{OTHER}, {node('NewsArticle', DAY, url='https://coast.example/')}]"), "2021-10-05T00:00"),
    (json_ld(node("MedicalWebPage", DAY)), "2021-10-05T00:00"),
    (json_ld(node("NewsArticle", DAY)).replace("json", "JSON; charset=utf-8"), "2021-10-05T00:00"),
    (
        json_ld(f'{{"@type": "NewsArticle", "comment": {node("Comment", "2022-01-01")}, "datePublished": "{DAY}"}}'),
        "2021-10-05T00:00",
    ),
    ('<meta property="article:published_time" content="2021-10-05 08:00:00 +0200">', "2021-10-05T06:00"),
    ('<meta name="DC.date.issued" content="2021-10-05T08:00:00.123456789Z">', "2021-10-05T08:00"),
    ('<meta name="pubdate" content="Tue, 05 Oct 2021 08:00:00 GMT">', "2021-10-05T08:00"),
    ('<meta name="pubdate" content="Tue Oct 05 2021 08:00:00 GMT+0200 (CEST)">', "2021-10-05T06:00"),
    ('<meta name="pubdate" content="October 5, 2021 8:00 PM">', "2021-10-05T00:00"),
    ('<meta name="pubdate" content="Tuesday, October 5, 2021 - 08:00">', "2021-10-05T00:00"),
    ('<meta itemprop="datePublished" content="20211005">', "2021-10-05T00:00"),
    ('<meta name="date" content="1970-01-01"><meta name="pubdate" content="2021-10-05">', "2021-10-05T00:00"),
]


@pytest.mark.parametrize(("head", "at"), DECLARED)
def test_declared(head: str, at: str) -> None:
    """What machines are told to be the date of this page, is declared."""
    assert (at, Confidence.DECLARED) == published(head)


GUESSED = [
    ('<time datetime="2021-10-05T08:00:00Z">Tuesday</time>', "2021-10-05T08:00"),
    ('<span itemprop="datePublished">October 5, 2021</span>', "2021-10-05T00:00"),
    ('<p class="date">5 October 2021, 08:00</p>', "2021-10-05T00:00"),
    ('<div class="post-date">Objavljeno 5. oktobar 2021.</div>', "2021-10-05T00:00"),
    ('<div class="datum">05.10.2021 08:00</div>', "2021-10-05T00:00"),
    ('<div class="date">5 октября 2021</div>', "2021-10-05T00:00"),
    ('<div class="date">5 tetor 2021</div>', "2021-10-05T00:00"),
    ('<div class="date">5 août 2021</div>', "2021-08-05T00:00"),
    ('<div class="article_date">5 October 2021 - 11:28 AMT</div>', "2021-10-05T00:00"),
    ('<div class="storyDate">5 October 2021</div>', "2021-10-05T00:00"),
    ("<div>October 5, 2021</div>", "2021-10-05T00:00"),
    ("<span>05 OCT 2021</span>", "2021-10-05T00:00"),
    ("<p>By Ilse Marenholt on Tuesday, October 5th, 2021 at 11:04 a.m.</p>", "2021-10-05T00:00"),
    ("<p>Published: 5 October 2021, 10:00</p>", "2021-10-05T00:00"),
    ('<p class="date">Updated 9 October 2021; published 5 October 2021</p>', "2021-10-05T00:00"),
    (
        '<time class="updated" datetime="2021-10-09">9.10.</time><time datetime="2021-10-05">5.10.</time>',
        f"{DAY}T00:00",
    ),
]


@pytest.mark.parametrize(("above", "at"), GUESSED)
def test_guessed(above: str, at: str) -> None:
    """What readers are told next to the headline is a guess."""
    assert (at, Confidence.GUESS) == published(above=above)


def test_address() -> None:
    """So is the day in the page's address."""
    assert ("2021-10-05T00:00", Confidence.GUESS) == published(url="https://coast.example/2021/10/05/strike-ends")


NONE = [
    ("", ""),
    (json_ld(f"[{RELATED}]"), ""),
    (json_ld(f'{{"@type": "ItemList", "itemListElement": [{node("NewsArticle", DAY)}]}}'), ""),
    ('<meta name="date" content="1970-01-01T00:00:00Z">', ""),
    ('<meta name="date" content="today">', ""),
    ('<meta name="copyright" content="2021">', ""),
    ('<meta property="article:modified_time" content="2021-10-05">', ""),
    ("", '<p class="date">Kosovo declared independence in 2008</p>'),
    ("", '<p class="update">3 hours ago</p>'),
    (json_ld(OTHER), ""),
    ("", '<time class="updated" datetime="2021-10-09">9 October</time>'),
    ("", '<p>Updated <time datetime="2021-10-09">9 October</time></p>'),
    ("", '<p class="date">Ažurirano: 9. oktobar 2021.</p>'),
    ("", f'<p>{PARAGRAPHS[0]}</p><p>Related:</p><p class="date">5 October 2021</p>'),
    ("", "<h2>The harbour celebrates its opening on 17 February 2008</h2>"),
    ("", "<p>Strikes of 5 October 1998 and of 6 October 1999 are remembered.</p>"),
]


@pytest.mark.parametrize(("head", "above"), NONE)
def test_none(head: str, above: str) -> None:
    """A page that does not say when it was published has no date: not a year of its text, not another page's day."""
    assert published(head, above) is None


def test_dialogues() -> None:
    """The headline is found among those of dialogues that wait in the page."""
    dialogues = "<h1>Sign in</h1><h1>Create a new password</h1>"

    assert ("2021-10-05T00:00", Confidence.GUESS) == published(above=f"<p>5 October 2021</p>{dialogues}")


@pytest.mark.parametrize("url", ["https://coast.example/2021/strike", "https://coast.example/2021/13/45/x"])
def test_no_day_in_address(url: str) -> None:
    """A year is no day."""
    assert published(url=url) is None


@pytest.mark.parametrize(
    "value", [None, 5, "", "x" * 10_000, "0001-01-01", "9999-12-31", "2021-02-30", ["2021"], "²0²1"]
)
def test_no_moment(value: object) -> None:
    """What means no time, or one without a web, is none, and breaks nothing."""
    assert moment(value) is None


@pytest.mark.parametrize("value", ["2021-10-05T23:30:00-05:00", "2021-10-06T04:30Z", "2021/10/06 04:30:00 UTC"])
def test_moment(value: str) -> None:
    """Whatever its spelling and offset, a time comes out in UTC."""
    assert datetime.fromisoformat("2021-10-06T04:30:00+00:00") == moment(value)
