"""The form of the thresholds that can be tried: a number for the exact value, and a slider."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from viral_contract.models.thresholds import Overrides, Thresholds

ThresholdValues = Mapping[str, int | float]
ControlId = Callable[[str, str], dict[str, str]]


@dataclass(frozen=True)
class Knob:
    """A threshold by its name in the contract; `high` is where its slider ends short of the contract's range."""

    name: str
    label: str
    step: float
    high: float | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest value that a request may try."""
        [number] = [option for option in _SCHEMA[self.name]["anyOf"] if "minimum" in option]
        return number["minimum"], number["maximum"]

    @property
    def purpose(self) -> str:
        """What the threshold does, and what changing it does."""
        return Thresholds.model_fields[self.name].description or ""


_SCHEMA: dict[str, Any] = Overrides.model_json_schema()["properties"]
GROUPS: dict[str, tuple[Knob, ...]] = {
    "Fraud Detection": (Knob("fraud_ip_click_threshold", "Clicks per IP per day", 1, 100),),
    "Bot Detection": (
        Knob("bot_rapid_click_threshold", "Clicks per burst", 1),
        Knob("bot_rapid_click_window_seconds", "Burst window (seconds)", 1),
    ),
    "Conversion Anomalies": (
        Knob("conversion_anomaly_threshold", "Max. conversion rate", 0.01),
        Knob("conversion_anomaly_daily_threshold", "Conversions per day", 1, 100),
        Knob("conversion_anomaly_min_clicks", "Min. clicks to evaluate rate", 1, 50),
    ),
    "COPPA Compliance": (
        Knob("coppa_compliance_target", "Compliance target", 0.005),
        Knob("health_score_coppa_multiplier", "Points per percentage point below 100%", 0.01, 2),
    ),
    "Deductions": (
        Knob("health_score_fraud_deduction", "Points per flagged IP", 0.5, 10),
        Knob("health_score_bot_deduction", "Points per flagged device", 0.5, 10),
        Knob("health_score_fraud_share_points", "Points per % of clicks, flagged networks", 0.1, 10),
        Knob("health_score_bot_share_points", "Points per % of clicks, flagged devices", 0.1, 10),
        Knob("health_score_opt_out_multiplier", "Points at 100% opt-out", 1),
        Knob("health_score_fraud_max", "Max. fraud deduction", 1),
        Knob("health_score_bot_max", "Max. bot deduction", 1),
        Knob("health_score_opt_out_max", "Max. opt-out deduction", 1),
        Knob("health_score_coppa_max", "Max. COPPA deduction", 1),
    ),
    "Alerts": (
        Knob("alert_fraud_ips", "Alert above (flagged IPs)", 1, 50),
        Knob("alert_bot_devices", "Alert above (flagged devices)", 1, 50),
        Knob("alert_opt_out_rate", "Alert above (opt-out rate)", 0.01),
    ),
}
KNOBS: tuple[Knob, ...] = tuple(knob for group in GROUPS.values() for knob in group)


def build_thresholds(values: ThresholdValues, control_id: ControlId) -> list[Component]:
    """One section a group, showing `values`; `control_id` makes the id of a threshold's two parts."""
    return [
        html.Section(
            [
                html.H2(heading, className="card-heading"),
                html.Div([_build_knob(knob, values[knob.name], control_id) for knob in knobs], className="knobs"),
            ],
            className="card",
        )
        for heading, knobs in GROUPS.items()
    ]


def _build_knob(knob: Knob, value: float, control_id: ControlId) -> Component:
    low, high = knob.limits
    number = dmc.NumberInput(
        id=control_id(knob.name, "number"),
        label=knob.label,
        description=knob.purpose,
        value=value,
        min=low,
        max=high,
        step=knob.step,
        debounce=500,
        inputWrapperOrder=["label", "input", "description"],
        className="knob-number",
    )
    slider = dmc.Slider(
        id=control_id(knob.name, "slider"),
        value=value,
        min=low,
        max=knob.high or high,
        step=knob.step,
        size=4,
        thumbLabel=f"{knob.label}, slider",
        className="knob-slider",
    )
    return html.Div([number, slider], className="knob")
