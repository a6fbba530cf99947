"""The settings of a draft, changed in place: live value beside the draft's, and a replay with what was entered."""

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
import structlog
from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.drafts.settings import RATES, format_value
from dashboard.errors import API_FAILURES, format_failure
from dashboard.formats import format_number
from dashboard.guardrails.thresholds import KNOBS, Knob
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.drafts import DraftRequest

# Those that people try most are always there.
_USUAL = (
    "fraud_ip_click_threshold",
    "bot_rapid_click_threshold",
    "bot_rapid_click_window_seconds",
    "conversion_anomaly_threshold",
)
_PERCENT = 100
_log = structlog.get_logger()


def build_settings_card() -> Component:
    """Every threshold, of which those that are neither usual nor changed are hidden until they are added."""
    others = [{"value": knob.name, "label": knob.label} for knob in KNOBS if knob.name not in _USUAL]
    add = dmc.Select(
        id="draft-add",
        data=others,
        placeholder="Add a setting",
        searchable=True,
        w=240,
        className="draft-add",
        **{"aria-label": "Setting"},
    )
    heads = html.Div([html.Span("Setting"), html.Span("Live"), html.Span("Draft")], className="draft-setting-heads")
    buttons = [
        html.Button("Save and replay", id="draft-save", className="button button-primary", type="button"),
        html.Button("Reset to live", id="draft-reset", className="button", type="button"),
    ]
    return html.Section(
        [
            html.H2("Settings", id="draft-settings-heading", className="card-heading"),
            build_hint("An empty field stays as it is live."),
            heads,
            *(_build_row(knob) for knob in KNOBS),
            add,
            html.Div(buttons, id="draft-edit", className="verdict-actions", hidden=True),
        ],
        className="card card-draft-settings",
        **{"aria-labelledby": "draft-settings-heading"},
    )


def _build_row(knob: Knob) -> Component:
    field = dmc.NumberInput(
        id=f"draft-set-{knob.name}",
        step=knob.step * _PERCENT if knob.name in RATES else knob.step,
        suffix="%" if knob.name in RATES else "",
        clampBehavior="none",
        hideControls=True,
        **{"aria-label": knob.label},
    )
    return html.Div(
        [html.Span(knob.label), html.Span("–", id=f"draft-live-{knob.name}", className="figure"), field],
        id=f"draft-row-{knob.name}",
        className="draft-setting",
        hidden=knob.name not in _USUAL,
    )


def add_editing(app: Dash, views: SharedViews) -> None:
    """Fill the fields in when a draft is loaded, and save them."""
    fields = {knob.name: f"draft-set-{knob.name}" for knob in KNOBS}
    filled: dict[str, Any] = {
        "values": {name: Output(field, "value") for name, field in fields.items()},
        "live": {name: Output(f"draft-live-{name}", "children") for name in fields},
        "hidden": {name: Output(f"draft-row-{name}", "hidden") for name in fields},
        "looks": {name: Output(f"draft-row-{name}", "className") for name in fields},
    }
    app.callback(output=filled, inputs={"loaded": Input("draft-loaded", "data")}, prevent_initial_call=True)(fill)

    def save_pressed(presses: int | None, loaded: dict[str, Any] | None, given: dict[str, Any]) -> dict[str, Any]:
        if not presses or not loaded:
            return {"said": no_update, "errors": dict.fromkeys(fields, no_update)}
        return save(views.api_of_viewer(), loaded, given)

    app.callback(
        output={
            "said": Output("draft-said", "children", allow_duplicate=True),
            "errors": {name: Output(field, "error") for name, field in fields.items()},
        },
        inputs={
            "presses": Input("draft-save", "n_clicks"),
            "loaded": State("draft-loaded", "data"),
            "given": {name: State(field, "value") for name, field in fields.items()},
        },
        running=[(Output("draft-save", "disabled"), True, False)],
        prevent_initial_call=True,
    )(save_pressed)
    app.clientside_callback(
        ClientsideFunction("drafts", "addSetting"), Output("draft-add", "value"), Input("draft-add", "value")
    )
    app.clientside_callback(
        ClientsideFunction("drafts", "reset"), Input("draft-reset", "n_clicks"), State("draft-loaded", "data")
    )


def fill(loaded: dict[str, Any] | None) -> dict[str, Any]:
    """What the fields show of a draft."""
    settings, live = (loaded or {}).get("settings", {}), (loaded or {}).get("live", {})
    names = [knob.name for knob in KNOBS]
    return {
        "values": {name: _show(name, settings.get(name)) for name in names},
        "live": {name: format_value(name, live[name]) if name in live else "–" for name in names},
        "hidden": {name: name not in _USUAL and name not in settings for name in names},
        "looks": {
            name: "draft-setting draft-setting-changed" if name in settings else "draft-setting" for name in names
        },
    }


def _show(name: str, value: float | None) -> float | str:
    if value is None:
        return ""
    return round(value * _PERCENT, 6) if name in RATES else value


def save(api: MetricsApi, loaded: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Change the draft, which is replayed again; what is out of range is said at its field."""
    values = {name: _read(name, value) for name, value in given.items() if value not in (None, "")}
    errors = {name: _find_error(name, values.get(name)) for name in given}
    if any(errors.values()):
        return {"said": "Nothing was changed.", "errors": errors}
    settings = {name: value for name, value in values.items() if value != loaded["live"].get(name)}
    request = {name: loaded[name] for name in ("name", "start", "end", "shadow")}
    try:
        api.change_draft(loaded["id"], DraftRequest.model_validate({**request, "settings": settings}))
    except API_FAILURES as error:
        _log.warning("draft_change_failed", reason=type(error).__name__)
        return {"said": format_failure(error), "errors": errors}
    return {"said": "Saved. The draft is replayed with these settings.", "errors": errors}


def _read(name: str, value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    number = round(number / _PERCENT, 8) if name in RATES else number
    return int(number) if number.is_integer() else number


def _find_error(name: str, value: float | None) -> str:
    """Why a value cannot be tried; "" for one that can."""
    low, high = _LIMITS[name]
    factor = _PERCENT if name in RATES else 1
    if value is None:
        return ""
    if value < low:
        return f"At least {format_number(low * factor)}"
    return f"At most {format_number(high * factor)}" if value > high else ""


_LIMITS = {knob.name: knob.limits for knob in KNOBS}
