"""Key figures: how much people clicked, what is flagged of clicks and conversions, and whether growth is real."""

from dash.development.base_component import Component

from dashboard.components.card import Card, build_no_data, build_not_kept
from dashboard.components.strip import build_strip
from dashboard.components.terms import build_term
from dashboard.data import Snapshot
from dashboard.formats import format_was
from dashboard.growth.cohort_weeks import format_figure
from dashboard.guardrails.coppa import format_compliance
from dashboard.traffic.kinds import count_clicks, count_filtered
from viral_contract.models.guardrails import CoppaAnswer, HealthAnswer
from viral_reports.figures import format_count, format_counted, format_rate


def build_body(snapshot: Snapshot) -> list[Component]:
    """The figures side by side; what is flagged is only known where its dates are kept."""
    health = snapshot.health
    if not health.has_data:
        return [build_no_data()]
    if health.is_partial:
        return [build_not_kept()]
    clicks, filtered = count_clicks(snapshot.traffic), count_filtered(snapshot.traffic)
    share, found, before = health.flagged_share, health.components, snapshot.before
    was = before.flagged_share if before else None
    return [
        build_strip(
            (
                build_term("people", "Clicks of people"),
                format_count(clicks - filtered),
                f"{format_count(filtered)} others filtered",
            ),
            (
                "Clicks flagged",
                format_rate(share.clicks),
                format_counted(found.fraud.total_flagged_ips, "network") + format_was(was.clicks if was else None),
            ),
            (
                "Conversions flagged",
                format_rate(share.conversions),
                _format_left_out(health) + format_was(was.conversions if was else None),
            ),
            ("COPPA Compliance", *_format_compliance(found.coppa, before)),
            (build_term("honest_k", "Honest K"), *format_figure(snapshot.cohort_k)),
            look="strip",
        )
    ]


def _format_left_out(health: HealthAnswer) -> str:
    return "left out of K clean" if health.flagged_share.conversions else "none left out of K clean"


def _format_compliance(coppa: CoppaAnswer, before: HealthAnswer | None) -> tuple[str, str]:
    compliance = format_compliance(coppa)
    was = format_compliance(before.components.coppa) if before else None
    note = f" · was {was[0]}" if was else ""
    return (compliance[0], f"target {compliance[1]}{note}") if compliance else ("–", "nothing checked")


CARD = Card("key-figures", "Key figures", 60, build_body)
