"""Classes: what each of them is, and how much of it there was."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import Column, build_table
from dashboard.formats import format_minute
from dashboard.traffic.kinds import KindCount, build_named, count_kinds
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_contract.models.traffic import TrafficAnswer
from viral_reports.figures import format_count, format_rate

_COLUMNS = (
    Column("Class"),
    Column("What it is", is_minor=True),
    Column("Clicks", is_figure=True),
    Column("Visits", is_figure=True),
    Column("Share", is_figure=True),
)


def build_body(snapshot: TrafficSnapshot) -> list[Component]:
    """One row a class, people first."""
    rows = [_build_row(each) for each in count_kinds(snapshot.traffic)]
    return [
        build_hint(format_classifier(snapshot.traffic)),
        build_table("Clicks and visits by class; shares are of all clicks", _COLUMNS, rows),
    ]


def format_classifier(answer: TrafficAnswer) -> str:
    """By which classifier, and when stored events got their class from it."""
    again = f", reclassified {format_minute(answer.classified_at)} UTC" if answer.classified_at else ""
    return f"Fixed when the event is stored · classifier {answer.classifier_version}{again}"


def _build_row(each: KindCount) -> tuple[Component | str, ...]:
    return (
        build_named(each.kind),
        html.Span(each.kind.hint, className="kind-hint"),
        format_count(each.clicks),
        format_count(each.visits),
        format_rate(each.share),
    )


CARD = Card("traffic-classes", "Classes", 240, build_body)
