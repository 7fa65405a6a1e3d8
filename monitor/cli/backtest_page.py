"""A backtest as one HTML page that needs nothing else: no scripts, no styles or pictures from elsewhere.

Built as a tree, so whatever came from the web is text and cannot be markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from monitor.text import printable

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1c1f; --paper: #fff; --soft: #5b626c; --line: #d9dde3;
  --added: #11632f; --removed: #a3211b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #16181b; --soft: #9aa2ad; --line: #343941;
  --added: #6fcf8e; --removed: #ff8f87; } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0; }
a { color: inherit; } p, li { overflow-wrap: anywhere; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .25rem 1rem .25rem 0; }
th { border-bottom: 1px solid var(--line); } .number { text-align: right; font-variant-numeric: tabular-nums; }
section { border-top: 1px solid var(--line); margin-top: 1rem; }
ul { list-style: none; padding: 0; } li { margin: .5rem 0; } .soft { color: var(--soft); }
.added { color: var(--added); } .removed { color: var(--removed); } .about { font-weight: 600; }
"""
_SIGNS = {"added": "+", "removed": "−"}


def page(facts: Mapping[str, Any]) -> str:
    """Of what `backtest --json` says."""
    root = ET.Element("html", lang="en")
    head, body = ET.SubElement(root, "head"), ET.SubElement(root, "body")
    ET.SubElement(head, "meta", charset="utf-8")
    policy = {"http-equiv": "Content-Security-Policy", "content": "default-src 'none'; style-src 'unsafe-inline'"}
    ET.SubElement(head, "meta", policy)
    ET.SubElement(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _add(head, "title", "Backtest")
    _add(head, "style", _STYLE)
    _summary(body, facts)
    _rules(body, facts["rules"])
    _changes(body, facts)
    _add(body, "h2", "Not modelled")
    limits = ET.SubElement(body, "ul")
    for one in facts["not_modelled"]:
        _add(limits, "li", one)
    return "<!DOCTYPE html>\n" + ET.tostring(root, encoding="unicode", method="html") + "\n"


def _add(parent: ET.Element, tag: str, text: str, kind: str = "") -> ET.Element:
    child = ET.SubElement(parent, tag, {"class": kind} if kind else {})
    child.text = printable(text)
    return child


def _summary(body: ET.Element, facts: Mapping[str, Any]) -> None:
    alerts, stories = facts["alerts"], facts["stories"]
    _add(body, "h1", f"Backtest: +{alerts['added']} −{alerts['removed']} alerts")
    _add(body, "p", f"From {facts['before']} to {facts['after']}.")
    _add(
        body,
        "p",
        f"{facts['articles']} articles since {facts['since']:%Y-%m-%d %H:%M} UTC. "
        f"Alerts: {alerts['before']} → {alerts['after']}. Stories: {stories['before']} → {stories['after']} "
        f"(+{stories['added']} −{stories['removed']}).",
    )


def _rules(body: ET.Element, rules: list[dict[str, Any]]) -> None:
    _add(body, "h2", "Rules that differ")
    if not rules:
        _add(body, "p", "None.")
        return
    table = ET.SubElement(body, "table")
    heads = ET.SubElement(table, "tr")
    for name in ("rule", "", "alerts before", "after", "added", "removed"):
        _add(heads, "th", name)
    for rule in rules:
        row = ET.SubElement(table, "tr")
        _add(row, "td", rule["rule"])
        _add(row, "td", rule["change"], "soft")
        for key in ("before", "after"):
            _add(row, "td", str(rule[key]), "number")
        for key, sign in _SIGNS.items():
            _add(row, "td", f"{sign}{rule[key]}", f"number {key}" if rule[key] else "number soft")


def _changes(body: ET.Element, facts: Mapping[str, Any]) -> None:
    _add(body, "h2", "Alerts by story")
    for story in facts["changes"]:
        section = ET.SubElement(body, "section")
        heading = ET.SubElement(section, "h3")
        for key, sign in _SIGNS.items():
            if story[key]:
                _add(heading, "span", f"{sign}{story[key]} ", key).tail = " "
        _add(heading, "span", story["headline"])
        listed = ET.SubElement(section, "ul")
        for alert in story["alerts"]:
            _alert(ET.SubElement(listed, "li"), alert)
    if facts["left_out"]:
        _add(body, "p", f"And {facts['left_out']} earlier ones.")


def _alert(item: ET.Element, alert: Mapping[str, Any]) -> None:
    _add(item, "span", f"{_SIGNS[alert['change']]} {alert['rule']}", f"about {alert['change']}").tail = ": "
    _add(item, "span", ", ".join(alert["words"]))
    ET.SubElement(item, "br")
    _add(item, "span", f"{alert['at']:%Y-%m-%d %H:%M} UTC, {alert['outlet']}", "soft").tail = ": "
    if alert["url"].startswith(("https://", "http://")):
        link = _add(item, "a", alert["title"] or alert["url"])
        link.attrib.update(href=alert["url"], rel="noopener noreferrer")
    else:
        _add(item, "span", alert["title"])
