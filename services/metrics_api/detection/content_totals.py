"""What the facts say about the content of a period."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from viral_contract.models.period import Period

_TOTALS = text("""
    SELECT kind, sum(items)::bigint AS items, sum(unopened)::bigint AS unopened,
        sum(participants)::bigint AS participants, sum(checked)::bigint AS checked, sum(violating)::bigint AS violating
    FROM content_per_day WHERE day BETWEEN :start AND :end GROUP BY kind
""")


@dataclass(frozen=True)
class ContentTotals:
    """One kind's items that were created in a period, and how they stand now."""

    items: int = 0
    unopened: int = 0
    participants: int = 0
    checked: int = 0
    violating: int = 0


def fetch_content_totals(connection: Connection, period: Period) -> Mapping[str, ContentTotals]:
    """The totals of every kind that has any: link, parent_share, progress_reel, study_session."""
    rows = connection.execute(_TOTALS, {"start": period.start, "end": period.end})
    return {
        row.kind: ContentTotals(row.items, row.unopened, row.participants, row.checked, row.violating) for row in rows
    }
