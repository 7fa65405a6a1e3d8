"""The stand-in's Block Kit and mrkdwn: what it refuses, and whom a message would call."""

from __future__ import annotations

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import slack_blocks, slack_mrkdwn
from tests.slack_blocks import Json
from tests.slack_mrkdwn import Link

DIVIDER = {"type": "divider"}


def plain(text: str, **more: object) -> dict[str, object]:
    return {"type": "plain_text", "text": text, **more}


def mrkdwn(text: str, **more: object) -> dict[str, object]:
    return {"type": "mrkdwn", "text": text, **more}


def header(text: str) -> dict[str, object]:
    return {"type": "header", "text": plain(text)}


def section(text: object, **more: object) -> dict[str, object]:
    return {"type": "section", "text": text, **more}


def context(*elements: object) -> dict[str, object]:
    return {"type": "context", "elements": list(elements)}


def button(text: str = "Mute", **more: object) -> dict[str, object]:
    return {"type": "button", "text": plain(text), **more}


def actions(*elements: object) -> dict[str, object]:
    return {"type": "actions", "elements": list(elements)}


def image(**more: object) -> dict[str, object]:
    return {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a map", **more}


def rich(*elements: object, kind: str = "rich_text_section") -> dict[str, object]:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}


ASK = {"title": plain("Sure?"), "text": mrkdwn("Mute it"), "confirm": plain("Yes"), "deny": plain("No")}


@pytest.mark.parametrize(
    "block",
    [
        DIVIDER,
        header("x" * 150),
        section(mrkdwn("x" * 3_000, verbatim=True), block_id="b" * 255),
        section(plain("x", emoji=False), accessory=image(), expand=True),
        {"type": "section", "fields": [plain("x" * 2_000)] * 5},
        context(*[mrkdwn("x"), image()] * 5),
        actions(*[button(action_id=str(number)) for number in range(25)]),
        actions(button("x" * 75, value="v" * 2_000, url="https://e.org/" + "u" * 2_986, action_id="a" * 255)),
        actions(button(style="danger", confirm=ASK)),
        image(title=plain("A map")),
        rich({"type": "text", "text": "x", "style": {"bold": True}}, {"type": "link", "url": "https://e.org"}),
    ],
)
def test_what_slack_takes(block: Json) -> None:
    """Blocks at the very limit pass."""
    assert slack_blocks.problems([block]) == []


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ("text", "missing required field: type [json-pointer:/blocks/0]"),
        ({"type": "carousel"}, "unsupported type: carousel [json-pointer:/blocks/0/type]"),
        ({"type": "header"}, "missing required field: text [json-pointer:/blocks/0]"),
        (header(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (header(" "), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        (header("x" * 151), "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
        (
            {"type": "header", "text": mrkdwn("x")},
            "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        ),
        ({"type": "section"}, "missing required field: text or fields [json-pointer:/blocks/0]"),
        (section("x"), "missing required field: type [json-pointer:/blocks/0/text]"),
        (
            section(mrkdwn("x" * 3_001)),
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            section(mrkdwn("x", emoji=True)),
            "invalid additional property: emoji [json-pointer:/blocks/0/text]",
        ),
        (
            section(plain("x", verbatim=True)),
            "invalid additional property: verbatim [json-pointer:/blocks/0/text]",
        ),
        (section(plain("x", emoji="no")), "must be a boolean [json-pointer:/blocks/0/text/emoji]"),
        ({**DIVIDER, "color": "red"}, "invalid additional property: color [json-pointer:/blocks/0]"),
        (
            {**DIVIDER, "block_id": "b" * 256},
            "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
        ),
        (
            {"type": "section", "fields": [plain("x")] * 11},
            "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        ),
        (
            {"type": "section", "fields": [plain("x" * 2_001)]},
            "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        ),
        (context(), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
        (context(*[plain("x")] * 11), "no more than 10 items allowed [json-pointer:/blocks/0/elements]"),
        (context(button()), "unsupported type: button [json-pointer:/blocks/0/elements/0/type]"),
        (
            actions(*[button(action_id=str(number)) for number in range(26)]),
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            actions(button(action_id="a"), button(action_id="a")),
            'action_id "a" already exists [json-pointer:/blocks/0/elements/1/action_id]',
        ),
        (
            actions(button(action_id="a" * 256)),
            "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
        ),
        (
            actions(button("x" * 76)),
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            actions(button(value="v" * 2_001)),
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        ),
        (
            actions(button(url="https://e.org/" + "u" * 2_987)),
            "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
        ),
        (
            actions(button(url="javascript:alert(1)")),
            "must be a valid http or https URL [json-pointer:/blocks/0/elements/0/url]",
        ),
        (
            actions(button(style="loud")),
            "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            actions(button(disabled=True)),
            "invalid additional property: disabled [json-pointer:/blocks/0/elements/0]",
        ),
        (image(alt_text=""), "must be more than 0 characters [json-pointer:/blocks/0/alt_text]"),
        (
            image(image_url="//e.org/a"),
            "must be a valid http or https URL [json-pointer:/blocks/0/image_url]",
        ),
        (
            rich({"type": "text", "text": ""}),
            "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
        ),
        (
            rich({"type": "text", "text": "x"}, kind="rich_text_table"),
            "unsupported type: rich_text_table [json-pointer:/blocks/0/elements/0/type]",
        ),
    ],
)
def test_what_slack_refuses(block: object, problem: str) -> None:
    """Each thing wrong is named with its place."""
    assert slack_blocks.problems([block]) == [problem]


def option(text: str = "8 hours", value: str = "8", **more: object) -> dict[str, object]:
    return {"text": plain(text), "value": value, **more}


def select(**more: object) -> dict[str, object]:
    return {"type": "static_select", "placeholder": plain("Mute"), **more}


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        (select(options=[option("x" * 75, "v" * 150)] * 100), None),
        (select(option_groups=[{"label": plain("A"), "options": [option()]}]), None),
        ({"type": "overflow", "options": [option()] * 5}, None),
        (select(), "either options or option_groups"),
        (select(options=[option()], option_groups=[{"label": plain("A"), "options": [option()]}]), "either options or"),
        (select(options=[]), "no fewer than 1 items allowed"),
        (select(options=[option()] * 101), "no more than 100 items allowed"),
        (select(options=[option("x" * 76)]), "must be less than 76 characters"),
        (select(options=[option(value="v" * 151)]), "must be less than 151 characters"),
        (select(option_groups=[{"label": plain("x" * 76), "options": [option()]}]), "must be less than 76 characters"),
        ({"type": "overflow", "options": [option()] * 6}, "no more than 5 items allowed"),
    ],
)
def test_menus(element: Json, problem: str | None) -> None:
    """A select has options or groups of them, each within its limits."""
    found = slack_blocks.problems([actions(element)])
    assert ([] if problem is None else [problem]) == [
        said.partition(" [json")[0][: len(problem or "")] for said in found
    ]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, None),
        ({"title": plain("x" * 25)}, "must be less than 25 characters"),
        ({"blocks": [DIVIDER] * 101}, "no more than 100 items allowed"),
        ({"blocks": []}, "no fewer than 1 items allowed"),
        ({"submit": plain("Save")}, "invalid additional property: submit"),
        ({"type": "home"}, "unsupported type: home"),
    ],
)
def test_modals(changed: Json, problem: str | None) -> None:
    """A modal has a short title and up to a hundred blocks."""
    found = slack_blocks.view_problems({"type": "modal", "title": plain("Why"), "blocks": [DIVIDER], **changed})
    assert ([] if problem is None else [problem]) == [said.partition(" [json")[0] for said in found]


def test_too_many_blocks() -> None:
    """A message has at most fifty blocks."""
    assert slack_blocks.problems([DIVIDER] * 50) == []
    assert slack_blocks.problems([DIVIDER] * 51) == ["no more than 50 items allowed [json-pointer:/blocks]"]


def test_a_block_id_names_one_block() -> None:
    """The same block_id twice is refused."""
    assert slack_blocks.problems([{**DIVIDER, "block_id": "a"}, {**DIVIDER, "block_id": "a"}]) == [
        'block_id "a" already exists [json-pointer:/blocks/1/block_id]'
    ]


def test_text_of_all_blocks_together() -> None:
    """Everything that a reader sees counts, wherever it stands."""
    blocks = [header("12345"), context(mrkdwn("123"), image(alt_text="12")), actions(button("1")), DIVIDER]
    assert slack_blocks.text_length(blocks) == 11


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!channel>", ("!channel",)),
        ("now <!here|here> and <!everyone>", ("!here", "!everyone")),
        ("<@U1> <@W2|ann>", ("@U1", "@W2")),
        ("<!subteam^S1|@desk>", ("!subteam^S1",)),
        ("<<!channel>>", ("!channel",)),
        ("&lt;!channel&gt; @channel", ()),
        ("<!date^1392734382^{date}|then> <#C1>", ()),
        ("<https://e.org|@here>", ()),
    ],
)
def test_mentions(text: str, expected: tuple[str, ...]) -> None:
    """A mention fires from the fallback text and from mrkdwn, never from plain text."""
    assert slack_mrkdwn.mentions(text, (), link_names=False) == expected
    assert slack_mrkdwn.mentions("", (section(mrkdwn(text)),), link_names=False) == expected
    assert slack_mrkdwn.mentions("", (header(text),), link_names=False) == ()


def test_names_become_mentions_on_request() -> None:
    """With link_names a bare @channel fires, too."""
    assert slack_mrkdwn.mentions("a@here.org or @channel", (), link_names=True) == ("!channel",)


def test_mentions_of_rich_text() -> None:
    """Rich text has elements of its own for them."""
    block = rich({"type": "broadcast", "range": "here"}, {"type": "user", "user_id": "U1"})
    assert slack_mrkdwn.mentions("", (block,), link_names=False) == ("!here", "@U1")


@given(st.text(alphabet="<>!@^|&; channelhereU1S", max_size=60))
def test_escaped_text_is_inert(text: str) -> None:
    """Text with &, < and > replaced calls nobody and links nowhere."""
    inert = escape(text, quote=False)
    assert slack_mrkdwn.mentions(inert, (section(mrkdwn(inert)),), link_names=False) == ()
    assert slack_mrkdwn.links(inert, (section(mrkdwn(inert, verbatim=True)),), bare=False) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<https://e.org/?a=1&amp;b=2|A &amp; B>", (Link("https://e.org/?a=1&b=2", "A & B"),)),
        ("<https://e.org>", (Link("https://e.org", "https://e.org"),)),
        ("see https://e.org/a now", (Link("https://e.org/a", "https://e.org/a"),)),
        ("<mailto:a@e.org|write>", (Link("mailto:a@e.org", "write"),)),
        ("<#C1> <!here>", ()),
    ],
)
def test_links(text: str, expected: tuple[Link, ...]) -> None:
    """A link is told with the label that hides its address."""
    assert slack_mrkdwn.links(text, (), bare=True) == expected
    assert slack_mrkdwn.links("", (section(mrkdwn(text)),), bare=False) == expected


def test_links_of_buttons_and_rich_text() -> None:
    """They count as well."""
    blocks = (
        actions(button("Open", url="https://e.org/1")),
        rich({"type": "link", "url": "https://e.org/2", "text": "two"}),
    )
    assert (Link("https://e.org/1", "Open"), Link("https://e.org/2", "two")) == slack_mrkdwn.links(
        "", blocks, bare=False
    )
