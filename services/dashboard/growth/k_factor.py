"""K-Factor: how many new users each inviting user brings, with and without what the guardrails flag."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_kpis
from dashboard.components.trend import build_trend, build_uncompared, format_interval, format_unfinished
from dashboard.data import GrowthSnapshot
from viral_contract.models.growth import KFactorAnswer
from viral_reports.dates import format_period
from viral_reports.figures import format_count, format_counted, format_distance_to_viral, format_k, format_signed

_VIRAL = 1


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The number, how sure it is, and what is left of it without flagged traffic."""
    answer = snapshot.k_factor
    if not answer.total_invites:
        return [html.P("No invites in this period, so there is no K-factor.", className="nothing")]
    if answer.is_partial and not answer.active_users:
        return [html.P("Only totals are kept for this period, so the K-factor is not available.", className="nothing")]
    return [
        html.P(
            [html.Span(format_k(answer.k_factor), className="k-number"), *_build_trend(snapshot)],
            className="k-line",
        ),
        build_hint(format_interval(answer.k_factor_interval) + _format_previously(snapshot)),
        *([build_hint(format_unfinished(answer))] if snapshot.compares and not answer.is_over else []),
        build_kpis(
            (format_k(answer.k_factor), "All conversions"),
            (format_k(answer.k_factor_clean), "K clean"),
            (format_count(answer.removed_conversions), "Conversions removed"),
        ),
        build_hint("K clean excludes conversions from flagged IP addresses, devices and referrers."),
        build_hint(_format_sum(answer)),
        build_hint(_format_distance(answer.k_factor)),
    ]


def _build_trend(snapshot: GrowthSnapshot) -> list[Component]:
    change = snapshot.k_factor.change
    if not snapshot.compares:
        return []
    if change is None:
        return [build_uncompared()]
    return [build_trend(change.verdict, f"Honest change {format_signed(change.honest, decimals=2)}")]


def _format_previously(snapshot: GrowthSnapshot) -> str:
    return f" · previously {_format_before(snapshot.k_factor)}" if snapshot.compares else ""


def _format_before(answer: KFactorAnswer) -> str:
    if answer.previous.is_partial:
        return f"not available: only totals are kept for {format_period(answer.previous.period)}"
    return f"{format_k(answer.previous.k_factor)} in {format_period(answer.previous.period)}"


def _format_sum(answer: KFactorAnswer) -> str:
    return (
        f"{format_counted(answer.active_users, 'inviting user')} × {answer.avg_invites_per_user:.2f} invites each "
        f"× {answer.conversions_per_invite:.2f} conversions per invite"
    )


def _format_distance(k_factor: float) -> str:
    if k_factor >= _VIRAL:
        return "At 1 or above, growth is self-sustaining: each inviting user brings in at least one more."
    return f"{format_distance_to_viral(k_factor)} below 1, the level of self-sustaining growth."


CARD = Card("k-factor", "K-factor", 250, build_body)
