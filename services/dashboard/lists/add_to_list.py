"""Puts the selected rows of a list on the list of what is allowed, denied or watched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import Dash, Input, Output, State, ctx, html, no_update
from dash.development.base_component import Component

from dashboard.admin.entity_lists import LISTS, SAID, format_end
from dashboard.components.card import build_hint
from dashboard.components.controls import build_select
from dashboard.components.dates import build_day
from dashboard.errors import API_FAILURES, format_failure
from dashboard.lists.sorted_table import ALL
from dashboard.period import InvalidPeriodError
from dashboard.session import current_viewer
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.entity_lists import ListKind, ListName
from viral_contract.models.people import Scope
from viral_reports.figures import format_counted

AT_ONCE = 100
LABELS: Mapping[ListName, str] = {"allow": "Trust…", "deny": "Deny…", "watch": "Watch…"}
"""The buttons for rows of one kind."""
Chosen = tuple[Sequence[tuple[ListKind, str]], int]
"""What to put on a list, and how many rows remain."""
Choose = Callable[[MetricsApi, Sequence[str], str | None], Chosen]
_log = structlog.get_logger()


def choose_rows(kind: ListKind, fetch_keys: Callable[[MetricsApi, str | None], tuple[Sequence[str], int]]) -> Choose:
    """Rows of one kind by their keys; `fetch_keys` gives the first that an address leaves, and how many follow."""

    def choose(api: MetricsApi, keys: Sequence[str], search: str | None) -> Chosen:
        is_whole = ALL in keys
        named, rest = fetch_keys(api, search) if is_whole else (keys[:AT_ONCE], max(0, len(keys) - AT_ONCE))
        return [(kind, key) for key in named], rest

    return choose


@dataclass(frozen=True)
class AddToList:
    """The action of a list; `choose` says what the selected rows are about, `labels` has a button for each list."""

    slug: str
    nouns: tuple[str, str]
    choose: Choose
    labels: Mapping[ListName, str]

    def build(self) -> list[Component]:
        """The buttons in the bar of selected rows, for admins, and the form that they open."""
        buttons = [
            html.Button(label, id=f"{self.slug}-add-{name}", className="button button-small", type="button")
            for name, label in self.labels.items()
        ]
        form = [
            build_hint("Allow comes before deny, deny before the rules."),
            build_select(f"{self.slug}-add-list", "List", LISTS),
            dmc.TextInput(id=f"{self.slug}-add-reason", label="Reason", placeholder="Lakeside School"),
            build_day(f"{self.slug}-add-until", "Last day (UTC)", "No end date"),
            html.P(id=f"{self.slug}-add-problem", className="run-reason", role="alert"),
            html.Button("Add to list", id=f"{self.slug}-add-save", className="button button-primary"),
        ]
        window = dmc.Modal(
            html.Div(form, className="stack"),
            id=f"{self.slug}-add-form",
            title="Add to list",
            opened=False,
            closeButtonProps={"aria-label": "Close"},
            transitionProps={"duration": 0},
            className="form-window",
        )
        return [html.Span(buttons, id=f"{self.slug}-adds", className="bulk-part", hidden=True), window]

    def add_callbacks(self, app: Dash, views: SharedViews) -> None:
        """Show the buttons to admins, open the form, and save it."""
        app.callback(Output(f"{self.slug}-adds", "hidden"), Input(f"{self.slug}-selected", "data"))(
            lambda _keys: not current_viewer().may(Scope.ADMIN)
        )
        app.callback(
            Output(f"{self.slug}-add-form", "opened"),
            Output(f"{self.slug}-add-list", "value"),
            {name: Input(f"{self.slug}-add-{name}", "n_clicks") for name in self.labels},
            prevent_initial_call=True,
        )(self.open)
        app.callback(
            output={
                "said": Output(f"{self.slug}-said", "children"),
                "problem": Output(f"{self.slug}-add-problem", "children"),
                "opened": Output(f"{self.slug}-add-form", "opened", allow_duplicate=True),
                "reason": Output(f"{self.slug}-add-reason", "value"),
            },
            inputs={
                "_presses": Input(f"{self.slug}-add-save", "n_clicks"),
                "keys": State(f"{self.slug}-selected", "data"),
                "name": State(f"{self.slug}-add-list", "value"),
                "reason": State(f"{self.slug}-add-reason", "value"),
                "until": State(f"{self.slug}-add-until", "value"),
                "search": State("url", "search"),
            },
            prevent_initial_call=True,
        )(lambda _presses, **given: self.save(views.api_of_viewer(), **given))

    def open(self, **presses: int | None) -> tuple[Any, Any]:
        """The form, with the list of the button that was pressed."""
        pressed = str(ctx.triggered_id).rpartition("-")[2]
        return (True, pressed) if any(presses.values()) and pressed in LISTS else (no_update, no_update)

    def save(
        self,
        api: MetricsApi,
        *,
        keys: list[str] | None,
        name: ListName,
        reason: str | None,
        until: str | None,
        search: str | None,
    ) -> dict[str, Any]:
        """Put the rows on the list; a refusal is explained and leaves the form as it is."""
        if not reason or not reason.strip():
            return self._refuse("Enter a reason.")
        saved: list[str] = []
        try:
            chosen, rest = self.choose(api, keys or [], search)
            for kind, key in chosen:
                api.save_list_entry(name, kind, key, reason=reason.strip(), expires_at=format_end(until))
                saved.append(key)
        except InvalidPeriodError as error:
            return self._refuse(f"Nothing was changed: {error}.")
        except API_FAILURES as error:
            _log.warning("add_to_list_failed", reason=type(error).__name__)
            before = f"{self._count(len(saved))} added before it failed. " if saved else ""
            return self._refuse(before + format_failure(error))
        more = f" {AT_ONCE} at a time; {rest} remain." if rest else ""
        verb = "is" if len(saved) == 1 else "are"
        said = f"{self._count(len(saved))} {verb} now {SAID[name]}.{more}"
        return {"said": said, "problem": "", "opened": False, "reason": ""}

    def _count(self, number: int) -> str:
        return format_counted(number, *self.nouns)

    def _refuse(self, problem: str) -> dict[str, Any]:
        return {"said": no_update, "problem": problem, "opened": no_update, "reason": no_update}
