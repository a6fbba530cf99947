"""Rule quality: how often people agreed with each rule, and what the rules find of planted fraud."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.cases.words import name_rule
from dashboard.components.bars import build_bars
from dashboard.components.card import build_hint
from dashboard.components.table import Column, build_wide_table
from dashboard.drafts.tabs import ABOVE, build_tabs
from dashboard.formats import format_percent
from dashboard.links import QUALITY_PATH
from dashboard.lists.page import build_page
from dashboard.lists.view import Drawn, ListPage, Wanted
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.growth import Interval
from viral_contract.models.people import Scope
from viral_contract.models.quality import PlantKind, Power, QualityAnswer, RuleQuality
from viral_reports.blocks import Bar
from viral_reports.dates import format_day

_COLUMNS = (
    Column("Rule"),
    Column("Judged", is_figure=True),
    Column("Fraud", is_figure=True),
    Column("Precision", is_figure=True),
    Column("95% interval", is_figure=True, is_minor=True),
)
_PLANTS: dict[PlantKind, tuple[str, str]] = {
    "farm": ("Farms", "A farm of {} devices"),
    "flood": ("Floods", "A flood of {} pairs"),
    "ring": ("Rings", "A ring of {} users"),
}


def draw(api: MetricsApi, _wanted: Wanted) -> Drawn:
    """Precision by rule, and the power meter by plant."""
    quality = api.fetch_quality()
    return {
        "tabs": [build_tabs(QUALITY_PATH)],
        "precision": _build_precision(quality.rules),
        "power": _build_power(quality),
    }


def _build_precision(rules: Sequence[RuleQuality]) -> list[Component]:
    if not rules:
        return [html.P("No cases yet. Precision is counted from the verdicts about them.", className="nothing")]
    rows: list[list[Component | str]] = [
        [
            name_rule(rule.rule),
            str(rule.decided),
            str(rule.fraud),
            "Not judged yet" if rule.precision is None else format_percent(rule.precision),
            format_interval(rule.interval),
        ]
        for rule in rules
    ]
    return [
        build_hint("Of the cases judged fraud or legitimate, the share judged fraud"),
        build_wide_table("Precision by rule", _COLUMNS, rows),
    ]


def format_interval(interval: Interval | None) -> str:
    """Where the true share lies; a dash where nothing is known."""
    return f"{format_percent(interval.low)} to {format_percent(interval.high)}" if interval else "–"


def _build_power(quality: QualityAnswer) -> list[Component]:
    if quality.power_date is None:
        return [html.P("Not measured yet. Each night, fraud is planted in a copy of the facts.", className="nothing")]
    about = f"Found of 20 planted each, in a copy of the facts of 8 weeks up to {format_day(quality.power_date)}"
    kinds = [part for kind in _PLANTS for part in _build_kind(kind, quality.power)]
    return [build_hint(about), *kinds]


def _build_kind(kind: PlantKind, power: Sequence[Power]) -> list[Component]:
    heading, label = _PLANTS[kind]
    bars = [
        Bar(label.format(each.size), format_percent(each.found_share), "", each.found_share)
        for each in power
        if each.plant == kind
    ]
    return [html.H3(heading, className="sub-heading"), build_bars(bars)]


LISTED = ListPage(
    path=QUALITY_PATH,
    slug="quality",
    title="Rule quality",
    about="How often people agreed with each rule, and how much fraud the rules would miss.",
    draw=draw,
    cards=(("tabs", "Rules"), ("precision", "Precision from verdicts"), ("power", "Power meter")),
    scope=Scope.METRICS_READ,
    above=ABOVE,
)
PAGE = build_page(LISTED)
