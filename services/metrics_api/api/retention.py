"""Says on answers what of their period is no longer kept."""

from metrics_api.api.context import current_context
from metrics_api.ingest.retention import fetch_kept
from viral_contract.models.growth import KFactorAnswer
from viral_contract.models.period import PeriodAnswer


def note_retention(answer: PeriodAnswer) -> None:
    """Note from which date on the answer is whole, where its period, or the one it compares with, begins before."""
    with current_context().database.read() as connection:
        kept = fetch_kept(connection)
    first = max(kept.events, kept.content)
    compares = isinstance(answer, KFactorAnswer)
    needed = answer.period.previous() if compares else answer.period
    if needed.start < first:
        answer.retained_from = first
