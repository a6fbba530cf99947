"""The written retention policy (16 CFR 312.10), built from the current settings, so that it always matches them."""

from datetime import datetime

from metrics_api.privacy.purge_rest import BOOKKEEPING_DAYS, FAILURES_KEPT_DAYS
from metrics_api.privacy.requests import EXPORT_AGAIN_DAYS
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.privacy import PrivacySettings
from viral_contract.models.privacy import RetentionPolicy, RetentionRule

_SECURITY = "Detecting click fraud, bots and conversion anomalies: support for internal operations (16 CFR 312.2)"


def build_policy(privacy: PrivacySettings, deliveries: DeliverySettings, *, now: datetime) -> RetentionPolicy:
    """The policy in effect at `now`."""
    return RetentionPolicy(
        effective_on=now.date(),
        rules=_list_rules(privacy, deliveries),
        paragraphs=[
            "IP addresses and device fingerprints are children's personal information. They are kept for security "
            "only, are not linked to a child's profile and are not shared with anyone.",
            "Staff see masked values. Only admins see full values, and every access is recorded in the audit log.",
            f"Each night after {privacy.purge_hour_utc:02d}:00 UTC, data older than the limits below is deleted "
            "and the deletion is recorded. Backups expire on their own schedule.",
            "A parent can ask to see or erase the data stored about their child. Requests are recorded and "
            f"answered within {privacy.privacy_request_days} days. A completed erasure no longer names its "
            f"subject. An export keeps it for {EXPORT_AGAIN_DAYS} more days, so that a lost file can be replaced.",
        ],
    )


def _list_rules(privacy: PrivacySettings, deliveries: DeliverySettings) -> list[RetentionRule]:
    events, content = privacy.retention_events_days, privacy.retention_content_days
    mailed, audit = deliveries.delivery_prune_days, privacy.retention_audit_days
    return [
        _rule("Events with IP address, device, session and user id", _SECURITY, events, "RETENTION_EVENTS_DAYS"),
        _rule("Unused links", "Attributing invites", events, "RETENTION_EVENTS_DAYS"),
        _rule("Counts by IP address, device, user and referrer", _SECURITY, events, "RETENTION_EVENTS_DAYS"),
        _rule(
            "Parent shares, progress reels, study sessions and their violations",
            "Keeping personal information out of children's content (COPPA)",
            content,
            "RETENTION_CONTENT_DAYS",
        ),
        _rule(
            "Names of referrers in reports; what alerts counted and the messages about them; networks whose trust has "
            "ended",
            "Evaluating growth and security",
            events,
            "RETENTION_EVENTS_DAYS",
        ),
        _rule("Rendered emails and webhook calls", "Record of what was sent", mailed, "DELIVERY_PRUNE_DAYS"),
        _rule(
            "Records of erasures, as keyed hashes",
            "Preventing erased data from returning",
            events,
            "RETENTION_EVENTS_DAYS",
        ),
        _rule("Audit log", "Record of who did and saw what", audit, "RETENTION_AUDIT_DAYS"),
        _rule("Parents' requests and notes", "Record of how they were answered", audit, "RETENTION_AUDIT_DAYS"),
        _rule("Ended sessions, records of completed jobs", "Sign-in and job processing", BOOKKEEPING_DAYS, None),
        _rule(
            "Failed sign-ins, as a hash of the email address",
            "Protecting against password guessing",
            FAILURES_KEPT_DAYS,
            None,
        ),
        _rule(
            "Staff email addresses that messages were sent to, and when", "Preventing duplicate messages", None, None
        ),
        _rule("Daily health scores and totals, without personal data", "Long-term comparison", None, None),
    ]


def _rule(data: str, purpose: str, kept_days: int | None, setting: str | None) -> RetentionRule:
    return RetentionRule(data=data, purpose=purpose, kept_days=kept_days, setting=setting)
