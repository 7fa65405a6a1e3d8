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
from monitor.store.sqlite.store import Store

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


def test_every_query_for_datasette_runs(tmp_path: Path) -> None:
    """On a database as it is; and every table that is named is there."""
    store = Store.writer(tmp_path / "news.db")
    described = yaml.safe_load((CONTRIB / "datasette.yaml").read_text("utf-8"))["databases"]["copy"]
    tables = {row["name"] for row in store._db.query("select name from sqlite_master")}
    assert set() == set(described["tables"]) - tables
    for name, table in described["tables"].items():
        columns = {row["name"] for row in store._db.query(f"select name from pragma_table_info('{name}')")}
        named = {table.get("label_column"), table.get("sort_desc"), *table.get("facets", ())} - {None}
        assert set() == named - columns, name
    for query in described["queries"].values():
        assert query["title"]
        list(store._db.query(query["sql"], {"rule": "armour", "story": "abc"}))


def test_the_container_needs_nothing_that_is_not_there() -> None:
    """It installs with the lock, as nobody in particular, and asks for its health where that is shown."""
    text = (CONTRIB / "Containerfile").read_text("utf-8")
    assert "--constraint /source/requirements.lock" in text
    assert "\nUSER 65532:65532\n" in text
    assert "/healthz" in text


def test_the_files_that_the_threat_model_names_are_there() -> None:
    """So that whoever checks a claim finds its place."""
    root = CONTRIB.parent
    for name in re.findall(r"`([\w/]+\.py)`", (root / "SECURITY.md").read_text("utf-8")):
        assert (root / "monitor" / name).is_file(), name
