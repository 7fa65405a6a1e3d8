"""Texts that try to call people, to hide where a link goes, to look like ours, or to break a message."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

CORES = (
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "< !channel >",
    "<!subteam^S012345|@desk>",
    "<@U012345>",
    "<@U012345|ann>",
    "<#C0ALERTS|news-alerts>",
    "<!date^1^{date}^https://evil.example|today>",
    "&lt;!here&gt;",
    "&amp;lt;!channel&amp;gt;",
    "&#60;!channel&#62;",
    "\uff1c!channel\uff1e",
    "@channel",
    "@here @everyone",
    "<https://evil.example|https://bank.example>",
    "<https://evil.example>",
    "https://bank.example/login",
    "www.bank.example",
    "bank.example",
    "bank\u3002example",
    "bank\uff0eexample",
    "[bank](https://evil.example)",
    "<mailto:a@evil.example|write to us>",
    "<tel:+100|call>",
    "javascript:alert(1)",
    "evil.example|https://bank.example",
    "*bold* _italic_ ~gone~ `code`",
    "```\nblock\n```",
    "> quoted\n>>> all of it",
    "&gt; quoted",
    "\u2022 listed\n1. listed",
    ":rotating_light: :red_circle: :+1:",
    ":smi\u200ble:",
    "\u202egnp.exe",
    "\u2066\u2067turned\u2069\u2069",
    "\u200f\u200eعربي\u200e and עברית",
    "ze\u200bro\u200dwidth\ufeff",
    "nul\x00bel\x07esc\x1b[31m",
    "line\u2028para\u2029next\x85",
    "\ud83d broken \udc00",
    "Z\u0336\u0321\u0322\u0327\u0328" + "\u0301" * 60 + "algo",
    "👨\u200d👩\u200d👧\u200d👦 🇷🇸",
    "\U000e0001\U000e0063tags",
    "\ue000private",
    '"quotes" \'and\' {"text": "json"}',
    "\\u003c!channel\\u003e",
    "%3C!channel%3E",
)
WRAPS = ("{}", "Breaking {} near border", "{0}{0}{0}", "\n{}\n", "<{}>", "&{};", "|{}|", "*{}*", " {} ")
SIZES = (1, 2, 40)


def hostile_texts() -> Iterator[str]:
    for core, wrap, size in product(CORES, WRAPS, SIZES):
        yield wrap.replace("{0}", "{}").replace("{}", core) * size
    for character in "&<>*_~`|:\u0301\U0001f534 \n":
        yield from (character * size for size in (1, 149, 151, 3_000, 60_000))


ADDRESSES = (
    "https://courier.example/tanks",
    "https://courier.example/?a=1&b=<!channel>",
    "https://courier.example/a|https://bank.example",
    "https://courier.example/a>b<@U1>",
    "https://courier.example/" + "x" * 2_500,
    "https://bank.example@evil.example/",
    "https://user:secret@evil.example/",
    "javascript:alert(1)",
    "https://",
    "https://courier.example/\u202egnp",
    "https://courier.example/a b\nc",
    "https://courier.example/`code`*bold*",
)
