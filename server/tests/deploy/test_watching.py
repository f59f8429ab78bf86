"""The dashboard and the alert rules use metrics that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.house.project import ROOT, SERVER
from tests.parts.server import Server

DASHBOARD = ROOT / "deploy" / "grafana" / "akako.json"
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"], "gauge": [""]}


@pytest.fixture(scope="module")
def served(api: Server) -> set[str]:
    """The names of all series that the server exports, with or without a value."""
    families = text_string_to_metric_families(api.get("/metrics").text)
    return {each.name + suffix for each in families for suffix in SUFFIXES[each.type]}


def expressions(found: Any) -> Iterator[str]:
    """Every query anywhere in a document."""
    if isinstance(found, dict):
        for name, value in found.items():
            if name in ("expr", "query") and isinstance(value, str):
                yield value
            else:
                yield from expressions(value)
    elif isinstance(found, list):
        for each in found:
            yield from expressions(each)


def named(found: Any) -> set[str]:
    return {name for each in expressions(found) for name in re.findall(r"\bakako_\w+", each)}


def test_the_dashboard_shows_every_metric_and_no_other(served: set[str]) -> None:
    shown = named(json.loads(DASHBOARD.read_text()))
    assert shown - served == set()
    # Of a histogram it uses the buckets.
    assert {each for each in served - shown if not each.endswith(("_count", "_sum"))} == set()


def test_the_rules_watch_metrics_that_exist(served: set[str]) -> None:
    rules = yaml.safe_load(RULES.read_text())
    watched = named(rules)
    assert len(watched) > 10
    assert watched - served == set()


def test_every_rule_is_complete() -> None:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert len(set(names)) == len(names)
    for rule in group["rules"]:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"]["summary"]
        assert rule["expr"].count("(") == rule["expr"].count(")")


def test_panels_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for each in panels:
        at = each["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells, each["title"]
        taken |= cells


def test_every_metric_and_alert_is_explained(served: set[str]) -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    documented = re.findall(r"`(akako_[\w*]+)`", page)
    names = {re.sub(r"_(bucket|count|sum)$", "", each) for each in served}
    undocumented = {
        each for each in names if not any(fnmatch(each, pattern) for pattern in documented)
    }
    assert undocumented == set()
    code = "\n".join(path.read_text(encoding="utf-8") for path in SERVER.rglob("*.py"))
    kinds = set(re.findall(r'metrics\.alert\("(\w+)"\)', code))
    assert len(kinds) >= 5
    assert {each for each in kinds if f"`{each}`" not in page} == set()
