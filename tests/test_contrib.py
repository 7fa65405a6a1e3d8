"""The files for other programs name what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families as families

from monitor.app.metrics import Metrics

CONTRIB = Path(__file__).parent.parent / "contrib"


def exposed() -> set[str]:
    """The names of all samples; test_web.py asks a daemon for them over HTTP."""
    text = generate_latest(Metrics().registry).decode()
    return (
        {sample.name for family in families(text) for sample in family.samples}
        | {f"{family.name}_bucket" for family in families(text) if family.type == "histogram"}
        | {family.name for family in families(text) if family.type == "gauge"}
    )


@pytest.mark.parametrize("file", ["grafana-dashboard.json", "prometheus-rules.yaml"])
def test_every_number_that_is_asked_for_is_there(file: str) -> None:
    """A panel or a rule with a wrong name would stay empty, and silent, for ever."""
    named = set(re.findall(r"news_monitor_\w+", (CONTRIB / file).read_text("utf-8")))
    assert len(named) >= 8
    assert set() == named - exposed()


@pytest.mark.parametrize("file", ["grafana-dashboard.json", "prometheus-rules.yaml"])
def test_every_label_that_is_asked_for_is_there(file: str) -> None:
    """With the value that is compared with."""
    text = generate_latest(Metrics().registry).decode()
    values = {(name, value) for f in families(text) for s in f.samples for name, value in s.labels.items()}
    for name, choice in re.findall(r'(stage|outcome)=\\?"([a-z_|]+)', (CONTRIB / file).read_text("utf-8")):
        assert {(name, value) for value in choice.split("|")} <= values


def test_the_dashboard_and_the_rules_are_whole() -> None:
    """Panels have a place of their own, rules say what they mean."""
    panels = json.loads((CONTRIB / "grafana-dashboard.json").read_text("utf-8"))["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(places) == len(set(places))
    (group,) = yaml.safe_load((CONTRIB / "prometheus-rules.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]:
        assert {"alert", "expr", "labels", "annotations"} <= set(rule), rule
        assert rule["annotations"]["summary"]
