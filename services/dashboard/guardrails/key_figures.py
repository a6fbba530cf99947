"""Key figures: how much people clicked, and how much of the clicks and conversions is flagged."""

from dash.development.base_component import Component

from dashboard.components.card import Card, build_no_data, build_not_kept
from dashboard.components.strip import build_strip
from dashboard.components.terms import build_term
from dashboard.data import Snapshot
from dashboard.formats import format_percent
from dashboard.traffic.kinds import count_clicks, count_filtered
from viral_contract.models.guardrails import CoppaAnswer, HealthAnswer
from viral_reports.figures import format_count, format_counted, format_rate, format_rate_against


def build_body(snapshot: Snapshot) -> list[Component]:
    """The figures side by side; what is flagged is only known where its dates are kept."""
    health = snapshot.health
    if not health.has_data:
        return [build_no_data()]
    if health.is_partial:
        return [build_not_kept()]
    clicks, filtered = count_clicks(snapshot.traffic), count_filtered(snapshot.traffic)
    share, found = health.flagged_share, health.components
    return [
        build_strip(
            (
                build_term("people", "Clicks of people"),
                format_count(clicks - filtered),
                f"{format_count(filtered)} others filtered",
            ),
            ("Clicks flagged", format_rate(share.clicks), format_counted(found.fraud.total_flagged_ips, "network")),
            ("Conversions flagged", format_rate(share.conversions), _format_left_out(health)),
            ("COPPA Compliance", *_format_compliance(found.coppa)),
            look="strip",
        )
    ]


def _format_left_out(health: HealthAnswer) -> str:
    return "left out of K clean" if health.flagged_share.conversions else "none left out of K clean"


def _format_compliance(coppa: CoppaAnswer) -> tuple[str, str]:
    if not coppa.parent_shares.total_checked + coppa.progress_reels.total_checked:
        return "–", "nothing checked"
    rate = format_rate_against(coppa.overall_compliance_rate, coppa.target_rate)
    return rate, f"target {format_percent(coppa.target_rate)}: {'met' if coppa.target_met else 'missed'}"


CARD = Card("key-figures", "Key figures", 60, build_body)
