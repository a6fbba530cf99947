"""The written retention policy (16 CFR 312.10), made from the settings in force, so that it cannot say otherwise."""

from datetime import datetime

from metrics_api.privacy.purge_rest import BOOKKEEPING_DAYS, FAILURES_KEPT_DAYS
from metrics_api.privacy.requests import EXPORT_AGAIN_DAYS
from metrics_api.settings.deliveries import DeliverySettings
from metrics_api.settings.privacy import PrivacySettings
from viral_contract.models.privacy import RetentionPolicy, RetentionRule

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
            f"answered within {privacy.privacy_request_days} days. A request that is done no longer says whom it was "
            f"about, an export {EXPORT_AGAIN_DAYS} days later, so that a lost file can be made again.",
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
        _rule(
            "Names of referrers in reports; what alerts counted and the messages about them; networks whose trust has "
            "ended",
            "Judging growth and security",
            events,
            "RETENTION_EVENTS_DAYS",
        ),
        _rule("Rendered emails and webhook calls", "Showing what was sent", mailed, "DELIVERY_PRUNE_DAYS"),
        _rule(
            "That somebody was erased, as a keyed hash",
            "Not bringing back what is sent again",
            events,
            "RETENTION_EVENTS_DAYS",
        ),
        _rule("Audit log", "Showing who did and saw what", audit, "RETENTION_AUDIT_DAYS"),
        _rule("Parents' requests and their notes", "Showing how they were answered", audit, "RETENTION_AUDIT_DAYS"),
        _rule("Ended sessions, records of finished work", "Signing in, working once", BOOKKEEPING_DAYS, None),
        _rule("Failed sign-ins, as a hash of the address", "Locking out who guesses", FAILURES_KEPT_DAYS, None),
        _rule("To which addresses of staff something was sent, and when", "Sending nothing twice", None, None),
        _rule("Health scores and totals a day, which name nobody", "Comparing over years", None, None),
    ]


def _rule(data: str, purpose: str, kept_days: int | None, setting: str | None) -> RetentionRule:
    return RetentionRule(data=data, purpose=purpose, kept_days=kept_days, setting=setting)
