"""Bytes to entries: every kind of feed, every kind of damage."""

from __future__ import annotations

import asyncio
import json
import pickle
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from unicodedata import combining, normalize
from xml.sax import make_parser
from xml.sax.handler import ContentHandler

import feedparser.api
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.errors import ParseError
from monitor.feeds.items import MAX_CONTENT, MAX_SUMMARY, MAX_TITLE
from monitor.feeds.parse import parse
from monitor.feeds.plain import plain
from monitor.ids import entry_id
from monitor.model import Entry, FeedDocument, FeedId
from monitor.text import MOST_MARKS
from tests.builders import NOON
from tests.feed_server import serving

FEED = FeedId("f")
URL = "https://example.org/feeds/news.xml"


def parsed(body: bytes | str, content_type: str = "application/xml") -> FeedDocument:
    data = body.encode() if isinstance(body, str) else body
    return parse(data, feed_id=FEED, url=URL, content_type=content_type, now=NOON)


def rss(*items: str, head: str = "") -> str:
    shown = "".join(f"<item>{item}</item>" for item in items)
    spaces = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return f'<?xml version="1.0"?><rss version="2.0" {spaces}><channel><title>News</title>{head}{shown}</channel></rss>'


def only(*parts: str) -> Entry:
    (entry,) = parsed(rss("".join(parts))).entries
    return entry


def test_a_link_that_was_escaped_twice() -> None:
    """It leads where the link leads that was escaped once."""
    twice, once = (
        only(f"<title>A</title><link>https://example.org/?a=1{amp}b=2</link>") for amp in ("&amp;amp;", "&amp;")
    )
    assert "https://example.org/?a=1&b=2" == twice.url
    assert once.page == twice.page


RSS_2 = rss(
    "<title>Talks &amp;amp; tanks</title><link>/a?utm_source=rss</link><guid isPermaLink='false'>id-1</guid>"
    "<description>&lt;p&gt;Short.&lt;/p&gt;</description><dc:creator>Ana K.</dc:creator>"
    "<pubDate>Wed, 25 Nov 2026 10:00:00 +0100</pubDate>"
    f"<content:encoded>&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;{'Two. ' * 50}&lt;/p&gt;</content:encoded>",
    head="<language>en-GB</language><ttl>15</ttl>",
)
RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://example.org/"><title>News</title></channel>
<item rdf:about="https://example.org/a"><title>Talks &amp; tanks</title><link>https://example.org/a</link>
<description>Short.</description><dc:date>2026-11-25T09:00:00Z</dc:date></item></rdf:RDF>"""
ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="sq"><title>News</title>
<entry><id>tag:example.org,2026:1</id><title type="html">Talks &amp;amp; tanks</title><link href="../a"/>
<summary>Short.</summary><updated>2026-11-25T09:00:00Z</updated><author><name>Ana K.</name></author></entry></feed>"""
ATOM_03 = """<?xml version="1.0"?><feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>News</title>
<entry><id>tag:1</id><title>Talks &amp; tanks</title><link rel="alternate" href="https://example.org/a"/>
<summary>Short.</summary><modified>2026-11-25T09:00:00Z</modified></entry></feed>"""
RSS_091 = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>News</title>
<item><title>Talks &amp; tanks</title><link>https://example.org/a</link><description>Short.</description></item>
</channel></rss>"""
JSON_1 = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1",
        "title": "News",
        "items": [
            {
                "id": 1,
                "url": "/a",
                "title": "Talks & tanks",
                "summary": "Short.",
                "content_html": f"<p>One.</p><p>{'Two. ' * 50}</p>",
                "date_published": "2026-11-25T10:00:00+01:00",
                "author": {"name": "Ana K."},
            }
        ],
    }
)
JSON_11 = JSON_1.replace("version/1", "version/1.1").replace('"author": {', '"authors": [{').replace('K."}', 'K."}]')


@pytest.mark.parametrize("body", [RSS_2, RDF, ATOM, ATOM_03, RSS_091, JSON_1, JSON_11])
@pytest.mark.parametrize("content_type", ["application/xml", "text/html; charset=utf-8", "", "application/json"])
def test_every_kind(body: str, content_type: str) -> None:
    """A feed is told by its content, whatever it is served as."""
    document = parsed(body, content_type)
    (entry,) = document.entries
    assert document.title == "News"
    assert document.note is None
    assert entry.title == "Talks & tanks"
    assert entry.summary == "Short."
    assert entry.feed_id == FEED
    assert entry.id == entry_id(FEED, entry.guid)
    assert (entry.url or "").startswith("https://example.org/a")


@pytest.mark.parametrize("body", [RSS_2, ATOM, JSON_11])
def test_details(body: str) -> None:
    """Author and date are found wherever the kind keeps them; dates are aware and UTC."""
    (entry,) = parsed(body).entries
    assert entry.author == "Ana K."
    assert entry.published_at == datetime(2026, 11, 25, 9, tzinfo=UTC)


def test_head() -> None:
    """Language and time to live come along when they make sense."""
    assert (parsed(RSS_2).language, parsed(RSS_2).hints.ttl) == ("en-GB", timedelta(minutes=15))
    assert parsed(ATOM).entries[0].language == "sq"
    for ttl in ("0", "-5", "soon", "1" * 20):
        assert parsed(rss(head=f"<ttl>{ttl}</ttl><language>no such!</language>")).hints.ttl is None
    assert parsed(rss(head="<ttl>999999999</ttl>")).hints.ttl == timedelta(days=7)
    for none in ("no such!", "Serbian", "english"):
        assert parsed(rss(head=f"<language>{none}</language>")).language is None


# ---- texts ----


@pytest.mark.parametrize("body", [RSS_2, JSON_1])
def test_full_text(body: str) -> None:
    """A content clearly longer than the summary is the full text, its paragraphs divided by blank lines."""
    (entry,) = parsed(body).entries
    assert entry.content == "One.\n\n" + ("Two. " * 50).strip()


def test_content_that_is_no_full_text() -> None:
    """The same text twice, a caption, or a content without a summary are each told apart."""
    encoded = "<content:encoded>{}</content:encoded>"
    long = "Words and words. " * 30
    assert only("<title>t</title><description>Same.</description>", encoded.format("Same.")).content == ""
    assert only("<title>t</title>", encoded.format("Alone.")).summary == "Alone."
    alone = only("<title>t</title>", encoded.format(f"&lt;p&gt;First.&lt;/p&gt;&lt;p&gt;{long}&lt;/p&gt;"))
    assert (alone.summary, alone.content) == ("First.", f"First.\n\n{long.strip()}")
    media = 'xmlns:media="http://search.yahoo.com/mrss/"'
    caption = f'<media:content {media}><media:description type="plain">{long}</media:description></media:content>'
    assert only("<title>t</title><description>Short.</description>", caption).content == ""


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Plain", "Plain"),
        ("5 &lt; 6 &amp; 7 &gt; 3", "5 < 6 & 7 > 3"),
        ("AT&amp;amp;T", "AT&T"),
        ("AT&amp;amp;amp;T", "AT&amp;T"),
        ("It&amp;#8217;s", "It’s"),
        ("<![CDATA[<b onclick=x>Bold</b> <script>alert(1)</script>words]]>", "Bold words"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;words", "words"),
        ("  two\n lines ", "two lines"),
        ("a\u202eb\u200bc", "abc"),
    ],
)
def test_titles(written: str, title: str) -> None:
    """Titles are plain text on one line: markup and hidden characters are gone, one level of escapes is undone."""
    assert only(f"<title>{written}</title><link>https://example.org/a</link>").title == title


def test_plain_titles_of_atom() -> None:
    """Where the feed says that a title is no HTML, its angle brackets are words."""
    (entry,) = parsed(ATOM.replace('type="html">Talks &amp;amp; tanks', 'type="text">On &lt;b&gt; &amp;amp;')).entries
    assert entry.title == "On <b> &amp;"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("no markup", "no markup"),
        ("<p>One\n line</p><p>Two</p>", "One line|Two"),
        ("One<br><br>Two<!-- not this --> more", "One|Two more"),
        ("<ul><li>a</li><li>b</li></ul>c", "a|b|c"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<style>p {}</style><p>a<script>x</script>b</p><noscript>c</noscript>", "ab"),
        ("<h1>Head</h1>text &amp; <i>more</i>&nbsp;&#8217;", "Head|text & more ’"),
        ("unclosed <b>bold <p>next", "unclosed bold|next"),
        ("<div>" * 5000 + "deep", "deep"),
    ],
)
def test_html_to_text(html: str, text: str) -> None:
    """HTML becomes what a reader sees."""
    assert "|".join(" ".join(part.split()) for part in plain(html, limit=30_000).split("\n\n") if part.strip()) == text


def test_limits() -> None:
    """Texts are cut, an endless id becomes a digest, an endless link is none."""
    entry = only(
        f"<title>{'t' * 50_000}</title><description>{'s ' * 100_000}</description>",
        f"<guid>{'g' * 5_000}</guid><link>https://example.org/{'l' * 5_000}</link>",
        f"<content:encoded>{'c ' * 700_000}</content:encoded>",
        *(f"<category>c{n}</category>" for n in range(5_000)),
    )
    assert len(entry.title) == MAX_TITLE
    assert MAX_SUMMARY - 2 < len(entry.summary) <= MAX_SUMMARY
    assert MAX_CONTENT - 2 < len(entry.content) <= MAX_CONTENT
    assert len(entry.guid) < 100
    assert entry.url is None


def test_heaps_of_marks() -> None:
    """What a reader wrote to cover the lines above must not keep a worker busy until the whole feed is given up."""
    marks = "\u0301" * 3_000 + "\u0316" * 3_000
    entry = only(f"<title>Tanks e{marks} roll {'─' * 100}</title><description>{marks}x</description>")
    shown = normalize("NFD", entry.title)
    assert MOST_MARKS == sum(map(bool, map(combining, shown)))
    assert "─" * 100 in entry.title
    assert entry.summary.endswith("x")
    assert len(entry.summary) <= MOST_MARKS + 1


# ---- links, ids, dates ----


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("/a b", "https://example.org/a%20b"),
        ("../a", "https://example.org/a"),
        ("//other.example/a", "https://other.example/a"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("", None),
    ],
)
def test_links(link: str, url: str | None) -> None:
    """Links are absolute web addresses, or none."""
    assert only(f"<title>t</title><guid isPermaLink='false'>1</guid><link>{link}</link>").url == url


def test_a_base_stays_in_its_entry() -> None:
    """One entry's xml:base does not change the links of the next."""
    spaces = 'xmlns="http://www.w3.org/2005/Atom"'
    entries = '<entry xml:base="https://else.example/"><id>1</id><title>t</title><link href="a"/></entry>'
    entries += '<entry><id>2</id><title>t</title><link href="b"/></entry>'
    urls = [entry.url for entry in parsed(f"<feed {spaces}><title>News</title>{entries}</feed>").entries]
    assert urls == ["https://else.example/a", "https://example.org/feeds/b"]


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("Wed, 25 Nov 2026 10:00:00 GMT", datetime(2026, 11, 25, 10, tzinfo=UTC)),
        ("2026-11-25T05:00:00-05:00", datetime(2026, 11, 25, 10, tzinfo=UTC)),
        ("2026-11-25T10:00:00", datetime(2026, 11, 25, 10, tzinfo=UTC)),
        ("Wed, 25 Nov 2026 12:09:00 GMT", NOON + timedelta(minutes=9)),
        ("Wed, 25 Nov 2026 12:11:00 GMT", None),
        ("Tue, 01 Jan 2999 00:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("30 Feb 2026 10:00 GMT", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates(written: str, date: datetime | None) -> None:
    """A date is UTC; one that cannot be, or not yet, is none."""
    assert only(f"<title>t</title><pubDate>{written}</pubDate>").published_at == date


def test_dates_that_are_not_believed_are_noted() -> None:
    """How many, and that the items count as undated."""
    date = "<title>t{}</title><pubDate>Tue, 01 Jan 2999 00:00:00 GMT</pubDate>".format
    document = parsed(rss(date(1), date(2), "<title>t</title><pubDate>Wed, 25 Nov 2026 10:00:00 GMT</pubDate>"))
    assert document.note == "2 of its dates are in the future or before 1990; those items count as undated"


def test_an_updated_date_will_do() -> None:
    """Without a date of publication that of the last change counts."""
    assert parsed(ATOM_03).entries[0].published_at == datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "media",
    [
        "<enclosure url='https://example.org/a.mp3' length='1' type='audio/mpeg'/>",
        "<enclosure url='javascript:x'/>",
        "<enclosure/>",
        "<media:content xmlns:media='http://search.yahoo.com/mrss/' url='https://example.org/a.mp4'/>",
    ],
)
def test_media_are_no_pages(media: str) -> None:
    """An item that only carries a recording has no page; one that has a page keeps it."""
    assert only("<title>t</title>", media).url is None
    assert only("<title>t</title><link>https://example.org/a</link>", media).url == "https://example.org/a"


def test_hidden_characters_are_no_identity() -> None:
    """An item that is known by its words only is the same with and without them."""
    shown, hidden = (only(f"<title>Tanks at the border{mark}</title>") for mark in ("", "\u200b\u202e\ufeff"))
    assert shown == hidden


def test_repeated_ids() -> None:
    """The same id and page twice is one entry; the same id on different pages is several, in any order."""
    item = "<title>{}</title><guid isPermaLink='false'>1</guid><link>https://example.org/{}</link>".format
    twice = parsed(rss(item("a", "a"), item("b", "a?utm_source=x"))).entries
    assert [entry.title for entry in twice] == ["a"]
    pages = parsed(rss(item("a", "a"), item("b", "b"), item("c", "a"))).entries
    assert [entry.title for entry in pages] == ["a", "b"]
    turned = parsed(rss(item("b", "b"), item("a", "a"))).entries
    assert {entry.id for entry in turned} == {entry.id for entry in pages}


def test_nothing_to_tell() -> None:
    """An item without title, text and link is left out; each of them alone will do."""
    document = parsed(rss("", "<guid isPermaLink='false'>1</guid>", "<title>t</title>", "<description>d</description>"))
    assert [(entry.title, entry.summary) for entry in document.entries] == [("t", ""), ("", "d")]


# ---- damage ----


def test_truncated() -> None:
    """Of a document that breaks off inside an entry, the entries before it are used, and it is said."""
    whole = rss(*(f"<title>t{n}</title><guid isPermaLink='false'>id-{n}</guid>" for n in range(5)))
    document = parsed(whole[: whole.index("id-3") + 3])
    assert [entry.guid for entry in document.entries] == ["id-0", "id-1", "id-2"]
    assert document.note == "the document breaks off inside an entry; those before it were used"


@pytest.mark.parametrize(
    "body",
    [
        rss("<title>a & b</title>"),
        rss("<title>a &nbsp; b</title>"),
        rss("<title>a &lt; b</title>", head="<image><url></image>"),
        rss("<title>a \x07 b</title>"),
        '<?xml version="1.0"?>' + rss("<title>a</title>"),
        rss("<title><![CDATA[a <![CDATA[b]]> c]]></title>"),
        rss("<title>a</title>", "<" * 200_000),
        rss("<title>a</title>") + "<!-- cached --> junk",
    ],
)
def test_broken_xml(body: str) -> None:
    """Broken XML gives its entries all the same, with a note."""
    document = parsed(body)
    assert [entry.title[:1] for entry in document.entries] == ["a"]
    assert (document.note or "").startswith("not well-formed XML (")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("&#55357;&#56832;", "a 😀"),
        ("&#xD83D;&#xde00;!", "a 😀!"),
        ("&#65;&#55357;&#56832;&#56832;", "a A😀\N{REPLACEMENT CHARACTER}"),
        ("&#56832;&#55357;", "a \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        ("&#x110000;", "a \N{REPLACEMENT CHARACTER}"),
        ("&#99999999999;", "a \N{REPLACEMENT CHARACTER}"),
        ("&#00000128512;&#128512;", "a 😀😀"),
        ("<![CDATA[&#55357;&#56832;]]>", "a 😀"),
    ],
)
def test_references_to_no_character(written: str, title: str) -> None:
    """An emoji written as two halves is that emoji, and what is no character costs no entry."""
    document = parsed(rss(f"<title>a {written}</title>", "<title>b</title>"))
    assert [title, "b"] == [entry.title for entry in document.entries]
    assert document.memory


@pytest.mark.parametrize("grammar", ["", '<!DOCTYPE rss PUBLIC "-//N//EN" "http://127.0.0.1:9/rss.dtd">'])
def test_names_of_characters(grammar: str) -> None:
    """Also where a grammar that nobody fetches may declare them: words do not run together."""
    item = "<title>Kosovo&nbsp;Serbia: caf&eacute; &amp;eacute; &lt;i&gt;x&lt;/i&gt; &quot;y&quot;</title>"
    document = parsed(rss(item).replace("<rss", f"{grammar}<rss"))
    assert ['Kosovo Serbia: café é x "y"'] == [entry.title for entry in document.entries]


@pytest.mark.parametrize("before", ["\n", "\r\n  ", "\N{BYTE ORDER MARK}\n\n"])
def test_an_empty_line_before_a_document(before: str) -> None:
    """It is no fault, so the items that were in the last document are known again by their bytes."""
    document = parsed(f"{before}{RSS_2}")
    assert (None, 1) == (document.note, len(document.entries))
    assert document.memory


@pytest.mark.parametrize("charset", ["rot13", "hex", "base64", "zlib", "bz2", "undefined", "idna", "mbcs"])
def test_codecs_that_are_no_charsets(charset: str) -> None:
    """What Python can encode besides text is as unknown as any other name."""
    body = rss("<title>Café</title>").encode("cp1252")
    [entry] = parsed(body, f"text/xml; charset={charset}").entries
    assert "Café" == entry.title


def test_halves_of_characters_in_utf_8() -> None:
    """An emoji that was written as two characters is one again, and half of one costs one character."""
    body = rss("<title>Café \ud83d\ude00</title>", "<title>Tür \ud83d!</title>").encode("utf-8", "surrogatepass")
    document = parsed(body)
    assert ["Café 😀", "Tür \N{REPLACEMENT CHARACTER}!"] == [entry.title for entry in document.entries]
    assert "some characters are not valid utf-8" == document.note


CYRILLIC = rss("<title>Војска</title>")


@pytest.mark.parametrize(
    ("body", "content_type", "note"),
    [
        (CYRILLIC.encode(), "text/xml", None),
        (b"\xef\xbb\xbf" + CYRILLIC.encode(), "text/xml", None),
        (CYRILLIC.encode("utf-16"), "text/xml", None),
        (CYRILLIC.encode("utf-16-be"), "text/xml", None),
        (CYRILLIC.encode("cp1251"), "text/xml; charset=windows-1251", None),
        (CYRILLIC.replace("?>", " encoding='windows-1251'?>").encode("cp1251"), "text/xml", None),
        (CYRILLIC.encode(), "text/xml; charset=ISO-8859-1", "declared as cp1252, but written in utf-8"),
        (
            CYRILLIC.replace("?>", " encoding='utf-16'?>").encode(),
            "",
            "declared as utf-16, but written in utf-8",
        ),
        (CYRILLIC.replace("?>", " encoding='no-such'?>").encode(), "", None),
        (CYRILLIC.replace("?>", " encoding='punycode'?>").encode(), "", None),
    ],
)
def test_charsets(body: bytes, content_type: str, note: str | None) -> None:
    """The characters are right, whatever header and declaration claim; a false claim is noted."""
    document = parsed(body, content_type)
    assert [entry.title for entry in document.entries] == ["Војска"]
    assert document.note == note


@pytest.mark.parametrize(
    ("title", "charset"),
    [
        ("日本のニュース", "shift_jis"),
        ("新闻", "gb2312"),
        ("新闻𠀀", "gb18030"),
        ("“Café”", "cp1252"),
        ("Ž“", "iso-8859-2"),
    ],
)
def test_old_charsets(title: str, charset: str) -> None:
    """Encodings that expat does not know are read as declared."""
    body = rss(f"<title>{title}</title>").replace("?>", f" encoding='{charset}'?>")
    encoded = body.encode(charset, "xmlcharrefreplace")
    assert [entry.title for entry in parsed(encoded).entries] == [title]


def test_a_stray_byte() -> None:
    """One wrong byte costs one character, not the alphabet."""
    (entry,) = parsed(rss("<title>Војска на граници?</title>").encode().replace(b"?</t", b"\xff</t")).entries
    assert entry.title == "Војска на граници\ufffd"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"<!DOCTYPE html><html><body>Consent</body></html>", "web page"),
        (b"<!-- x --><?php x ?>\n<HTML><link rel=alternate>", "web page"),
        (b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', "web page"),
        (b"<opml version='2.0'><body/></opml>", "list of feeds"),
        (b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "sitemap"),
        (b"<other/>", "not a feed"),
        (b"Service unavailable", "not a feed: it begins with 'Service unavailable'"),
        (b"%PDF-1.7 \xe2\xe3", "not a feed"),
        (b'{"items": []}', "not a JSON Feed"),
        (b"[1, 2]", "not a JSON Feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [', "broken"),
        (b"<?xml?xml ??><rss v:version=2.0><v:item><v:title>t</v:title></v:item></rss>", "entries can be read"),
    ],
)
def test_not_a_feed(body: bytes, message: str) -> None:
    """What is no feed is refused with what it looks like."""
    with pytest.raises(ParseError, match=message):
        parsed(body)


def test_an_empty_feed_is_a_feed() -> None:
    """A feed that shows nothing today is not an error."""
    assert parsed(rss()).entries == ()
    assert parsed('{"version": "https://jsonfeed.org/version/1.1", "items": []}').entries == ()


ENTITIES = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f"<!DOCTYPE r [<!ENTITY a0 'x'>{ENTITIES}]><rss><channel><title>&a8;</title></channel></rss>", "entities"),
        (f"<!DOCTYPE r [<!ENTITY a0 'x'>{ENTITIES}]><rss><channel>& <title>&a8;</title></channel></rss>", "entities"),
        (f"<!DOCTYPE r [<!ENTITY a '{'x' * 10_000}'>]><rss><channel>{'&a;' * 10_000}</channel></rss>", "entities"),
        ("<!DOCTYPE r [<!ENTITY % a '&#37;b;'><!ENTITY % b '&#37;a;'>%a;]><rss><channel/></rss>", "entities"),
        ("<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><rss><channel/></rss>", "entities"),
        (rss("<a>" * 300 + "</a>" * 300), "nested"),
        (rss("<b " + " ".join(f'a{n}=""' for n in range(300)) + "/>"), "attributes"),
        (rss("<b " + " ".join(f'xmlns:a{n}="u"' for n in range(100)) + "/>"), "namespaces"),
        (rss(*[f"<b xmlns:a{n}='u'/>" for n in range(1_100)]), "namespaces"),
        (rss(*["<title>t</title>"] * 100_001), "entries"),
        (rss("&nbsp;", *["<title>t</title>"] * 100_001), "entries"),
        (rss("&nbsp;<b " + "a " * 40_000 + "/>"), "tag"),
        (json.dumps({"version": "https://jsonfeed.org/version/1", "items": [{}] * 100_001}), "entries"),
        ("[" * 100_000, "broken"),
    ],
)
def test_hostile_documents(body: str, message: str) -> None:
    """What no honest publisher sends is refused before it can cost time."""
    with pytest.raises(ParseError, match=message):
        parsed(body)


def test_a_path_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that happens to name a local feed is not that feed."""
    (tmp_path / "feed.xml").write_text(RSS_2)
    monkeypatch.chdir(tmp_path)
    for body in ("feed.xml", f"file://{tmp_path}/feed.xml", "http://127.0.0.1:9/feed.xml"):
        with pytest.raises(ParseError, match="not a feed"):
            parsed(body)


async def test_a_document_makes_us_fetch_nothing() -> None:
    """Neither its grammar nor its style sheet nor what it wants to have included."""
    async with serving() as trap:
        there = trap.url("/x")
        head = f'<?xml-stylesheet type="text/xsl" href="{there}"?><!DOCTYPE rss SYSTEM "{there}">'
        include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{there}"/>'
        for end in ("", "&nbsp;"):  # the strict reader and the forgiving one
            body = rss(f"<title>a{end}</title>{include}").replace("?>", f"?>{head}", 1)
            document = await asyncio.to_thread(parsed, body)
            assert ["a"] == [entry.title for entry in document.entries]
        assert [] == trap.asked


class Pieces(ContentHandler):
    """The texts as they come from an XML reader."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def characters(self, content: str) -> None:
        self.texts.append(content)


def test_text_comes_in_whole_pieces() -> None:
    """feedparser uses the reader that does not hand over each line and entity by itself."""
    reader, pieces = make_parser(feedparser.api.PREFERRED_XML_PARSERS), Pieces()
    reader.setContentHandler(pieces)
    reader.parse(BytesIO(b"<a>one\ntwo &amp; three\n<![CDATA[four]]></a>"))
    assert pieces.texts == ["one\ntwo & three\nfour"]


def test_results_cross_processes() -> None:
    """Documents and errors survive the way back from a worker."""
    document = parsed(RSS_2)
    assert pickle.loads(pickle.dumps(document)) == document
    with pytest.raises(ParseError, match="empty"):
        raise pickle.loads(pickle.dumps(ParseError("empty")))


FRAGMENTS = st.sampled_from(
    [
        *("<rss version='2.0'>", "<channel>", "<item>", "</item>", "<title>", "</title>", "<link>", "</link>"),
        *("<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>", "</entry>", "<id>", "<content type='xhtml'>"),
        *("<rdf:RDF>", "<?xml version='1.0' encoding='utf-16'?>", "<!DOCTYPE a [", "]>", "<![CDATA[", "]]>", "<!--"),
        *(
            "-->",
            "&amp;",
            "&#0;",
            "&#xD800;",
            "&",
            "<",
            ">",
            "<!",
            "<![",
            "{",
            '"items": [',
            "\0",
            "\x1b",
            "é",
            "\ud800",
        ),
        *("<pubDate>Wed, 99 Nov 2026", "<guid>", "http://[", "javascript:", "<a b='", "</", "<description>", "<media:"),
    ]
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.lists(st.one_of(FRAGMENTS, st.text(max_size=10)), max_size=40).map("".join).map(
        lambda text: text.encode("utf-8", "surrogatepass")
    ),
    st.tuples(st.integers(0, len(RSS_2)), st.binary(max_size=5)).map(
        lambda cut: RSS_2[: cut[0]].encode() + cut[1] + RSS_2[cut[0] + len(cut[1]) :].encode()
    ),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(["id", "url", "title", "authors", "date_published"]), inner, max_size=4),
        ),
    ).map(
        lambda items: json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
    ),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(BODIES, st.sampled_from(["", "text/xml; charset=utf-16", 'text/html; charset="', "application/json"]))
def test_garbage(body: bytes, content_type: str) -> None:
    """Whatever the bytes are, the answer is a document that can be stored, or a ParseError."""
    try:
        document = parsed(body, content_type)
    except ParseError:
        return
    assert len({entry.id for entry in document.entries}) == len(document.entries)
    for entry in document.entries:
        assert "\n" not in entry.title + (entry.author or "")
        for text in (entry.guid, entry.title, entry.summary, entry.content, document.title):
            text.encode()
            assert "\0" not in text
