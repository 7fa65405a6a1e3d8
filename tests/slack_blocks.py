"""Block Kit as Slack checks it: every limit that Slack documents or is known to enforce.

Kinds of blocks and elements that the project never sends are refused as unknown. Lengths are
counted in characters (code points).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

BLOCKS = 50
ALL_TEXT = 13_000  # undocumented; slackapi/bolt-js#2509 met it between 13,172 and 13,297

Json = Mapping[str, object]
Check = Callable[[object, str], Iterator[str]]


def problems(blocks: Sequence[object]) -> list[str]:
    """What Slack would say against these blocks, each with the place as a JSON pointer."""
    found = list(_blocks(blocks, "/blocks"))
    return found or list(_duplicates(blocks, "block_id", "/blocks"))


def text_length(blocks: Sequence[object]) -> int:
    """Characters that count towards ALL_TEXT: everything a reader sees."""
    shown = (item.get(key) for item in objects(list(blocks)) for key in ("text", "alt_text"))
    return sum(len(text) for text in shown if isinstance(text, str))


def objects(value: object) -> Iterator[Json]:
    """Every object within blocks, in reading order."""
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)


# ---- checks, from the smallest up ----


def _string(limit: int) -> Check:
    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield _say("must be a string", where)
        elif not value.strip():
            yield _say("must be more than 0 characters", where)
        elif len(value) > limit:
            yield _say(f"must be less than {limit + 1} characters", where)

    return check


def _url(limit: int = 3_000) -> Check:
    def check(value: object, where: str) -> Iterator[str]:
        yield from _string(limit)(value, where)
        if isinstance(value, str) and not _is_web_address(value):
            yield _say("must be a valid http or https URL", where)

    return check


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not any(map(str.isspace, value))


def _boolean(value: object, where: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield _say("must be a boolean", where)


def _whole_number(value: object, where: str) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield _say("must be an integer", where)


def _one_of(*allowed: str) -> Check:
    def check(value: object, where: str) -> Iterator[str]:
        if value not in allowed:
            yield _say(f"must be one of: {', '.join(allowed)}", where)

    return check


def _array(item: Check, *, limit: int) -> Check:
    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield _say("must be an array", where)
            return
        if not value:
            yield _say("no fewer than 1 items allowed", where)
        if len(value) > limit:
            yield _say(f"no more than {limit} items allowed", where)
        for position, inner in enumerate(value):
            yield from item(inner, f"{where}/{position}")

    return check


def _shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields and no other. `type` is checked by `_kinds`."""
    known = {**required, **(optional or {})}

    def check(value: object, where: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield _say("must be an object", where)
            return
        yield from (_say(f"missing required field: {key}", where) for key in required if key not in value)
        for key, inner in value.items():
            if key in known:
                yield from known[key](inner, f"{where}/{key}")
            elif key != "type":
                yield _say(f"invalid additional property: {key}", where)

    return check


def _kinds(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of these it is."""

    def check(value: object, where: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(kind, str):
            yield _say("missing required field: type", where)
        elif kind not in kinds:
            yield _say(f"unsupported type: {kind}", f"{where}/type")
        else:
            yield from kinds[kind](value, where)

    return check


def _say(problem: str, where: str) -> str:
    return f"{problem} [json-pointer:{where}]"


def _duplicates(items: object, key: str, where: str) -> Iterator[str]:
    """An id that stands at two items of one list."""
    seen: set[object] = set()
    for position, item in enumerate(items if isinstance(items, list) else []):
        value = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(value, str) and value in seen:
            yield _say(f'{key} "{value}" already exists', f"{where}/{position}/{key}")
        seen.add(value if isinstance(value, str) else None)


# ---- text objects and elements ----


def _plain(limit: int) -> dict[str, Check]:
    return {"plain_text": _shape({"text": _string(limit)}, {"emoji": _boolean})}


def _any_text(limit: int) -> dict[str, Check]:
    return {"mrkdwn": _shape({"text": _string(limit)}, {"verbatim": _boolean}), **_plain(limit)}


_PICTURE = {"image_url": _url(), "alt_text": _string(2_000)}

_CONFIRM = _shape(
    {
        "title": _kinds(_plain(100)),
        "text": _kinds(_any_text(300)),
        "confirm": _kinds(_plain(30)),
        "deny": _kinds(_plain(30)),
    },
    {"style": _one_of("primary", "danger")},
)

_BUTTON = _shape(
    {"text": _kinds(_plain(75))},
    {
        "action_id": _string(255),
        "url": _url(),
        "value": _string(2_000),
        "style": _one_of("primary", "danger"),
        "confirm": _CONFIRM,
        "accessibility_label": _string(75),
    },
)

_OPTION = _shape({"text": _kinds(_any_text(75)), "value": _string(150)}, {"description": _kinds(_plain(75))})
_OPTION_GROUP = _shape({"label": _kinds(_plain(75)), "options": _array(_OPTION, limit=100)})
_SELECT_SHAPE = _shape(
    {"placeholder": _kinds(_plain(150))},
    {
        "action_id": _string(255),
        "options": _array(_OPTION, limit=100),
        "option_groups": _array(_OPTION_GROUP, limit=100),
        "confirm": _CONFIRM,
    },
)


def _select(value: object, where: str) -> Iterator[str]:
    yield from _SELECT_SHAPE(value, where)
    if isinstance(value, Mapping) and len({"options", "option_groups"} & value.keys()) != 1:
        yield _say("either options or option_groups", where)


_OVERFLOW = _shape({"options": _array(_OPTION, limit=5)}, {"action_id": _string(255), "confirm": _CONFIRM})

# ---- rich text ----

_STYLE = _shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), _boolean))

_RICH_ELEMENT = _kinds(
    {
        "text": _shape({"text": _string(ALL_TEXT)}, {"style": _STYLE}),
        "link": _shape({"url": _url()}, {"text": _string(3_000), "unsafe": _boolean, "style": _STYLE}),
        "emoji": _shape({"name": _string(100)}, {"unicode": _string(100), "style": _STYLE}),
        "user": _shape({"user_id": _string(255)}, {"style": _STYLE}),
        "usergroup": _shape({"usergroup_id": _string(255)}, {"style": _STYLE}),
        "channel": _shape({"channel_id": _string(255)}, {"style": _STYLE}),
        "broadcast": _shape({"range": _one_of("here", "channel", "everyone")}, {"style": _STYLE}),
    }
)
_RICH_RUN = {"elements": _array(_RICH_ELEMENT, limit=1_000)}
_RICH_SECTION = _shape(_RICH_RUN)

_RICH_PART = _kinds(
    {
        "rich_text_section": _RICH_SECTION,
        "rich_text_quote": _shape(_RICH_RUN, {"border": _whole_number}),
        "rich_text_preformatted": _shape(_RICH_RUN, {"border": _whole_number}),
        "rich_text_list": _shape(
            {
                "elements": _array(_kinds({"rich_text_section": _RICH_SECTION}), limit=1_000),
                "style": _one_of("bullet", "ordered"),
            },
            {"indent": _whole_number, "offset": _whole_number, "border": _whole_number},
        ),
    }
)

# ---- blocks ----


def _block(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    return _shape(required, {"block_id": _string(255), **(optional or {})})


_SECTION_SHAPE = _block(
    {},
    {
        "text": _kinds(_any_text(3_000)),
        "fields": _array(_kinds(_any_text(2_000)), limit=10),
        "accessory": _kinds({"button": _BUTTON, "overflow": _OVERFLOW, "image": _shape(_PICTURE)}),
        "expand": _boolean,
    },
)


def _section(value: object, where: str) -> Iterator[str]:
    yield from _SECTION_SHAPE(value, where)
    if isinstance(value, Mapping) and not {"text", "fields"} & value.keys():
        yield _say("missing required field: text or fields", where)


_ELEMENT = _kinds({"button": _BUTTON, "static_select": _select, "overflow": _OVERFLOW})
_ACTIONS_SHAPE = _block({"elements": _array(_ELEMENT, limit=25)})


def _actions(value: object, where: str) -> Iterator[str]:
    yield from _ACTIONS_SHAPE(value, where)
    if isinstance(value, Mapping):
        yield from _duplicates(value.get("elements"), "action_id", f"{where}/elements")


_BLOCK = _kinds(
    {
        "header": _block({"text": _kinds(_plain(150))}),
        "section": _section,
        "context": _block({"elements": _array(_kinds({**_any_text(3_000), "image": _shape(_PICTURE)}), limit=10)}),
        "divider": _block({}),
        "actions": _actions,
        "image": _block(_PICTURE, {"title": _kinds(_plain(2_000))}),
        "rich_text": _block({"elements": _array(_RICH_PART, limit=1_000)}),
    }
)
_blocks = _array(_BLOCK, limit=BLOCKS)

_VIEW = _kinds(
    {
        "modal": _shape(
            {"title": _kinds(_plain(24)), "blocks": _array(_BLOCK, limit=100)},
            {"close": _kinds(_plain(24)), "callback_id": _string(255), "private_metadata": _string(3_000)},
        )
    }
)


def view_problems(view: object) -> list[str]:
    """What Slack would say against a modal. One with a `submit` would need inputs, which the project never shows."""
    return list(_VIEW(view, "/view"))
