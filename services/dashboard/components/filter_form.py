"""A form of filters that live in the address of their page; a button, or Enter in a text, changes the address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dashboard.components.address_controls import control_id, show_address


@dataclass(frozen=True)
class FilterForm:
    """The filters of a page, with what each is where the address leaves it out; `texts` are those that take Enter."""

    page: str
    path: str
    defaults: Mapping[str, str | None]
    texts: Sequence[str]
    build_controls: Callable[[], list[Component]]

    def build(self) -> list[Component]:
        """The controls, the buttons that apply and clear them, and the place for what they have found."""
        show = html.Button("Apply filters", id=f"{self.page}-show", className="button button-primary")
        clear = dcc.Link("Clear filters", href=self.path, className="button")
        return [
            dcc.Store(id=f"{self.page}-defaults", data=dict(self.defaults)),
            html.Div(
                [*self.build_controls(), show, clear], className="filters", role="search", **{"aria-label": "Filter"}
            ),
            html.P(id=f"{self.page}-found", className="hint", role="status"),
        ]

    def add_callbacks(self, app: Dash) -> None:
        """Keep controls and address the same."""
        app.callback(
            Output("url", "search", allow_duplicate=True),
            inputs={
                "presses": Input(f"{self.page}-show", "n_clicks"),
                "enters": {name: Input(control_id(self.page, name), "n_submit") for name in self.texts},
                "given": {name: State(control_id(self.page, name), "value") for name in self.defaults},
            },
            prevent_initial_call=True,
        )(self.choose)
        show_address(app, self.page, f"{self.page}-defaults")

    def choose(self, presses: int | None, enters: Mapping[str, int | None], given: Mapping[str, str | None]) -> Any:
        """The address that the filters make; it stays as it is when they are drawn, which calls back, too."""
        return self.format(given) if presses or any(enters.values()) else no_update

    def format(self, given: Mapping[str, str | None]) -> str:
        """The filters as they stand in an address, without those that filter nothing."""
        named = {name: value.strip() for name, value in given.items() if value and value.strip()}
        chosen = {name: value for name, value in named.items() if value != self.defaults[name]}
        return f"?{urlencode(chosen)}" if chosen else ""

    def parse(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The filters among what the address names, without those that filter nothing."""
        defaults = self.defaults.items()
        return {name: wanted[name] for name, default in defaults if wanted.get(name) not in (None, "", default)}
