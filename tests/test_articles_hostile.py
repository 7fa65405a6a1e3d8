"""Pages that were made, or went wrong, to keep their reader busy, through the program's own workers."""

from __future__ import annotations

import pytest

from monitor.app.workers import WorkerFailed, Workers
from monitor.articles.markup import tree_of
from monitor.articles.tasks import read_page
from monitor.errors import ExtractError
from tests.page_shells import PARAGRAPHS, TITLE, Story, wordpress

URL = "https://coast.example/2021/strike-ends"
GOOD = wordpress(Story())
TEXT = Story().inner()


def page(body: str, head: str = "") -> str:
    return f"<html><head><title>{TITLE}</title>{head}</head><body>{body}</body></html>"


def json_ld(value: str) -> str:
    return f'<script type="application/ld+json">{value}</script>'


ARTICLE = '{"@type": "Article", "headline": "Number %d", "datePublished": "2020-01-01"}'
HOSTILE = {
    "paragraphs": page("".join(f"<p>Number {n}: {PARAGRAPHS[n % 8]}</p>" for n in range(30_000))),
    "links": page("".join(f'<a href="/{n}">Link number {n}</a> ' for n in range(100_000))),
    "table": page("<table>" + "<tr><td>1</td><td>two</td><td>three</td></tr>" * 20_000 + "</table>"),
    "layout tables": page("<table><tr><td><p>a</p><p>b</p></td></tr></table>" * 8_000),
    "breaks": page("text<br>" * 100_000),
    "unclosed items": page("<ul>" + "<li>item of the list" * 50_000),
    "one text": page("word and more " * 700_000),
    "nothing but <": "<" * 1_000_000,
    "headlines": page("<h1>Title</h1>" * 20_000 + TEXT),
}
# What is around or inside these does not hide the article.
READABLE = {
    "attribute": page(f'<div data-x="{"a b " * 1_250_000}">{TEXT}</div>'),
    "script": page("<script>" + "var a = 1;" * 800_000 + f"</script>{TEXT}"),
    "JSON-LD": page(TEXT, json_ld("[" + ",".join(ARTICLE % n for n in range(70_000)) + "]")),
    "deep JSON-LD": page(TEXT, json_ld("[" * 140_000 + "]" * 140_000)),
    "spaces": page(TEXT + " " * 5_000_000 + "<p>End.</p>"),
    "NUL": page("\0" * 1_000_000 + TEXT),
    "captions": page("<article>" + "<figcaption>A caption of it</figcaption>" * 15_000 + f"{TEXT}</article>"),
    "times": page("<h1>x</h1>" + '<time datetime="x">x</time>' * 25_000 + TEXT),
    "authors": page(TEXT, '<meta name="author" content="x y">' * 20_000),
    "nested 300": page("<div>" * 300 + TEXT),
    "nested 1,000": page("<div>" * 1_000 + TEXT),
    "nested 100,000": page("<div>" * 100_000 + TEXT),
    "nested below the headline": page(f"<h1>{TITLE}</h1>" + "<div>" * 1_000 + TEXT),
    "nested lists": page(f"<h1>{TITLE}</h1>" + "<ul><li>" * 1_000 + TEXT),
    "nested bold": page(f"<h1>{TITLE}</h1>" + "<b>" * 100_000 + TEXT),
    "unclosed fonts": page("".join(f"<font><p>{text}</p>" for text in PARAGRAPHS * 40)),
}


@pytest.mark.parametrize("gap", [" ", "", "/"])
def test_many_attributes(gap: str) -> None:
    """Attributes beyond number are left out before the parser compares each with all others."""
    attributes = gap.join(f'a{number}="x"' for number in range(3_000))

    tree = tree_of(page(f"<p {attributes}>More.</p>{TEXT}"))

    assert tree is not None
    assert max(len(element.attrib) for element in tree.iter("p")) == 0
    assert PARAGRAPHS[7] in tree.text_content()


@pytest.mark.timeout(600)
async def test_hostile() -> None:
    """Each ends, with its text or with a reason, and the next article is read as if nothing had been."""
    workers = Workers()
    good = await workers.run(read_page, GOOD.encode(), URL, "text/html")
    failed = {}
    try:
        for name, body in {**HOSTILE, **READABLE}.items():
            try:
                found = await workers.run(read_page, body.encode(), URL, "text/html")
                failed[name] = name in READABLE and any(text not in found.text for text in PARAGRAPHS)
            except (ExtractError, WorkerFailed):
                failed[name] = name in READABLE
            assert good == await workers.run(read_page, GOOD.encode(), URL, "text/html")
    finally:
        await workers.close()

    assert [] == [name for name, lost in failed.items() if lost]


def test_light() -> None:
    """The second, lighter try at a page finds its article too."""
    found = read_page(GOOD.encode(), URL, "text/html", light=True)

    assert found.title == TITLE
    assert all(text in found.text for text in PARAGRAPHS)
