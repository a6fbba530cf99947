"""Cohorts: of the users who signed up in a week, how many were seen again in the weeks after."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.data import GrowthSnapshot
from dashboard.formats import format_percent
from viral_contract.models.growth import Cohort
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_count


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The heat map, which is a table."""
    cohorts = skip_empty_start(snapshot.cohorts.cohorts)
    if not cohorts:
        return [html.P(f"No signups in the last {snapshot.cohorts.weeks} weeks", className="nothing")]
    return [
        build_hint(f"Share of each week's signups who came back, last {snapshot.cohorts.weeks} weeks"),
        _build_heat_map(cohorts),
    ]


def skip_empty_start(cohorts: list[Cohort]) -> list[Cohort]:
    """The cohorts from the first one with users on."""
    first = next((at for at, cohort in enumerate(cohorts) if cohort.users), len(cohorts))
    return cohorts[first:]


def _build_heat_map(cohorts: list[Cohort]) -> Component:
    width = max(_count_elapsed(cohort) for cohort in cohorts)
    names = ["Signup week", "Users", *(f"W{week}" for week in range(width))]
    head = html.Thead(html.Tr([html.Th(name, scope="col") for name in names]))
    rows = [_build_row(cohort, width) for cohort in cohorts]
    caption = html.Caption("Share of each week's signups active in each following week", className="visually-hidden")
    table = html.Table([caption, head, html.Tbody(rows)], className="heat-map")
    # Wider than a phone, so that the keyboard must be able to move it.
    named = {"aria-label": "Retention by signup week"}
    return html.Div(table, className="table-frame", tabIndex="0", role="group", **named)


def _count_elapsed(cohort: Cohort) -> int:
    return sum(share is not None for share in cohort.retention)


def _build_row(cohort: Cohort, width: int) -> Component:
    shares = [*cohort.retention[:width], *[None] * (width - len(cohort.retention))]
    return html.Tr(
        [
            html.Th(format_day_of_year(cohort.week_start), scope="row", title=cohort.week),
            html.Td(format_count(cohort.users)),
            *[_build_cell(share, "heat" if week else "heat-start") for week, share in enumerate(shares)],
        ]
    )


def _build_cell(share: float | None, class_name: str) -> Component:
    """A week that is not over has no share yet and stays blank."""
    if share is None:
        return html.Td()
    return html.Td(format_percent(round(share, 2)), className=class_name, style={"--share": f"{share:.3f}"})


CARD = Card("cohorts", "Retention by signup week", 300, build_body, filters=("source",))
