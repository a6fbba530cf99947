"""What is lowering the score: a waterfall from 100 down to the score, one step a deduction."""

from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_no_data, build_not_kept
from dashboard.components.table import build_link_to_all
from dashboard.data import Snapshot
from dashboard.formats import format_deduction, format_number, format_percent
from dashboard.links import WHAT_IF_PATH
from viral_contract.models.guardrails import DeductionItem, HealthAnswer
from viral_reports.figures import format_count, format_counted, format_pct, format_points

_CARDS = {"fraud": "fraud", "bot_behavior": "bots", "opt_out_rate": "opt-outs", "coppa_violations": "coppa"}
# What a deduction by count is of, and the setting that weighs it; by share it is points for each percent of clicks.
_COUNTED = {
    "fraud": ("network", "health_score_fraud_deduction"),
    "bot_behavior": ("device", "health_score_bot_deduction"),
}
_WEIGHTS = {
    "fraud": "health_score_fraud_share_points",
    "bot_behavior": "health_score_bot_share_points",
    "opt_out_rate": "health_score_opt_out_multiplier",
    "coppa_violations": "health_score_coppa_multiplier",
}


@dataclass(frozen=True)
class Step:
    """A column of the waterfall: a bar from `low` to `high`, both 0 to 100; `card` says more about it."""

    kind: str
    label: str
    value: str
    low: float
    high: float
    notes: tuple[str, ...] = ()
    card: str | None = None


def build_body(snapshot: Snapshot) -> list[Component]:
    """The waterfall, or why there is none."""
    health = snapshot.health
    if not health.has_data:
        return [build_no_data()]
    if health.is_partial:
        return [build_not_kept()]
    return [
        build_hint("Each deduction is capped"),
        build_waterfall(format_steps(health, snapshot.before)),
        _build_hidden_table(health),
        *_build_largest(health),
        build_link_to_all("Try other thresholds", WHAT_IF_PATH + snapshot.search),
    ]


def format_steps(health: HealthAnswer, before: HealthAnswer | None = None) -> list[Step]:
    """The columns from 100 down to the score; the floor of 0 holds for each of them."""
    was = {item.name: (f"was {format_deduction(item.points)}",) for item in (before.deduction_items if before else ())}
    steps = [Step("start", "Start", "100", 0, 100)]
    level = 100.0
    for item in health.deduction_items:
        lower = max(level - item.points, 0)
        notes = (format_measure(item, health), f"max. {format_number(item.cap)}", *was.get(item.name, ()))
        kind = "deduction" if item.points else "none"
        points = format_deduction(item.points)
        steps.append(Step(kind, item.label, points, lower, level, notes, _CARDS[item.name]))
        level = lower
    score = health.health_score
    steps.append(Step("score", "Score", format_points(score), 0, score))
    return steps


def format_measure(item: DeductionItem, health: HealthAnswer) -> str:
    """What was measured and what it costs: "9 networks × 2", "30.0% × 20", or percent points "2.15 × 0.333"."""
    if health.basis == "count" and item.name in _COUNTED:
        noun, setting = _COUNTED[item.name]
        measured = format_counted(round(item.quantity), noun)
    else:
        setting = _WEIGHTS[item.name]
        measured = format_pct(item.quantity) if item.name == "opt_out_rate" else f"{item.quantity:.3g}"
    return f"{measured} × {float(health.thresholds[setting]):.3g}"


def format_largest(health: HealthAnswer) -> tuple[str, str] | None:
    """The largest deduction, and what is behind it in words; nothing where nothing was deducted."""
    largest = max(health.deduction_items, key=lambda item: item.points)
    if not largest.points:
        return None
    found = health.components
    networks = format_counted(found.fraud.total_flagged_ips, "flagged network")
    devices = format_counted(found.bots.total_flagged_devices, "device")
    behind = {
        "fraud": f"{networks} made {format_percent(health.flagged_share.clicks)} of all clicks of people.",
        "bot_behavior": f"{devices} clicked faster than people do.",
        "opt_out_rate": f"{format_pct(largest.quantity)} of parent shares and links were never opened.",
        "coppa_violations": f"{format_pct(largest.quantity)} of what was checked holds personal information.",
    }
    return f"{largest.label} cost{'' if largest.label.endswith('s') else 's'} most:", behind[largest.name]


def _build_largest(health: HealthAnswer) -> list[Component]:
    largest = format_largest(health)
    if largest is None:
        return []
    icon = html.Span(className="icon icon-info", **{"aria-hidden": "true"})
    return [html.P([icon, html.Span([html.Strong(largest[0]), f" {largest[1]}"])], className="largest-deduction")]


def build_waterfall(steps: list[Step]) -> Component:
    """The columns as HTML, each named by the link to its card; screen readers get the figures as a table."""
    return html.Div([_build_column(step) for step in steps], className="waterfall")


def _build_column(step: Step) -> Component:
    bar = html.Div(
        html.Span(step.value, className="waterfall-value"),
        className=f"waterfall-bar waterfall-{step.kind}",
        style={"bottom": f"{step.low:.2f}%", "height": f"{step.high - step.low:.2f}%"},
    )
    level = step.high if step.kind == "start" else step.low
    line = html.Div(className="waterfall-line", style={"bottom": f"{level:.2f}%"})
    plot = [bar] if step.kind == "score" else [bar, line]
    hidden = {"aria-hidden": "true"}
    label = html.A(step.label, href=f"#{step.card}-heading") if step.card else html.Span(step.label, **hidden)
    return html.Div(
        [
            html.Div(plot, className="waterfall-plot", **hidden),
            html.Div(label, className="waterfall-label"),
            html.Div([html.Span(note) for note in step.notes], className="waterfall-notes", **hidden),
        ],
        className="waterfall-column",
    )


def _build_hidden_table(health: HealthAnswer) -> Component:
    head = html.Tr([html.Th(name, scope="col") for name in ("Deduction", "Measured", "Formula", "Points", "Max.")])
    rows = [_build_hidden_row(item) for item in health.deduction_items]
    caption = f"Deductions from 100 to {format_points(health.health_score)}"
    table = html.Table([html.Caption(caption), html.Thead(head), html.Tbody(rows)])
    return html.Div(table, className="visually-hidden")


def _build_hidden_row(item: DeductionItem) -> Component:
    cells = [
        _format_quantity(item),
        item.formula,
        format_deduction(item.points),
        format_number(item.cap),
    ]
    return html.Tr([html.Th(item.label, scope="row"), *[html.Td(cell) for cell in cells]])


def _format_quantity(item: DeductionItem) -> str:
    blank = "" if item.unit.startswith("%") else " "
    return f"{format_count(item.quantity)}{blank}{item.unit}"


CARD = Card("deductions", "What is lowering the score", 236, build_body)
