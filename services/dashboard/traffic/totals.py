"""The strip of figures on top: all clicks, those of people, and what was filtered."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card
from dashboard.components.strip import build_strip
from dashboard.formats import format_percent
from dashboard.traffic.kinds import count_clicks, count_filtered
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_reports.figures import format_count

_UNCLASSIFIED = (
    "Some clicks and visits of this period have no class yet: they count as people and are not in these figures. A "
    "batch classifies them; its progress is on the operations page."
)


def build_body(snapshot: TrafficSnapshot) -> list[Component]:
    """Four figures, each with what it means."""
    answer = snapshot.traffic
    clicks, filtered = count_clicks(answer), count_filtered(answer)
    unknown = sum(each.clicks for each in answer.classes if each.traffic_class == "unknown")
    people = clicks - filtered
    figures = [
        ("All click events", format_count(clicks), "stored"),
        (
            "Clicks of people",
            format_count(people),
            f"{format_count(people - unknown)} with, {format_count(unknown)} without a user agent",
        ),
        ("Filtered", format_count(filtered), "count nowhere"),
        ("Filtered share", format_percent(answer.filtered_share) if clicks else "–", "of all click events"),
    ]
    note = [] if answer.is_classified else [html.P(_UNCLASSIFIED, className="strip-note")]
    return [build_strip(*figures, look="strip"), *note]


CARD = Card("traffic-totals", "Totals", 72, build_body)
