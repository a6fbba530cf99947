"""Says on answers what of their period is no longer retained."""

from metrics_api.api.context import current_context
from metrics_api.ingest.retention import fetch_retained
from viral_contract.models.growth import KFactorAnswer
from viral_contract.models.period import PeriodAnswer


def note_retention(answer: PeriodAnswer) -> None:
    """Note from which date on the answer is whole, where its period, or the one it compares with, begins before."""
    with current_context().database.read() as connection:
        retained = fetch_retained(connection)
    first = max(retained.events, retained.content)
    compares = isinstance(answer, KFactorAnswer)
    needed = answer.period.previous() if compares else answer.period
    if needed.start < first:
        answer.retained_from = first
