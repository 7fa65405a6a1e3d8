"""Templates of rules: checked when they are loaded, harmless when they are shown, and never in the way of an alert."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import templates
from monitor.alerts.sinks import slack_blocks, slack_template
from monitor.errors import ConfigError
from monitor.model import Message
from monitor.rules.schema import load
from monitor.store.sqlite.values import message_json, message_of
from tests import slack_mrkdwn
from tests.builders import NOON, hit, message, reason
from tests.hostile_texts import CORES
from tests.slack_blocks import problems

STANDARD = "*Armour* (armour)\n> Serbia has deployed *tanks*."


def told(template: str, headline: str = "Serbia moves tanks", words: str = "tanks") -> Message:
    why = reason("armour", hit(words, f"Serbia has deployed {words}."))
    return message(headline, replace(why, template=template))


def paragraph(template: str, headline: str = "Serbia moves tanks") -> str:
    blocks = slack_blocks.blocks(told(template, headline), key="k", now=NOON)
    return str(blocks[1]["text"]["text"])


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("{{ title }}: {{ words | join(', ') }} ({{ severity | upper }})", "Armour: tanks (HIGH)"),
        ("*{{ link }}* by {{ outlet }}", "*<https://courier.example/tanks|Serbia moves tanks>* by Test Courier"),
        ("{% for one in sentences %}\n>{{ one }}\n{% endfor %}", ">Serbia has deployed *tanks*."),
        ("{% for one in words[:2] if one %}{{ loop.index }} {{ one }}{% else %}none{% endfor %}", "1 tanks"),
        ("{% if standing %}{{ standing }}{% else %}first{% endif %}", "first"),
        ("by {{ author | default('nobody', true) }}{{ author }}", "by nobody"),
        ("{{ headline }} <https://map.example/|Map>", "Serbia moves tanks <https://map.example/|Map>"),
    ],
)
def test_what_a_template_says(template: str, shown: str) -> None:
    """Facts, choices and loops; the rest of the message stays as it is."""
    templates.check(template)
    assert shown == paragraph(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ nothing }}",
        "{{ words[99] }}",
        "{{ 1 / 0 }}",
        "{{ headline + 1 }}",
        "{{ headline * 1000000000 }}",
        "{{ '%1000000000s' % 'x' }}",
        "{{ 9 ** 9999999 }}",
        "{{ headline.ljust(1000000000) }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ lipsum() }}",
        "{% set a = words.append('x') %}",
        "{% for a in headline %}{% for b in headline %}{{ headline * 500 }}{% endfor %}{% endfor %}",
        "   ",
        "{% include 'x' %}",
        "{% set h = headline ~ headline %}" + "{% set h = h ~ h %}" * 40 + "{{ h | length }}",
        "{{ headline | join(headline) | join(headline) | join(headline) | join(headline) | length }}",
        "{{ words | join(words | join(words | join(headline) ~ headline * 2)) }}",
        "{% for a in headline | join(headline) %}{% endfor %}",
        "{% with words = headline ~ headline %}{% for a in words %}{% endfor %}{% endwith %}",
        "{% macro f() %}{% endmacro %}x",
        "<!{{ headline }}>",
        "{{ headline }} <!here>",
        "<@U0ANN> {{ headline }}",
        "<{{ url }}|elsewhere>",
        "{{ link ",
    ],
)
def test_a_template_that_fails_gives_way(template: str) -> None:
    """The alert goes out in our own words: neither lost nor late."""
    assert STANDARD == paragraph(template, "channel")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(CORES) | st.text(max_size=80),
    st.sampled_from(
        [
            "{{ headline }}",
            "<{{ headline }}>",
            "<!{{ headline }}>",
            "*{{ link }}*",
            "{% if 1 %}<{% endif %}@{{ headline }}>",
        ]
    ),
)
def test_a_headline_does_no_harm_in_a_template(headline: str, template: str) -> None:
    """Whatever markup a template puts around it."""
    blocks = slack_blocks.blocks(told(template, headline), key="k", now=NOON)
    assert [] == problems(blocks)
    assert () == slack_mrkdwn.mentions("", blocks, link_names=False)
    assert all(link.url == "https://courier.example/tanks" for link in slack_mrkdwn.links("", blocks, bare=False))
    assert not [link for link in slack_mrkdwn.links("", blocks, bare=False) if link.is_disguised]


def test_the_facts_are_those_that_are_checked() -> None:
    """A fact that the check does not know could not be used, one that is missing would fail."""
    assert templates.FACTS == slack_template.facts_of(told("x"), told("x").reasons[0]).keys()


def test_a_template_travels_with_its_message() -> None:
    """An edit hours later says it in the same words."""
    assert told("{{ title }}") == message_of(message_json(told("{{ title }}")))


def _load(directory: Path, template: str) -> str | None:
    (directory / "rules").mkdir()
    (directory / "concepts").mkdir()
    text = f"rules:\n  - name: armour\n    match: tanks\n    alert:\n      template: {template}\n"
    (directory / "rules" / "armour.yaml").write_text(text)
    (rule,) = load(directory / "rules", directory / "concepts").rules
    return rule.template


def test_a_rule_has_its_template(tmp_path: Path) -> None:
    """As it stands in the file."""
    assert "{{ title }}" == _load(tmp_path, "'{{ title }}'")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("7", "template: must be text"),
        ("''", "template: must be text"),
        ("'{{ title'", "template: is no Jinja2: unexpected end of template"),
        ("'{{ titel }}'", "template: knows no 'titel'; facts are author, headline, link"),
        ("'<!here> {{ title }}'", "template: calls people with '<!here>'; name whom to call under routing.mentions"),
        ("'<@U0ANN> {{ title }}'", "template: calls people with '<@U0ANN>'; name whom to call under routing.mentions"),
        ("'{{ title | pprint }}'", "template: is no Jinja2: No filter named 'pprint'"),
        ('"{{ title }}\\n{% if %}"', "template: line 2 of it is no Jinja2: Expected an expression"),
        (f"'{'{% for a in words %}' * 3}{'{% endfor %}' * 3}'", "template: has loops three deep; two are enough"),
        ("'{% set a = 1 %}'", "template: has a set; write {{ … }}, if and for only"),
        ('"{{ title }}\\n{% macro f() %}{% endmacro %}"', "template: line 2 of it has a macro"),
        ("'{% for a in headline %}{% endfor %}'", "template: loops over neither words nor sentences"),
        ("'" + "x" * 2_001 + "'", "template: is longer than 2000 characters"),
    ],
)
def test_a_wrong_template_is_told_with_its_place(tmp_path: Path, template: str, words: str) -> None:
    """When the rules are loaded, not when an alert is due."""
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, template)
    (problem,) = caught.value.problems
    assert f"armour.yaml:5:7: {words}" in str(problem)


def test_jinja2_costs_nothing_until_a_template_is_there() -> None:
    """The program starts without it."""
    code = "import sys, monitor.cli.main, monitor.app.daemon; sys.exit('jinja2' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
