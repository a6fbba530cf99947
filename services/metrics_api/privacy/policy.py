"""The written retention policy (16 CFR 312.10), made from the settings in force, so that it cannot say otherwise."""

from datetime import datetime

from viral_engine.contract.privacy import RetentionPolicy, RetentionRule
from viral_engine.delivery_settings import DeliverySettings
from viral_engine.privacy_settings import PrivacySettings

_SECURITY = "Finding click fraud, bots and implausible conversions: support for internal operations (16 CFR 312.2)"


def build_policy(privacy: PrivacySettings, deliveries: DeliverySettings, *, now: datetime) -> RetentionPolicy:
    """The policy as it stands at `now`."""
    return RetentionPolicy(
        effective_on=now.date(),
        rules=_list_rules(privacy, deliveries),
        paragraphs=[
            "IP addresses and device fingerprints are personal information of children. They are kept for security "
            "alone, are not joined with a child's profile and are not passed on to anybody.",
            "Staff see them masked. Only admins see whole values, and every look is noted in the audit log.",
            f"Each night after {privacy.purge_hour_utc:02d}:00 UTC everything that is older than stated here is "
            "deleted, and what was deleted is recorded. Backups follow with their own rotation.",
            "A parent may ask for what is stored about their child, or that it be erased. Requests are recorded and "
            f"answered within {privacy.privacy_request_days} days.",
        ],
    )


def _list_rules(privacy: PrivacySettings, deliveries: DeliverySettings) -> list[RetentionRule]:
    events, content = privacy.retention_events_days, privacy.retention_content_days
    mailed, audit = deliveries.delivery_prune_days, privacy.retention_audit_days
    return [
        _rule("Events with IP address, device, session and user id", _SECURITY, events, "RETENTION_EVENTS_DAYS"),
        _rule("Links that nobody uses any more", "Crediting invites", events, "RETENTION_EVENTS_DAYS"),
        _rule("Counts by address, device, user and referrer", _SECURITY, events, "RETENTION_EVENTS_DAYS"),
        _rule(
            "Parent shares, progress reels, study sessions and what was found in them",
            "Keeping personal information out of what children share (COPPA)",
            content,
            "RETENTION_CONTENT_DAYS",
        ),
        _rule("Rendered emails and webhook calls", "Showing what was sent", mailed, "DELIVERY_PRUNE_DAYS"),
        _rule("Audit log", "Showing who did and saw what", audit, "RETENTION_AUDIT_DAYS"),
        _rule("Health scores and totals a day, which name nobody", "Comparing over years", None, None),
    ]


def _rule(data: str, purpose: str, kept_days: int | None, setting: str | None) -> RetentionRule:
    return RetentionRule(data=data, purpose=purpose, kept_days=kept_days, setting=setting)
