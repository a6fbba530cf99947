"""What a draft would change: its finding in one sentence, the figures, the lists, and the days."""

from collections.abc import Sequence
from typing import Any, Literal

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.strip import build_strip
from dashboard.components.table import Column, RowGroup, build_grouped_table, build_suspect
from viral_contract.models.drafts import Difference, DraftAnswer, DraftDay, ReplayedEntity, ReplayedKind, VerdictSplit
from viral_contract.models.investigations import EntityKind
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_count, format_k, format_points

Tone = Literal["good", "warning", "neutral"]
DailyFigure = Literal["health_score", "k_factor_clean"]
_INVESTIGATED: dict[ReplayedKind, EntityKind] = {"network": "ip_address", "device": "device", "referrer": "referrer"}
_PEAKS: dict[ReplayedKind, str] = {
    "network": "{:.0f} clicks in a day",
    "device": "{:.2f} s for a burst",
    "referrer": "{:.0f} conversions in a day",
}
_COLUMNS = (Column("Who or what"), Column("Kind", is_minor=True), Column("Peak", is_figure=True), Column("Verdict"))


def find_finding(answer: DraftAnswer) -> tuple[str, Tone]:
    """What the draft means for what people have judged, and whether that is good."""
    dropped, kept = answer.no_longer_flagged.by_verdict, answer.unchanged.by_verdict
    fraud, legitimate = dropped.fraud + kept.fraud, dropped.legitimate + kept.legitimate
    if answer.is_live:
        return "The live settings are those of this draft.", "neutral"
    if not fraud + legitimate:
        new, gone = answer.newly_flagged.count, answer.no_longer_flagged.count
        return f"{new} would be newly flagged, {gone} no longer. None of them has a verdict yet.", "neutral"
    if dropped.fraud:
        return f"This draft loses {dropped.fraud} of {fraud} judged fraud.", "warning"
    keeps = f"This draft keeps all {fraud} judged fraud" if fraud else "This draft loses nothing judged fraud"
    return f"{keeps} and drops {dropped.legitimate} of the {legitimate} judged legitimate.", "good"


def build_finding(answer: DraftAnswer) -> Component:
    """The finding, with its tone by more than color."""
    text, tone = find_finding(answer)
    icon = html.Span(className=f"icon icon-{'check' if tone == 'good' else 'info'}", **{"aria-hidden": "true"})
    return html.P([icon, html.Strong(text)], className=f"draft-finding draft-finding-{tone}")


def build_figures(answer: DraftAnswer) -> Component:
    """Who is flagged and who is no longer, alerts and cases, side by side."""
    parts = [
        ("Newly flagged", answer.newly_flagged.count, format_split(answer.newly_flagged.by_verdict)),
        ("No longer flagged", answer.no_longer_flagged.count, format_split(answer.no_longer_flagged.by_verdict)),
        ("Unchanged", answer.unchanged.count, format_split(answer.unchanged.by_verdict)),
        ("Alerts", len(answer.alerts), f"instead of {len(answer.live_alerts)}"),
        ("Cases a week", round(answer.cases_per_week, 1), f"instead of {answer.live_cases_per_week:.3g}"),
    ]
    return build_strip(*((label, f"{value:g}", note) for label, value, note in parts))


def format_split(split: VerdictSplit) -> str:
    """Verdicts in words: "9 fraud · 1 legitimate · 3 no verdict"."""
    counted = {"fraud": split.fraud, "legitimate": split.legitimate, "unsure": split.unsure, "no verdict": split.none}
    return " · ".join(f"{number} {name}" for name, number in counted.items() if number) or "Nobody"


def build_lists(answer: DraftAnswer, search: str) -> list[Component]:
    """Everyone whose flag would change, and those whose would not, each with the way to its investigation."""
    groups = {
        "No longer flagged": answer.no_longer_flagged,
        "Newly flagged": answer.newly_flagged,
        "Unchanged": answer.unchanged,
    }
    shown = [_build_group(name, each, search) for name, each in groups.items() if each.count]
    if not shown:
        return [html.P("Nobody is flagged, live or by the draft.", className="nothing")]
    return [build_grouped_table("What would change", _COLUMNS, shown)]


def _build_group(name: str, difference: Difference, search: str) -> RowGroup:
    left_out = difference.count - len(difference.first)
    more = f" · {format_count(left_out)} more not shown" if left_out else ""
    rows = [_build_entity(entity, search) for entity in difference.first]
    return RowGroup([f"{name} {format_count(difference.count)}{more}"], rows)


def _build_entity(entity: ReplayedEntity, search: str) -> list[Component | str]:
    who = build_suspect(
        _INVESTIGATED[entity.kind], entity.entity, entity.ref or entity.entity, search, alias=entity.alias
    )
    peak = "Rate only" if entity.peak is None else _PEAKS[entity.kind].format(entity.peak)
    return [who, entity.kind.capitalize(), peak, (entity.verdict or "No verdict").capitalize()]


def build_days(days: Sequence[DraftDay], what: DailyFigure, caption: str) -> list[Component]:
    """Two lines, draft and live, and the same as a table for screen readers."""
    if not days:
        return [html.P("No day is replayed yet.", className="nothing")]
    write = format_points if what == "health_score" else format_k
    points = [(day.date, getattr(day, what), getattr(day, f"live_{what}")) for day in days]
    day, draft, live = points[-1]
    last = f"{format_day_of_year(day)}: {write(draft)}, {'as live' if draft == live else f'live {write(live)}'}"
    rows = [(format_day_of_year(day), write(draft), write(live)) for day, draft, live in points]
    return [
        build_hint(f"{last}. Each point is the 7 days that end with it."),
        html.Div(_build_chart(points, what), className="history-chart", **{"aria-hidden": "true"}),
        _build_hidden_table(caption, rows),
    ]


def _build_chart(points: Sequence[tuple[Any, float, float]], what: str) -> Component:
    domain = {"domain": [0, 100]} if what == "health_score" else {}
    return dmc.LineChart(
        h=200,
        data=[
            {"day": format_day_of_year(day), "Draft": round(draft, 3), "Live": round(live, 3)}
            for day, draft, live in points
        ],
        dataKey="day",
        series=[
            {"name": "Draft", "color": "accent"},
            {"name": "Live", "color": "var(--outline)", "strokeDasharray": "5 4"},
        ],
        curveType="linear",
        withDots=len(points) == 1,
        withLegend=True,
        gridAxis="x",
        tickLine="none",
        yAxisProps={"width": 34, **domain},
        xAxisProps={"minTickGap": 32},
    )


def _build_hidden_table(caption: str, rows: Sequence[tuple[str, str, str]]) -> Component:
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in ("Date", "Draft", "Live")]))
    body = [html.Tr([html.Th(day, scope="row"), html.Td(draft), html.Td(live)]) for day, draft, live in rows]
    return html.Div(html.Table([html.Caption(caption), head, html.Tbody(body)]), className="visually-hidden")
