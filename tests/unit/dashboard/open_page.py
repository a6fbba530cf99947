"""An open guardrails page, without a browser."""

from typing import Any

from tests.unit.dashboard.conftest import Browser


class Page:
    """An open page: sends the refresh callback as the renderer does, and keeps what it shows."""

    def __init__(self, browser: Browser, who: str) -> None:
        self._browser = browser
        self.shown: Any = None
        browser.resume(who)
        dependencies = browser.get("/_dash-dependencies").json
        assert isinstance(dependencies, list)
        self._callback = next(each for each in dependencies if "guardrails-summary.children" in each["output"])

    def refresh(self, search: str = "?days=7") -> dict[str, dict[str, Any]]:
        """The changed properties by component id."""
        answer = self._browser.call(self.build_call(search))
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        changes: dict[str, dict[str, Any]] = answer.json["response"]
        self.shown = changes.get("guardrails-shown", {"data": self.shown})["data"]
        return changes

    def build_call(self, search: str) -> dict[str, Any]:
        """What the renderer sends for a refresh."""
        values = {"guardrails-tick.data": 1, "url.search": search, "guardrails-shown.data": self.shown}
        return {
            "output": self._callback["output"],
            "outputs": [_split(each) for each in self._callback["output"].strip(".").split("...")],
            "inputs": [_with_value(each, values) for each in self._callback["inputs"]],
            "state": [_with_value(each, values) for each in self._callback["state"]],
            "changedPropIds": ["guardrails-tick.data"],
        }


def _split(output: str) -> dict[str, str]:
    component, _, name = output.rpartition(".")
    return {"id": component, "property": name}


def _with_value(argument: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    return {**argument, "value": values[f"{argument['id']}.{argument['property']}"]}
