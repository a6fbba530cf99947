"""The dates that a purge keeps, by the settings."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from metrics_api.ingest.retained import begin
from metrics_api.settings.privacy import PrivacySettings


@dataclass(frozen=True)
class Retention:
    """The first UTC date to keep of each kind of data, at the time `at`."""

    events: date
    content: date
    audit: date
    at: datetime

    @property
    def events_at(self) -> datetime:
        """The first moment whose events are kept."""
        return begin(self.events)


def compute_retention(settings: PrivacySettings, *, now: datetime) -> Retention:
    """The dates that a purge at `now` keeps: as many as set, including today."""
    today = now.astimezone(UTC).date()
    return Retention(
        events=today - timedelta(days=settings.retention_events_days - 1),
        content=today - timedelta(days=settings.retention_content_days - 1),
        audit=today - timedelta(days=settings.retention_audit_days - 1),
        at=now,
    )
