"""Calls a page's callbacks as the renderer does."""

import json
from collections.abc import Callable
from typing import Any

from tests.unit.dashboard.conftest import Browser


def call(
    browser: Browser, output: str, values: dict[str, Any], meanwhile: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """What the callback that sets `output` sends, by component id; `meanwhile` happens once the page is open."""
    dependencies: Any = browser.get("/_dash-dependencies").json
    callback = next(each for each in dependencies if output in each["output"])
    meanwhile()
    outputs = [_split(each) for each in callback["output"].strip(".").split("...")]
    answer = browser.call(
        {
            "output": callback["output"],
            "outputs": outputs if callback["output"].startswith("..") else outputs[0],
            "inputs": [_fill(each, values) for each in callback["inputs"]],
            "state": [_fill(each, values) for each in callback["state"]],
            "changedPropIds": [],
        }
    )
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    changes: dict[str, Any] = answer.json["response"]
    return changes


def _split(output: str) -> dict[str, Any]:
    component, _, name = output.rpartition(".")
    return {"id": json.loads(component) if component.startswith("{") else component, "property": name}


def _fill(argument: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    return {**argument, "value": values.get(f"{argument['id']}.{argument['property']}")}


def press(browser: Browser, button: str, output: str, values: dict[str, Any]) -> dict[str, Any]:
    """What the callback that sets `output` sends when a form is saved by its button, by component id."""
    dependencies: Any = browser.get("/_dash-dependencies").json
    callback = next(each for each in dependencies if output in each["output"] and each["prevent_initial_call"])
    given = {**values, f"{button}.n_clicks": 1}
    answer = browser.call(
        {
            "output": callback["output"],
            "outputs": [_split(each) for each in callback["output"].strip(".").split("...")],
            "inputs": [[] if each["id"].startswith("{") else _fill(each, given) for each in callback["inputs"]],
            "state": [_fill(each, given) for each in callback["state"]],
            "changedPropIds": [f"{button}.n_clicks"],
        }
    )
    assert answer.status_code == 200, answer.text
    changes: dict[str, Any] = (answer.json or {})["response"]
    return changes
