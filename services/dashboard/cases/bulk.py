"""The buttons that decide several cases at once: those of the selected rows of a list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.cases.deciding import build_toast
from dashboard.cases.words import VERDICTS
from dashboard.errors import API_FAILURES, format_failure
from dashboard.period import InvalidPeriodError
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi

_log = structlog.get_logger()


def build_bulk_verdicts() -> list[Component]:
    """The buttons in the bar of selected rows; assets/cases.js opens the form for the open cases of these rows."""
    return [
        html.Button(
            [word, html.Kbd(word[0])],
            className=f"button button-small{' button-danger' if verdict == 'fraud' else ''}",
            type="button",
            **{"data-bulk": verdict},
        )
        for verdict, word in VERDICTS.items()
    ]


@dataclass(frozen=True)
class VerdictsOnAll:
    """Decides what no page shows whole: the first open cases among the rows that the address leaves."""

    slug: str
    fetch_open: Callable[[MetricsApi, str | None], Sequence[int]]

    def build(self) -> Component:
        """Where the browser says that all rows are meant."""
        return dcc.Store(id=f"{self.slug}-bulk")

    def add_callbacks(self, app: Dash, views: SharedViews) -> None:
        """Find the cases, and open the form for them."""

        def ask(bulk: dict[str, Any] | None, search: str | None) -> tuple[Any, Any]:
            return self.ask(views.api_of_viewer(), bulk, search) if bulk else (no_update, no_update)

        app.callback(
            Output("verdict-asked", "data", allow_duplicate=True),
            Output("verdict-toast", "children", allow_duplicate=True),
            Input(f"{self.slug}-bulk", "data"),
            State("url", "search"),
            prevent_initial_call=True,
        )(ask)

    def ask(self, api: MetricsApi, bulk: dict[str, Any], search: str | None) -> tuple[Any, Any]:
        """What to ask about which cases, or why there is nothing to ask."""
        try:
            ids = list(self.fetch_open(api, search))
        except (InvalidPeriodError, *API_FAILURES) as error:
            _log.warning("open_cases_failed", reason=type(error).__name__)
            said = f"{error}." if isinstance(error, InvalidPeriodError) else format_failure(error)
            return no_update, [build_toast(said, None, str(bulk["n"]))]
        if not ids:
            return no_update, [build_toast("None of these rows has an open case.", None, str(bulk["n"]))]
        return {"ids": ids, "verdict": bulk["verdict"], "reason": "", "change": False, "n": bulk["n"]}, no_update
