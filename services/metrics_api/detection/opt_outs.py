"""Opt-out rates: how much of what was shared nobody has opened."""

from collections.abc import Mapping

from sqlalchemy import Connection

from metrics_api.detection.content_totals import ContentTotals, fetch_content_totals
from metrics_api.detection.context import Reading
from viral_contract.models.guardrails import LinkOptOut, OptOutAnswer, ShareOptOut, StudySessionTotals

_NOTHING = ContentTotals()


def fetch_opt_outs(connection: Connection, reading: Reading) -> OptOutAnswer:
    """The rates of what was created in the period, by views and clicks as of now."""
    return format_opt_outs(fetch_content_totals(connection, reading.period), reading)


def format_opt_outs(totals: Mapping[str, ContentTotals], reading: Reading) -> OptOutAnswer:
    """The answer for these totals by kind."""
    shares, links, sessions = (totals.get(kind, _NOTHING) for kind in ("parent_share", "link", "study_session"))
    return OptOutAnswer(
        period=reading.period,
        computed_at=reading.now,
        thresholds=reading.used("alert_opt_out_rate"),
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
