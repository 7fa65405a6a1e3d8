"""What a feed says of itself."""

from __future__ import annotations

import pytest

from monitor.feeds.channel import Channel, channel_of

URL = "https://courier.example/feed"
ITEM = "<item><link rel='hub' href='https://late.example/'/></item>"
ATOM_NS = "xmlns:atom='http://www.w3.org/2005/Atom'"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"<rss version='2.0'><channel>{ITEM}</channel></rss>", Channel("RSS 2.0", None)),
        (
            f"<rss version='0.91' {ATOM_NS}><channel><atom:link rel='self hub' href='/hub'/></channel></rss>",
            Channel("RSS 0.91", "https://courier.example/hub"),
        ),
        (
            "<feed xmlns='http://www.w3.org/2005/Atom'><link rel='hub' href='https://hub.example/'/><entry/></feed>",
            Channel("Atom", "https://hub.example/"),
        ),
        ("<feed version='0.3' xmlns='http://purl.org/atom/ns#'/>", Channel("Atom 0.3", None)),
        ("<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>", Channel("RSS 1.0", None)),
        ("<rss><channel>&nbsp;", Channel("RSS without a version", None)),
        ("<rss version='2.0'><channel><link rel='hub' href='javascript:1'/>", Channel("RSS 2.0", None)),
        ('{"hubs": [{"type": "WebSub", "url": "https://hub.example/"}]}', Channel("JSON Feed", "https://hub.example/")),
        ('{"hubs": 3}', Channel("JSON Feed", None)),
        ("nothing of the kind", Channel("unknown", None)),
        ("", Channel("unknown", None)),
    ],
)
def test_channel(body: str, expected: Channel) -> None:
    """Format and hub, from what stands before the first item."""
    assert expected == channel_of(body.encode(), url=URL, content_type="")


def test_the_header_names_the_hub() -> None:
    """A hub in the Link header comes first, and is relative to the feed."""
    header = '<https://courier.example/feed>; rel=self, </ping>; rel="hub"'
    body = f"<rss version='2.0' {ATOM_NS}><atom:link rel='hub' href='https://other.example/'/></rss>"
    assert "https://courier.example/ping" == channel_of(body.encode(), url=URL, content_type="", link_header=header).hub
