"""Grafana dashboards: the three there are, and that every panel says what it shows."""

import re
from typing import Any

import pytest

from tests.monitoring.operations_files import load_dashboards

_WIDTH = 24


def test_the_dashboards_are_golden_signals_guardrails_and_queues() -> None:
    assert set(load_dashboards()) == {"golden-signals", "guardrails", "queues"}


@pytest.mark.parametrize("board", load_dashboards().values(), ids=load_dashboards().keys())
def test_a_dashboard_can_be_imported_and_read(board: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z-]{1,40}", board["uid"])
    assert [variable["name"] for variable in board["templating"]["list"]] == ["datasource"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}


@pytest.mark.parametrize("board", load_dashboards().values(), ids=load_dashboards().keys())
def test_no_panel_covers_another(board: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        area = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= _WIDTH
        assert not taken & area, panel["title"]
        taken |= area
