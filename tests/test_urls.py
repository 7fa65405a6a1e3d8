"""One spelling per address, and never one spelling for two pages."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.urls import article_key, canonical, join, origin, same_site, site, web_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org/a?b=c", "https://example.org/a?b=c"),
        ("  HTTP://Example.ORG/A  ", "http://example.org/A"),
        ("https://Пример.рф/é b", "https://xn--e1afmkfd.xn--p1ai/%C3%A9%20b"),
        ("http://example.org:8080/%7Ea/%2f", "http://example.org:8080/%7Ea/%2f"),
        ("http://[2606:4700::1]/", "http://[2606:4700::1]/"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("http://a_b.example.org/", "http://a_b.example.org/"),
    ],
)
def test_web_addresses(text: str, url: str) -> None:
    """An address comes back as it goes over the wire; its path and query stay as they were."""
    assert web_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.org/feed",
        "/feed",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http:/x",
        "http://",
        "http:///x",
        "http://a b/",
        "http://x..y/",
        "http://x:0/",
        "http://x:65536/",
        "http://x:y/",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://example.org\\@evil.org/",
        "http://user@example.org/",
        "http://user:password@example.org/",
        "http://exam\nple.org/",
        "http://example.org/\x00",
        "http://example.org/\udc80",
        "http://example.org/" + "a" * 5000,
        "http://" + "a" * 64 + ".org/",
    ],
)
def test_not_web_addresses(text: str) -> None:
    """Whatever two programs could read as two different hosts is no address, and the error is a sentence."""
    with pytest.raises(ValueError, match=r"^.{10,300}$"):
        web_url(text)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/news/1?b=2&a=1",
        "https://EXAMPLE.org/news/1?a=1&b=2",
        "https://example.org:443/news/1?a=1&b=2",
        "http://example.org:80/news/1?a=1&b=2",
        "https://example.org./news/1?a=1&b=2",
        "https://example.org/x/../news/1?a=1&b=2",
        "https://example.org/news/1?a=1&b=2#comments",
        "https://example.org/news/1?utm_source=rss&a=1&UTM_Medium=x&b=2",
        "https://example.org/news/1?a=1&fbclid=x&b=2&gclid=&ref=rss",
        "https://example.org/news/1?a=1&b=2&mod=rss_markets_main&at_medium=RSS",
        "https://example.org/n%65ws/1?a=1&b=2",
    ],
)
def test_one_spelling(url: str) -> None:
    """The same page has the same key, however it was linked."""
    assert canonical(url) == "https://example.org/news/1?a=1&b=2"


def test_distinct_pages() -> None:
    """What can lead to different pages stays different."""
    urls = [
        "https://example.org/",
        "https://www.example.org/",
        "https://example.org/?p=123",
        "https://example.org/?p=124",
        "https://example.org/a",
        "https://example.org/A",
        "https://example.org/a/",
        "https://example.org/a%2Fb",
        "https://example.org/a/b",
        "https://example.org/a?id=1",
        "https://example.org/a?id=1&page=2",
        "https://example.org/a?id=A",
        "https://example.org/a?id=a",
        "https://example.org/?mod=viewthread",
        "https://example.org/?ref=main",
        "https://example.org/?source=42",
        "https://example.org/?20261101",
        "https://example.org/?20261102",
        "https://example.org/story.php;1",
        "https://example.org/story.php;2",
        "https://example.org:8443/",
    ]
    assert len({canonical(url) for url in urls}) == len(urls)


URLS = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["example.org", "Example.org.", "müller.example", "1.2.3.4", "[2606:4700::1]"]),
    st.sampled_from(["", ":80", ":443", ":8080", ":"]),
    st.text(max_size=30).map(lambda text: text.replace("\\", "")),
    st.one_of(st.just(""), st.text(alphabet="abp=&%2F;+ #?.é/[]|~'\"", max_size=40).map("?{}".format)),
)


@given(URLS)
def test_the_key_of_a_key_is_itself(url: str) -> None:
    """A key is canonical already, and so is the address as we dial it."""
    try:
        key = canonical(url)
    except ValueError:
        return
    assert canonical(key) == key
    assert canonical(web_url(url)) == key


@given(st.one_of(URLS, st.text(), st.text(max_size=40).map("http://{}".format)))
def test_what_is_dialled_is_plain(text: str) -> None:
    """Whatever passes is ASCII, has one host that everybody reads alike, and passes again unchanged."""
    try:
        url = web_url(text)
    except ValueError:
        return
    host = urlsplit(url).hostname
    assert url.isascii()
    assert url.isprintable()
    assert host
    assert web_url(url) == url
    if host.rstrip(".").rpartition(".")[2].isdigit():
        assert ip_address(host)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.example.org:8080/a", "example.org"),
        ("http://news.example.org./", "news.example.org"),
        ("https://www2.example.org/", "www2.example.org"),
    ],
)
def test_sites(url: str, host: str) -> None:
    """People name a site by its host, without www."""
    assert site(url) == host


@pytest.mark.parametrize(
    ("url", "host_and_port"),
    [
        ("https://example.org/", "example.org:443"),
        ("http://example.org/", "example.org:80"),
        ("http://x:81/", "x:81"),
    ],
)
def test_origins(url: str, host_and_port: str) -> None:
    """The place a request goes to has a host and a port."""
    assert origin(url) == host_and_port


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("/b", "https://example.org/b"),
        ("  c d\n", "https://example.org/news/c%20d"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example/", "http://other.example/"),
        ("?p=1", "https://example.org/news/a?p=1"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("mailto:desk@example.org", None),
        ("http://[", None),
        ("http://user:pw@example.org/", None),
    ],
)
def test_links_on_a_page(link: str, url: str | None) -> None:
    """Links are read against their page; those that leave the web are none."""
    assert join("https://example.org/news/a", link) == url


EDITIONS = [
    "https://example.org/2026/strike-ends",
    "https://www.example.org/2026/strike-ends/",
    "http://m.example.org/2026/strike-ends?utm_source=rss",
    "https://mobile.example.org/2026/strike-ends",
    "https://amp.example.org/2026/strike-ends",
    "https://www.example.org/2026/strike-ends/amp/",
    "https://www.example.org/2026/strike-ends/amp",
    "https://example.org/2026/strike-ends.amp",
    "https://example.org/2026/strike-ends?amp=1",
    "https://example.org/2026/strike-ends?outputType=amp",
    "https://www.google.com/amp/s/www.example.org/2026/strike-ends",
    "https://www.google.co.uk/amp/example.org/2026/strike-ends/amp/",
    "https://www-example-org.cdn.ampproject.org/c/s/www.example.org/2026/strike-ends?amp=1",
    "https://www-example-org.cdn.ampproject.org/v/s/www.example.org/2026/strike-ends",
]


@pytest.mark.parametrize("url", EDITIONS)
def test_article_key(url: str) -> None:
    """An article is itself on every device, and in the caches of others."""
    assert article_key(url) == "https://example.org/2026/strike-ends"


def test_other_articles() -> None:
    """What may be another article has another key."""
    others = [
        "https://example.org/2026/strike-ends-not",
        "https://example.org/2026/amp",
        "https://example.org/2026",
        "https://example.org/tools/amp",
        "https://example.org/tools",
        "https://m.co/2026",
        "https://co/2026",
        "https://example.org/?p=1",
        "https://example.org/?p=2",
        "https://example.org/lamp-1.html",
        "https://news.example.org/2026/strike-ends",
        "https://www.google.com/amp/s/strike-ends",
    ]

    assert len({article_key(url) for url in others}) == len(others)


@given(st.sampled_from([*EDITIONS, "https://example.org/", "https://example.org/a/amp-1/amp", "http://m.amp.org/x/"]))
def test_article_key_is_its_own(url: str) -> None:
    """The key of a key is the key."""
    assert article_key(url) == article_key(article_key(url))


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("https://www.example.org/a", "http://m.example.org:8080/b", True),
        ("https://amp.example.org./a", "https://example.org/a", True),
        ("https://news.example.org/a", "https://example.org/a", False),
        ("https://m.org/a", "https://org/a", False),
    ],
)
def test_same_site(url: str, other: str, same: bool) -> None:
    """The editions of a site are one site; its other hosts may be anybody's."""
    assert same_site(url, other) is same
