"""What is done with the running product: sign in, ingest, score, report, email, and a flag that is toggled."""

import re
import time
from datetime import UTC, datetime

from playwright.sync_api import Locator, expect

from tests.images.cluster import Cluster
from tests.support.browsing import Visit
from tests.support.builders import build_clicks
from tests.support.mail_server import MailServer
from tests.support.waiting import wait_until
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.reports import ReportRequest

RECIPIENT = "head@example.com"
_FLAG_SECONDS = 10
_CLICKS = 30


def ingest_and_score(person: MetricsApi, url: str) -> str:
    """Post the clicks of a click farm and read how much they cost."""
    assert person.fetch_health().health_score == 100
    token = person.create_token("a test", [Scope.EVENTS_WRITE], 1).secret
    clicks = build_clicks(_CLICKS, at=datetime.now(UTC), ip_address="203.0.113.7", device_fingerprint="a phone")
    accepted = MetricsApi.connect(url, token).save_events(clicks)
    assert accepted.accepted == _CLICKS
    health = person.fetch_health()
    assert health.health_score < 100
    assert health.components.fraud.total_flagged_ips == 1
    return f"{_CLICKS} clicks, score {health.health_score:g}"


def report_by_email(person: MetricsApi, mail: MailServer) -> str:
    """Ask for a report by email, and wait until the mail server has taken it."""
    asked = person.request_report(ReportRequest(report_type="weekly", recipient_emails=[RECIPIENT]))
    wait_until(lambda: person.fetch_report(asked.id).status == "ready", "the report")
    wait_until(lambda: bool(mail.taken), "the email")
    (taken,) = mail.taken
    assert taken.recipients == [RECIPIENT]
    return f"report {asked.id} sent as “{taken.message['Subject']}”"


def see_page(guest: Visit, email: str, password: str) -> str:
    """Sign in by the browser and see the score."""
    guest.open("/dashboard/guardrails")
    guest.sign_in(email, password)
    expect(_score(guest)).to_be_visible()
    return str(_score(guest).get_attribute("aria-label"))


def toggle_flag(guest: Visit, cluster: Cluster) -> str:
    """Switch the guardrails off in the mounted file, and measure how long the page takes to say so, and back."""
    off, on = (_time_page(guest, cluster, variant) for variant in ("off", "on"))
    assert max(off, on) < _FLAG_SECONDS
    return f"off after {off:.1f} s, on after {on:.1f} s"


def _time_page(guest: Visit, cluster: Cluster, variant: str) -> float:
    document = cluster.read_flags()
    document["flags"]["guardrail_dashboard"]["defaultVariant"] = variant
    began = time.monotonic()
    cluster.change_flags(document)
    says_off = guest.page.get_by_text("This feature is turned off")

    def shows_it() -> bool:
        guest.open("/dashboard/guardrails")
        expect(_score(guest).or_(says_off).first).to_be_visible()
        return says_off.first.is_visible() is (variant == "off")

    wait_until(shows_it, "the page")
    return time.monotonic() - began


def _score(guest: Visit) -> Locator:
    return guest.page.get_by_label(re.compile(r"^Health score \d+"))
