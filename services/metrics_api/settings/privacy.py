"""Data retention settings."""

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings


class PrivacySettings(EnvironmentSettings):
    """Data retention."""

    retention_events_days: int = Field(
        90,
        ge=7,
        le=3650,
        description="Days to keep events, and facts with IP addresses, devices or user ids. Fewer keep less of "
        "children's data, but older dates show totals only.",
    )
    retention_content_days: int = Field(
        90,
        ge=7,
        le=3650,
        description="Days to keep parent shares, progress reels, study sessions and their findings. Fewer keep "
        "less of children's data, but older items cannot be viewed.",
    )
    retention_audit_days: int = Field(
        730, ge=30, le=3650, description="Days to keep the audit log. Fewer may violate your own policies."
    )
    purge_hour_utc: int = Field(
        3,
        ge=0,
        le=23,
        description="Hour of the day (UTC) in which older data is deleted. Choose a quiet hour, because it uses "
        "disk I/O.",
    )
    privacy_request_days: int = Field(
        30,
        ge=1,
        le=90,
        description="Days in which a parent's request must be answered. Fewer make it due sooner.",
    )
