"""Opt-out rates: how much of what was shared nobody has opened."""

from collections.abc import Mapping

from sqlalchemy import Connection

from metrics_api.detection.content_totals import ContentTotals, fetch_content_totals
from metrics_api.detection.query import Query
from viral_contract.models.guardrails import LinkOptOut, OptOutAnswer, ShareOptOut, StudySessionTotals

_NOTHING = ContentTotals()


def fetch_opt_outs(connection: Connection, query: Query) -> OptOutAnswer:
    """The rates of what was created in the period, by views and clicks as of now."""
    return format_opt_outs(fetch_content_totals(connection, query.period), query)


def format_opt_outs(totals: Mapping[str, ContentTotals], query: Query) -> OptOutAnswer:
    """The answer for these totals by kind."""
    shares, links, sessions = (totals.get(kind, _NOTHING) for kind in ("parent_share", "link", "study_session"))
    return OptOutAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("alert_opt_out_rate"),
        parent_shares=ShareOptOut(
            total=shares.items, never_viewed=shares.unopened, opt_out_rate=_ratio(shares.unopened, shares.items)
        ),
        attribution_links=LinkOptOut(
            total=links.items, zero_clicks=links.unopened, opt_out_rate=_ratio(links.unopened, links.items)
        ),
        study_sessions=StudySessionTotals(
            total=sessions.items, avg_participants=_ratio(sessions.participants, sessions.items)
        ),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
