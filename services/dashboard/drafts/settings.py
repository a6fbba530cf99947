"""Names and values of thresholds, as people read them."""

from dashboard.formats import format_number, format_percent
from dashboard.guardrails.thresholds import KNOBS

_LABELS = {knob.name: knob.label for knob in KNOBS}
RATES = ("conversion_anomaly_threshold", "coppa_compliance_target", "alert_opt_out_rate")


def name_setting(name: str) -> str:
    """The label of a threshold, or else its name with spaces."""
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


def format_value(name: str, value: float | str) -> str:
    """A threshold's value; rates are percentages."""
    if isinstance(value, str):
        return value.replace("_", " ")
    return format_percent(value) if name in RATES else format_number(value)


def format_change(name: str, value: float | str) -> str:
    """A threshold with its value: `Clicks per IP per day 15`."""
    return f"{name_setting(name)} {format_value(name, value)}"
