"""What the lists of flagged networks and devices say of the cases about them."""

from typing import Any

import pytest

from metrics_api.context import Context
from tests.support.api_fixtures import Api
from tests.support.case_builders import FRAUD, LEGITIMATE, evaluate, plant_burst, plant_network

PATHS = {"network": ("/v1/guardrails/fraud", "networks"), "device": ("/v1/guardrails/bots", "bot_like_devices")}


def read_rows(api: Api, kind: str, **query: str) -> list[dict[str, Any]]:
    path, rows = PATHS[kind]
    grouping = {"group_by": "network"} if kind == "network" else {}
    listed: list[dict[str, Any]] = api.read(path, days=7, **grouping, **query)[rows]
    return listed


@pytest.mark.parametrize("kind", PATHS)
def test_a_row_names_its_case_and_is_found_by_it(api: Api, context: Context, kind: str) -> None:
    plant_network(api)
    plant_burst(api)
    assert [row["case"] for row in read_rows(api, kind)] == [None]
    assert len(read_rows(api, kind, case="none")) == 1
    evaluate(context)
    [case] = api.read("/v1/cases", kind=kind)["cases"]
    assert [row["case"] for row in read_rows(api, kind, case="open")] == [
        {"id": case["id"], "status": "open", "verdict": None}
    ]
    assert read_rows(api, kind, case="none") == []

    api.send("POST", f"/v1/cases/{case['id']}/verdict", json=FRAUD)
    assert [row["case"] for row in read_rows(api, kind, case="fraud")] == [
        {"id": case["id"], "status": "decided", "verdict": "fraud"}
    ]
    assert read_rows(api, kind, case="open") == read_rows(api, kind, case="legitimate") == []

    api.send("POST", f"/v1/cases/{case['id']}/verdict", json={**LEGITIMATE, "change": True})
    assert read_rows(api, kind) == []
