"""Block Kit as HTML in Slack's look, near enough to see what readers see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any

STYLE = """
* {box-sizing: border-box}
body {margin: 0; padding: 14px 18px; width: 720px; background: #fff; color: #1d1c1d;
  font: 15px/1.47 Lato, Arial, 'Liberation Sans', sans-serif}
.line {display: flex; gap: 10px}
.line.threaded {border-left: 3px solid #ddd; padding-left: 14px}
.face {width: 36px; height: 36px; border-radius: 6px; background: #31506b; color: #fff; flex: none; font-weight: 900;
  display: flex; align-items: center; justify-content: center}
.who b {font-weight: 900} .who i {font: 700 10px Lato, Arial; background: #e8e8e8; color: #616061; padding: 1px 4px;
  border-radius: 2px; margin: 0 6px} .who span {color: #616061; font-size: 12px}
.body {flex: 1; min-width: 0} .block {margin: 4px 0 8px; white-space: pre-wrap; overflow-wrap: anywhere}
.header {font-size: 18px; font-weight: 900} .context {color: #616061; font-size: 12.5px}
.quote {border-left: 4px solid #ddd; padding-left: 10px; margin: 2px 0; color: #1d1c1d}
a {color: #1264a3; text-decoration: none} code {color: #c01343; background: #f4f4f4; border: 1px solid #ddd;
  border-radius: 3px; padding: 0 3px; font-size: 12px}
.actions {display: flex; flex-wrap: wrap; gap: 8px} .actions span {border: 1px solid #bbb; border-radius: 4px;
  font-weight: 700; font-size: 13px; padding: 4px 11px} .actions .menu::after {content: " ▾"; color: #616061}
.modal {border: 1px solid #ccc; border-radius: 8px; box-shadow: 0 4px 14px #0003; padding: 16px 22px}
.modal h1 {font-size: 19px; margin: 0 0 10px} .modal .foot {text-align: right; margin-top: 8px}
"""

_DATE = re.compile(r"<!date\^(\d+)\^([^|>]*)\|[^>]*>")
_LINK = re.compile(r"<(https?://[^|>]+)(?:\|([^>]*))?>")
_BOLD = re.compile(r"(?<![\w*])\*(?![\s\u200b*])(.+?)(?<!\s)\*(?![\w*])")
_CODE = re.compile(r"`(?!\u200b)([^`]+)`")


def page(body: str) -> str:
    """The height that it takes is left in the page, for whoever takes the picture."""
    script = "document.documentElement.dataset.height = document.body.offsetHeight"
    return f"<!DOCTYPE html><meta charset=utf-8><style>{STYLE}</style><body>{body}<script>{script}</script>"


def message(blocks: Sequence[Mapping[str, Any]], text: str, at: datetime, *, threaded: bool) -> str:
    body = "".join(map(_block, blocks)) or f"<div class=block>{_mrkdwn(text)}</div>"
    who = f"<div class=who><b>news-monitor</b><i>APP</i><span>{at:%H:%M}</span></div>"
    kind = "line threaded" if threaded else "line"
    return f"<div class='{kind}'><div class=face>N</div><div class=body>{who}{body}</div></div>"


def modal(view: Mapping[str, Any]) -> str:
    body = "".join(map(_block, view["blocks"]))
    close = f"<div class='actions foot'><span>{escape(view['close']['text'])}</span></div>"
    return f"<div class=modal><h1>{escape(view['title']['text'])}</h1>{body}{close}</div>"


def _block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "actions":
            shown = "".join(map(_element, block["elements"]))
            return f"<div class='block actions'>{shown}</div>"
        case "context":
            return f"<div class='block context'>{' '.join(map(_text, block['elements']))}</div>"
    return f"<div class='block {block['type']}'>{_text(block['text'])}</div>"


def _element(element: Mapping[str, Any]) -> str:
    if element["type"] == "button":
        return f"<span>{escape(element['text']['text'])}</span>"
    return f"<span class=menu>{escape(element['placeholder']['text'])}</span>"


def _text(text: Mapping[str, Any]) -> str:
    return _mrkdwn(text["text"]) if text["type"] == "mrkdwn" else escape(text["text"])


def _mrkdwn(source: str) -> str:
    return "".join(
        f"<div class=quote>{_inline(line[2:])}</div>"
        if line.startswith("> ")
        else f"<div>{_inline(line) or '&nbsp;'}</div>"
        for line in source.split("\n")
    )


def _inline(source: str) -> str:
    source = _DATE.sub(lambda found: f"{datetime.fromtimestamp(int(found[1]), UTC):today %H:%M}", source)
    source = _LINK.sub(lambda found: f"\x01{found[1]}\x02{found[2] or found[1]}\x03", source)
    shown = escape(unescape(source), quote=False)
    shown = _BOLD.sub(r"<b>\1</b>", _CODE.sub(r"<code>\1</code>", shown))
    return re.sub("\x01(.*?)\x02(.*?)\x03", r'<a href="\1">\2</a>', shown)
