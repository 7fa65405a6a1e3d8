"""The format that a feed is written in."""

from __future__ import annotations

import pytest

from monitor.feeds.dialect import format_of


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<rss version='2.0'><channel><item/></channel></rss>", "RSS 2.0"),
        ("<?xml version='1.0'?><!-- one --><rss version='0.91'><channel/></rss>", "RSS 0.91"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'><entry/></feed>", "Atom"),
        ("<feed version='0.3' xmlns='http://purl.org/atom/ns#'/>", "Atom 0.3"),
        ("<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>", "RSS 1.0"),
        ("<rss><channel>&nbsp;", "RSS without a version"),
        ('{"version": "https://jsonfeed.org/version/1.1"}', "JSON Feed"),
        ("<html/>", "unknown"),
        ("nothing of the kind", "unknown"),
        ("", "unknown"),
    ],
)
def test_format(body: str, expected: str) -> None:
    """Told by the outermost element, whatever comes after it."""
    assert expected == format_of(body.encode(), "")
