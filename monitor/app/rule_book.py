"""Which version of each rule is in force. A rule that fails its own examples is held back, and it alone: the last good
version of it stays, or it is off if there is none, and operators are told until it is mended.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from monitor.app.config import Config
from monitor.model import KeptVersion, Notice, RuleVersion
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet, read_again, version_of
from monitor.store.sqlite.notice_rows import NoticeRows
from monitor.store.sqlite.rule_rows import RuleRows

log = logging.getLogger(__name__)

RULES = "rules"  # what a notice is about; its kind is the rule's name


def take_up(versions: RuleRows, notices: NoticeRows, config: Config, now: datetime) -> RuleSet:
    """The rules in force from now on. Doing it twice changes nothing."""
    good, rules = _last_good(versions, config), in_force(versions, config)
    known = versions.in_force()
    fresh = [_said(rule, rules, good.get(rule.name)) for rule in rules.rules if not known.get(rule.version)]
    versions.take_up(fresh, in_force={rule.version for rule in rules.rules}, now=now)
    kept = {rule.name for rule in rules.rules}
    for name, problems in config.failing.items():
        words = f"{problems[0]}; {_instead(good[name] if name in kept else None)}"
        log.error("a rule is held back", extra={"rule": name, "why": words})
        notices.add_anew(Notice(RULES, name, words), now)
    for notice in notices.open():
        if notice["about"] == RULES and notice["kind"] not in config.failing:
            over = f"Rule {notice['kind']} is held back no longer."
            notices.end(RULES, (notice["kind"],), over, now)
    return rules


def in_force(versions: RuleRows, config: Config) -> RuleSet:
    """The rules of a configuration as the daemon has them, or would."""
    good = _last_good(versions, config)
    return replace(config.written, rules=tuple(_chosen(config, good))) if good else config.written


def _last_good(versions: RuleRows, config: Config) -> dict[str, KeptVersion | None]:
    """Of each rule that is held back."""
    return {name: versions.last(name) for name in config.failing}


def _chosen(config: Config, good: dict[str, KeptVersion | None]) -> list[Rule]:
    """In the order of the files."""
    rules: list[Rule] = []
    for rule in config.written.rules:
        if rule.name not in good:
            rules.append(rule)
        elif (version := good[rule.name]) is not None:
            last = read_again(version.said, rule.file, rule.line)
            rules.extend([last] if last is not None else [])
    return rules


def _said(rule: Rule, rules: RuleSet, held: KeptVersion | None) -> RuleVersion:
    """Of a rule that is held back in the vocabulary of its time."""
    return version_of(rule, rules) if held is None else held.said


def _instead(version: KeptVersion | None) -> str:
    """What is in force in place of a rule that is held back."""
    until = "until its examples come out as they should"
    if version is None:
        return f"there is no good version of it, it is off {until}"
    return f"its version of {version.first_loaded_at:%Y-%m-%d %H:%M}Z stays in force {until}"
