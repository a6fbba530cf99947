"""What is lowering the score: a waterfall from 100 down to the score, one step a deduction."""

from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_no_data, build_not_kept
from dashboard.components.table import build_link_to_all
from dashboard.data import Snapshot
from dashboard.formats import format_deduction, format_number
from dashboard.links import WHAT_IF_PATH
from viral_contract.models.guardrails import DeductionItem, HealthAnswer
from viral_reports.figures import format_count, format_points

_FIRST_EVENTS = """curl "$METRICS_API_URL/v1/events" \\
  -H "Authorization: Bearer $API_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"events": [{"event_type": "click",
       "ip_address": "203.0.113.7",
       "device_fingerprint": "device-1"}]}'"""


@dataclass(frozen=True)
class Step:
    """A column of the waterfall: a bar from `low` to `high`, both 0 to 100."""

    kind: str
    label: str
    note: str
    value: str
    low: float
    high: float


def build_body(snapshot: Snapshot) -> list[Component]:
    """The waterfall, or how to send the first events."""
    health = snapshot.health
    if not health.has_data:
        return _build_first_steps() if health.last_event_at is None else [build_no_data()]
    if health.is_partial:
        return [build_not_kept()]
    return [
        build_hint("Each deduction is capped"),
        build_waterfall(format_steps(health)),
        _build_hidden_table(health),
        build_link_to_all("Try other thresholds", WHAT_IF_PATH + snapshot.search),
    ]


def format_steps(health: HealthAnswer) -> list[Step]:
    """The columns from 100 down to the score; the floor of 0 holds for each of them."""
    steps = [Step("start", "Start", "", "100", 0, 100)]
    level = 100.0
    for item in health.deduction_items:
        lower = max(level - item.points, 0)
        note = f"max. {format_number(item.cap)}"
        kind = "deduction" if item.points else "none"
        steps.append(Step(kind, item.label, note, format_deduction(item.points), lower, level))
        level = lower
    score = health.health_score
    steps.append(Step("score", "Score", "", format_points(score), 0, score))
    return steps


def build_waterfall(steps: list[Step]) -> Component:
    """The columns as HTML; screen readers get the table instead."""
    columns = [_build_column(step) for step in steps]
    return html.Div(columns, className="waterfall", **{"aria-hidden": "true"})


def _build_column(step: Step) -> Component:
    bar = html.Div(
        html.Span(step.value, className="waterfall-value"),
        className=f"waterfall-bar waterfall-{step.kind}",
        style={"bottom": f"{step.low:.2f}%", "height": f"{step.high - step.low:.2f}%"},
    )
    level = step.high if step.kind == "start" else step.low
    line = html.Div(className="waterfall-line", style={"bottom": f"{level:.2f}%"})
    plot = [bar] if step.kind == "score" else [bar, line]
    return html.Div(
        [
            html.Div(plot, className="waterfall-plot"),
            html.Span(step.label, className="waterfall-label"),
            html.Span(step.note, className="waterfall-note"),
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


def _build_first_steps() -> list[Component]:
    return [
        build_hint("No events yet. Send your first event with a token that has the events:write scope:"),
        html.Pre(html.Code(_FIRST_EVENTS), className="example", tabIndex="0"),
        build_hint("Or import a file: ", html.Code("viral-engine import events.csv")),
    ]


CARD = Card("deductions", "What is lowering the score", 236, build_body)
