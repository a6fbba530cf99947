"""Settings of what is kept how long. Rules and forms are those of `viral_runtime.settings.base`."""

from pydantic import Field

from viral_runtime.settings.base import EnvironmentSettings


class PrivacySettings(EnvironmentSettings):
    """How long personal information is kept."""

    retention_events_days: int = Field(
        90,
        ge=7,
        le=3650,
        description="Days for which events, and facts that hold addresses, devices or user ids, are kept. "
        "Fewer keep less of children, and reads of older dates show totals only.",
    )
    retention_content_days: int = Field(
        90,
        ge=7,
        le=3650,
        description="Days for which parent shares, progress reels, study sessions and what was found in them are kept. "
        "Fewer keep less of children; older items can no longer be looked at.",
    )
    retention_audit_days: int = Field(
        730, ge=30, le=3650, description="Days for which the audit log is kept. Fewer may break your own policies."
    )
    purge_hour_utc: int = Field(
        3,
        ge=0,
        le=23,
        description="Hour of the day, in UTC, in which what is older is deleted. Choose a quiet one: it uses disks.",
    )
    privacy_request_days: int = Field(
        30,
        ge=1,
        le=90,
        description="Days within which a parent's request has to be answered. Fewer bring its due date nearer.",
    )
