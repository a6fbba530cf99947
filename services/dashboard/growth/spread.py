"""Spread: whether growth rests on many users or on a few, and what remains without the strongest."""

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.bars import build_bars
from dashboard.components.card import Card, build_hint
from dashboard.components.table import build_link_to_all
from dashboard.components.terms import build_term
from dashboard.data import GrowthSnapshot
from dashboard.formats import format_percent
from dashboard.growth.referrers import PATH
from dashboard.period import FILTERS
from viral_contract.models.growth import Interval
from viral_contract.models.spread import SpreadAnswer
from viral_reports.blocks import Bar
from viral_reports.figures import format_count, format_counted, format_k, format_rate

_FEWEST = 30
_DRAWN = {"brought": "Share of conversions", "even": "If all brought as many"}


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """From how few users half of the conversions come, the curve, and K without the strongest."""
    spread = snapshot.spread
    if spread.referrers < _FEWEST:
        few = f"{format_counted(spread.referrers, 'user')} invited in this period; {_FEWEST} are needed."
        return [html.P("Too few referrers to tell", className="change"), build_hint(few)]
    if not spread.curve:
        return [html.P("No conversions that count in this period", className="nothing")]
    return [
        html.P(
            f"Half of the conversions come from {format_counted(spread.half_from, 'user')}",
            className="change",
        ),
        build_hint(format_fragility(spread)),
        html.Div(_build_chart(spread), className="spread-chart", role="img", **{"aria-label": format_sentence(spread)}),
        _build_hidden_table(spread),
        build_bars(format_bars(spread)),
        html.Div(
            [_build_dispersion(spread), build_link_to_all("Strongest referrers", PATH + snapshot.search)],
            className="card-foot",
        ),
    ]


def format_fragility(spread: SpreadAnswer) -> str:
    """What the top users hold: K if they stopped."""
    top = spread.without_top[-1]
    return (
        f"Conversions per inviting user, flagged left out: {format_k(spread.mean)}. "
        f"If the strongest {top.share:.0%} stopped, it would be {format_k(top.k)}."
    )


def format_sentence(spread: SpreadAnswer) -> str:
    """The curve in one sentence."""
    return f"{format_percent(spread.half_from / spread.referrers)} of the inviting users bring half of the conversions"


def format_bars(spread: SpreadAnswer) -> list[Bar]:
    """K of all users, and without the strongest ones."""
    rows = [
        (f"All users, {format_count(spread.referrers)}", spread.mean),
        ("Without the strongest one", spread.without_strongest),
        *(
            (f"Without the top {top.share:.0%}, {format_counted(top.referrers, 'user')}", top.k)
            for top in spread.without_top
        ),
    ]
    return [
        Bar(name, format_k(k_factor), "", k_factor / spread.mean if spread.mean else 0, is_strong=not at)
        for at, (name, k_factor) in enumerate(rows)
    ]


def _build_chart(spread: SpreadAnswer) -> Component:
    half = 100 * spread.half_from / spread.referrers
    return dmc.CompositeChart(
        h=200,
        data=[
            {
                "users": each.referrers * 100,
                _DRAWN["brought"]: each.conversions * 100,
                _DRAWN["even"]: each.referrers * 100,
            }
            for each in spread.curve
        ],
        dataKey="users",
        series=[
            {"name": _DRAWN["brought"], "type": "area", "color": "accent"},
            {"name": _DRAWN["even"], "type": "line", "color": "var(--outline)", "strokeDasharray": "4 4"},
        ],
        referenceLines=[{"x": half, "color": "var(--outline)", "strokeDasharray": "3 3"}],
        curveType="linear",
        withDots=False,
        withTooltip=False,
        gridAxis="x",
        tickLine="none",
        unit="%",
        yAxisProps={"domain": [0, 100], "ticks": [0, 50, 100], "width": 44},
        xAxisProps={"type": "number", "domain": [0, 100], "ticks": [0, 20, 50, 100], "unit": "%"},
    )


def _build_hidden_table(spread: SpreadAnswer) -> Component:
    head = html.Tr([html.Th("Strongest users", scope="col"), html.Th("Share of conversions", scope="col")])
    step = max(1, len(spread.curve) // 20)
    rows = [
        html.Tr([html.Th(format_rate(each.referrers), scope="row"), html.Td(format_rate(each.conversions))])
        for each in spread.curve[1:][::step]
    ]
    caption = html.Caption("Share of conversions by the strongest users")
    return html.Div(html.Table([caption, html.Thead(head), html.Tbody(rows)]), className="visually-hidden")


def _build_dispersion(spread: SpreadAnswer) -> Component:
    term, interval = build_term("dispersion", "Dispersion k"), spread.interval
    if spread.dispersion_k is None or interval is None:
        return build_hint(term, " has no value: only chance tells the users apart")
    said = f" {spread.dispersion_k:.2f} ({interval.low:.2f}–{interval.high:.2f}): "
    return build_hint(term, said, _explain(interval))


def _explain(interval: Interval) -> str:
    if interval.high < 1:
        return "below 1 means a few users do most of the inviting"
    return "inviting is spread over many" if interval.low >= 1 else "not clear whether a few users do most of it"


CARD = Card("spread", "Spread", 480, build_body, filters=FILTERS)
