"""Data from both sides of a purge's border, the purge itself, and all that is stored after it."""

import json
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection, insert, text

from metrics_api.access.audit import save_audit_entry
from metrics_api.db.database import Database
from metrics_api.db.tables import (
    alerts,
    batches,
    case_conversions,
    cases,
    delivery_requests,
    job_keys,
    metadata,
    report_runs,
)
from metrics_api.privacy.purge import purge_some
from metrics_api.settings.privacy import PrivacySettings
from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks, build_event, build_link
from tests.support.content_builders import EMAIL, build_reel, build_session, build_share, save, save_reels, save_shares
from tests.support.delivery_rows import change_delivery, save_delivery
from viral_reports.figures import format_name

NIGHT = NOON.replace(hour=3)
SETTINGS = PrivacySettings(retention_events_days=10, retention_content_days=10, retention_audit_days=30)
FIRST_KEPT = NOON.replace(hour=0) - timedelta(days=9)
OLD = FIRST_KEPT - timedelta(seconds=1)
NEW = FIRST_KEPT + timedelta(seconds=1)
OLD_IP, NEW_IP = "198.51.100.77", "203.0.113.7"


def post_of(api: Api, age: str, at: datetime, ip_address: str) -> None:
    """Some of everything, whose every identifier says how old it is."""
    link = build_link(f"{age}-link", referrer_id=f"{age}-referrer", campaign="spring", inserted_at=at.isoformat())
    api.send("POST", "/v1/links", json={"items": [link]})
    same = {"ip_address": ip_address, "device_fingerprint": f"{age}-device", "link_id": f"{age}-link"}
    person = {"user_id": f"{age}-user", "session_id": f"{age}-session", "user_agent": f"Mozilla/5.0 ({age}-phone)"}
    api.post_events(*build_clicks(12, at=at, **same, **person))
    signup = {"user_id": f"{age}-user", "referrer_id": f"{age}-referrer", "landing_page": f"/join?email={EMAIL}"}
    api.post_events(build_event("signup", at=at, **signup))
    api.post_events(build_event("conversion", at=at, session_id=f"{age}-session", referrer_id=f"{age}-referrer"))
    written = {"inserted_at": at.isoformat()}
    save_shares(api, build_share(f"{age}-share", EMAIL, **written))
    save_reels(api, build_reel(f"{age}-reel", EMAIL, **written))
    save(api, "study-sessions", build_session(f"{age}-meeting", f"{age}-user", **written))


def save_case(connection: Connection, age: str, at: datetime) -> None:
    """A case about a referrer, who was judged until then, with a conversion at stake."""
    evidence = [{"rule": "mutual", "strength": "flags", "n": 1, "evidence": {"user_ids": [f"{age}-partner"]}}]
    judged = {"status": "decided", "status_at": at, "verdict": "fraud", "until": at, "reason": f"{age}-reason"}
    seen = {"first_seen": at, "last_seen": at, "opened_at": at, "conversions": 1}
    case = {"kind": "referrer", "entity": f"{age}-accused", "rules": ["mutual"], "strength": "flags"}
    statement = insert(cases).values(**case, **judged, **seen, evidence=evidence).returning(cases.c.id)
    case_id = connection.execute(statement).scalar_one()
    connection.execute(
        insert(case_conversions).values(case_id=case_id, event_id=uuid4(), day=at.date(), is_flagged=True)
    )


def save_leftovers(connection: Connection, age: str, at: datetime) -> None:
    """What work leaves behind: a report, an alert that is over, a batch, a key and an audit entry."""
    # Only just finished, but on a period that reaches back.
    facts = {"top_referrers": [{"id": f"{age}-referrer"}, {"id": f"{age}-{'long' * 20}"}], "k_factor": 0.5}
    insights = [
        {"rule": "top_referrer", "text": f"{age}-referrer leads"},
        {"rule": "k_factor_trend", "text": f"Growth is stable; {age}-referrer-led loops carry it."},
        {"rule": "health", "text": "The health score is 92.0."},
    ]
    advice = [
        f"Investigate {age}-referrer: this referrer brought 60.0% of all conversions.",
        f"Look at {format_name(age + '-' + 'long' * 20)} under investigations, too.",
        "K is close to 1.0: remove friction.",
    ]
    period = {"report_type": "custom", "period_start": at.date(), "period_end": NIGHT.date(), "created_at": NIGHT}
    run = {
        "requested_by": "a test",
        "status": "ready",
        "max_attempts": 3,
        "next_attempt_at": at,
        "html": f"{age}-referrer",
    }
    content = {"facts": facts, "insights": insights, "recommendations": advice}
    report = insert(report_runs).values(**period, **run, content=content).returning(report_runs.c.id)
    report_id = connection.execute(report).scalar_one()
    mailed = {"subject": "Report", "text": f"{age}-referrer leads", "html": f"<p>{age}-referrer leads</p>"}
    delivery_id = save_delivery(connection, report_id=report_id, now=NIGHT)
    change_delivery(connection, delivery_id, status="sent", content=json.dumps(mailed), finished_at=NIGHT)
    rows = [{"label": f"{age}-referrer", "ref": f"{age}-ref"}]
    evidence = {"rows": rows, "refs": [f"{age}-ref"], "count": 3, "period": {"start": str(at.date())}}
    times = {"opened_at": at, "updated_at": NIGHT, "resolved_at": NIGHT}
    alert = {"type": "conversion_anomaly", "severity": "high", "message": "2 referrers", "status": "resolved"}
    connection.execute(insert(alerts).values(**alert, **times, evidence=evidence))
    connection.execute(
        insert(batches).values(kind="rescan_content", status="done", steps=[f"{age}-share"], created_at=at)
    )
    connection.execute(insert(job_keys).values(key=f"delivery:{age}-parent", asked_at=at, answer_id=1))
    hidden = {"takedown": {"content_id": f"{age}-share"}, "requested_by": "takedown", "created_at": at}
    connection.execute(insert(delivery_requests).values(hidden))
    save_case(connection, age, at)
    before_audit = at if age == "new" else NIGHT - timedelta(days=31)
    save_audit_entry(connection, actor="ana", action="resolve_violation", subject=f"{age}-share", now=before_audit)


def purge(database: Database, now: datetime = NIGHT) -> int:
    """Do all of the purge; how many steps that were."""
    steps = 1
    while True:
        with database.write() as connection:
            if not purge_some(connection, SETTINGS, now=now):
                return steps
        steps += 1


def dump(connection: Connection) -> str:
    """Every row of every table as text."""
    rows = (
        connection.execute(text(f"SELECT t::text FROM {table.name} AS t")).scalars() for table in metadata.sorted_tables
    )
    return "\n".join(row for table in rows for row in table)
