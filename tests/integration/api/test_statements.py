"""How many statements a request sends to the database, and in how many transactions: one more shows up here."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event

from metrics_api.context import Context
from metrics_api.deliveries.subscriptions import build_unsubscribe_url
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event, build_link
from tests.support.calendar import save_calendar_entry
from tests.support.content_builders import EMAIL, build_share, save_shares
from tests.support.delivery_rows import ANN, save_delivery
from tests.support.people import Signed, create_person
from tests.support.plans import watch_statements
from tests.support.report_runs import WRITTEN, make_report
from viral_contract.client.connection import SESSION_HEADER

NOW = datetime.now(UTC)
TODAY = {"start": str(NOW.date()), "end": str(NOW.date())}
# Statements and transactions of each route that reads, by a caller who sees identifiers whole and is noted for this
# hour. The first statement finds the caller; a network is trusted, which costs the detectors one more.
READS = {
    "/healthz": (0, 0),
    "/metrics": (0, 0),
    "/openapi.json": (0, 0),
    "/docs": (0, 0),
    "/docs/{name}": (0, 0),
    "/readyz": (3, 1),
    "/v1/session": (1, 1),
    "/v1/people": (3, 1),
    "/v1/tokens": (3, 1),
    "/v1/audit-entries": (3, 1),
    "/v1/privacy/policy": (1, 1),
    "/v1/privacy/purges": (2, 1),
    "/v1/privacy/requests": (3, 1),
    "/v1/guardrails/fraud": (4, 1),
    "/v1/guardrails/flagged-days": (4, 1),
    "/v1/guardrails/bots": (4, 1),
    "/v1/guardrails/conversion-anomalies": (4, 1),
    "/v1/guardrails/opt-outs": (3, 1),
    "/v1/guardrails/traffic": (4, 1),
    "/v1/guardrails/traffic/events": (4, 1),
    "/v1/guardrails/event-pii": (3, 1),
    "/v1/guardrails/referrers": (12, 1),
    "/v1/guardrails/health": (10, 1),
    "/v1/guardrails/what-if": (15, 1),
    "/v1/guardrails/coppa": (4, 1),
    "/v1/guardrails/coppa/violations": (6, 1),
    "/v1/guardrails/history": (2, 1),
    "/v1/guardrails/quality": (3, 1),
    "/v1/drafts": (3, 1),
    "/v1/drafts/curve": (15, 1),
    "/v1/drafts/{draft_id}": (8, 1),
    "/v1/alerts": (4, 1),
    "/v1/alerts/quality": (2, 1),
    "/v1/alerts/{alert_id}": (3, 1),
    "/v1/investigations/ips/{given}": (8, 1),
    "/v1/investigations/devices/{given}": (8, 1),
    "/v1/investigations/referrers/{referrer_id}": (9, 1),
    "/v1/cases": (3, 1),
    "/v1/cases/{case_id}": (2, 1),
    "/v1/cases/{case_id}/graph": (5, 1),
    "/v1/cases/{case_id}/linked": (2, 1),
    "/v1/cases/{case_id}/timeline": (4, 1),
    "/v1/conversions/{event_id}/credibility": (4, 1),
    "/v1/trusted-networks": (3, 1),
    "/v1/trusted-networks/{cidr}": (2, 1),
    "/v1/lists": (3, 1),
    "/v1/lists/{list_name}/{kind}": (3, 1),
    "/v1/lists/{list_name}/{kind}/{value}": (2, 1),
    "/v1/growth/k-factor": (9, 1),
    "/v1/growth/loops": (5, 1),
    "/v1/growth/timeline": (5, 1),
    "/v1/growth/referrers": (8, 1),
    "/v1/growth/funnel": (4, 1),
    "/v1/growth/cohorts": (2, 1),
    "/v1/growth/cohort-k": (4, 1),
    "/v1/growth/cycle-time": (4, 1),
    "/v1/growth/series": (5, 1),
    "/v1/growth/spread": (5, 1),
    "/v1/growth/filters": (4, 1),
    "/v1/growth/term": (2, 1),
    "/v1/calendar": (3, 1),
    "/v1/calendar/{entry_id}": (2, 1),
    "/v1/school-holidays": (1, 1),
    "/v1/reports": (3, 1),
    "/v1/search": (10, 1),
    "/v1/reports/{report_id}": (2, 1),
    "/v1/reports/{report_id}/export": (3, 3),
    "/v1/reports/{report_id}/deliveries": (3, 1),
    "/v1/reports/{report_id}/deliveries/{delivery_id}": (2, 1),
    "/v1/subscriptions": (3, 1),
    "/v1/suppressions": (3, 1),
    "/v1/unsubscriptions/{token}": (2, 1),
    "/v1/notification-rules": (3, 1),
    "/v1/notification-rules/{rule_id}": (2, 1),
    "/v1/queues": (7, 1),
    "/v1/setup": (2, 1),
    "/v1/flags": (1, 1),
    "/v1/batches/{batch_id}": (2, 1),
}
# A request that writes finds its caller in a transaction of its own, which ends before the body is read.
POSTED = {
    "a click": ([build_event(ip_address="203.0.113.8", device_fingerprint="device-2")], 13),
    "a click on a link": ([build_event(ip_address="203.0.113.8", link_id="link-1")], 13),
    "a visit of a page": ([build_event("visit")], 8),
    "100 clicks": (build_clicks(100, device_fingerprint="device-2", link_id="link-1"), 17),
}
# What a worker asks for from the claim of a run to its finished report.
REPORT = {"claim": 2, "snapshot": 30, "progress": 2, "result": 4}
# What some of them have to be asked for.
ASKED = {
    "/v1/reports/{report_id}/export": {"format": "html"},
    "/v1/guardrails/traffic/events": {"reason": "method: HEAD", "traffic_class": "prefetch"},
    "/v1/search": {"q": "203.0.113.7"},
    "/v1/growth/referrers": {"ranked": "true"},
}
# Of a case: what a verdict would change, the verdict, the undo, and the same at once of as many cases as there are.
VERDICTS = {"dry run": 21, "verdict": 13, "undo": 15, "verdicts": 14, "undo of verdicts": 16}
_PARAMETER = re.compile(r"<(?:[^:>]+:)?(\w+)>")


def name_route(rule: str) -> str:
    """The path with its parameters as `{name}`."""
    return _PARAMETER.sub(r"{\1}", rule)


Watch = Callable[..., tuple[list[str], int, Any]]


@pytest.fixture
def watch(context: Context) -> Watch:
    """The statements and the number of transactions of a request that must succeed, and its answer."""
    # One connection serves every request from here on, so that its staging tables are made by the first batch.
    context.database.close()
    engine = context.database._engine

    def send(api: Api, method: str, path: str, **request: Any) -> tuple[list[str], int, Any]:
        begun: list[Connection] = []
        note = begun.append
        event.listen(engine, "begin", note)
        try:
            with watch_statements(engine) as statements:
                response = api.send(method, path, **request)
        finally:
            event.remove(engine, "begin", note)
        assert response.status_code < 300, response.get_data(as_text=True)
        return [" ".join(statement.split()) for statement, _ in statements.sent], len(begun), response

    return send


def describe(statements: list[str]) -> str:
    """The statements, one a line, for a failure."""
    return "\n".join([f"{len(statements)} statements:", *(statement[:200] for statement in statements)])


@pytest.fixture
def product(api: Api, connection: Connection, context: Context) -> Mapping[str, Any]:
    """A product in which every list holds something; the parameters of its paths."""
    api.send("POST", "/v1/links", json={"items": [build_link("link-1")]})
    fields = {"ip_address": "203.0.113.7", "device_fingerprint": "device-1", "link_id": "link-1"}
    api.post_events(*build_clicks(12, at=NOW, **fields), build_event("signup", at=NOW, user_id="child-1"))
    converted = build_event("conversion", at=NOW, link_id="link-1")
    api.post_events(converted)
    save_shares(api, build_share("share-1", EMAIL, inserted_at=NOW.isoformat()))
    api.send("PUT", "/v1/trusted-networks/198.51.100.0%2F24", json={"reason": "a school"})
    rule = {"name": "on call", "severities": ["high"], "channel": "email", "target": ANN, "enabled": True}
    report_id = make_report(api, **TODAY)["id"]
    return {
        "event_id": converted["event_id"],
        "given": "203.0.113.7",
        "referrer_id": "maria",
        "cidr": "198.51.100.0/24",
        "list_name": "allow",
        "kind": "network",
        "value": "198.51.100.0/24",
        "rule_id": api.send("POST", "/v1/notification-rules", json=rule).get_json()["id"],
        "alert_id": api.send("POST", "/v1/guardrails/evaluations").get_json()["opened_alerts"][0],
        "case_id": api.read("/v1/cases")["cases"][0]["id"],
        "report_id": report_id,
        "delivery_id": save_delivery(connection, report_id=report_id),
        "draft_id": api.send("POST", "/v1/drafts", json={"name": "draft", "settings": {}, **TODAY}).get_json()["id"],
        "batch_id": api.send("POST", "/v1/batches", json={"kind": "rebuild_facts"}).get_json()["id"],
        "entry_id": save_calendar_entry(api),
        "token": build_unsubscribe_url("", context.references, ANN).rpartition("/")[2],
        "name": "swagger-ui.css",
    }


def test_every_route_that_reads(
    app: Flask, api: Api, product: Mapping[str, Any], watch: Watch, empty_database: Engine
) -> None:
    create_person(empty_database)
    headers = {SESSION_HEADER: Signed(api, "admin@example.com").session}
    measured, wrong = {}, []
    for route in sorted(name_route(rule.rule) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())):
        path = route.format(**{**product, "given": "device-1"} if "devices" in route else product)
        request: dict[str, Any] = {"query_string": ASKED.get(route, {})}
        if route == "/v1/session":
            request["headers"] = headers
        api.send("GET", path, **request)
        statements, transactions, _ = watch(api, "GET", path, **request)
        measured[route] = (len(statements), transactions)
        if measured[route] != READS.get(route):
            wrong.append(f"{route}: {describe(statements)}")
    assert measured == READS, "\n".join(wrong)


def test_a_look_that_is_not_noted_yet_is_noted_in_one_more_transaction(
    api: Api, product: Mapping[str, Any], watch: Watch
) -> None:
    statements, transactions, _ = watch(api, "GET", f"/v1/alerts/{product['alert_id']}")
    assert (statements[-1].split()[:3], transactions) == (["INSERT", "INTO", "audit_entries"], 2)


@pytest.mark.parametrize("batch", POSTED)
def test_a_posted_batch(api: Api, watch: Watch, batch: str) -> None:
    events, number = POSTED[batch]
    api.post_events(build_event())
    statements, transactions, _ = watch(api, "POST", "/v1/events", json={"events": events})
    assert (len(statements), transactions) == (number, 2), describe(statements)


def test_a_session_makes_its_staging_tables_once(api: Api, watch: Watch) -> None:
    posts = [("/v1/events", {"events": [build_event()]}), ("/v1/links", {"items": [build_link("link-1")]})]
    for path, body in posts:
        api.send("POST", path, json=body)
        statements, *_ = watch(api, "POST", path, json=body)
        assert [each for each in statements if each.startswith(("CREATE", "TRUNCATE"))] == [], describe(statements)


def test_a_report(api: Api, watch: Watch) -> None:
    asked = {"report_type": "custom", "period_start": TODAY["start"], "period_end": TODAY["end"]}
    path = f"/internal/report-runs/{api.send('POST', '/v1/reports', json=asked).get_json()['id']}"
    claimed, _, response = watch(api, "POST", f"{path}/claim")
    held = {"token": response.get_json()["token"]}
    snapshot, *_ = watch(api, "POST", f"{path}/snapshot", json=held)
    progress, *_ = watch(api, "POST", f"{path}/progress", json=held | {"pct": 50, "step": "writing"})
    result, *_ = watch(api, "POST", f"{path}/result", json=held | {"report": WRITTEN})
    steps = {"claim": claimed, "snapshot": snapshot, "progress": progress, "result": result}
    sent = {name: len(statements) for name, statements in steps.items()}
    assert sent == REPORT, "\n".join(f"{name}: {describe(statements)}" for name, statements in steps.items())


def test_verdicts(api: Api, product: Mapping[str, Any], watch: Watch) -> None:
    case, verdict = f"/v1/cases/{product['case_id']}", {"verdict": "fraud", "reason": "A farm"}
    api.send("POST", f"{case}/undo")
    dry_run, *_ = watch(api, "POST", f"{case}/verdict", json=verdict, query_string={"dry_run": "true"})
    decided, *_ = watch(api, "POST", f"{case}/verdict", json=verdict)
    undone, *_ = watch(api, "POST", f"{case}/undo")
    at_once, _, answer = watch(api, "POST", "/v1/cases/verdicts", json={"ids": [product["case_id"]], **verdict})
    undone_at_once, *_ = watch(api, "POST", f"/v1/cases/verdicts/{answer.get_json()['undo_id']}/undo")
    steps = dict(zip(VERDICTS, (dry_run, decided, undone, at_once, undone_at_once), strict=True))
    sent = {name: len(statements) for name, statements in steps.items()}
    assert sent == VERDICTS, "\n".join(f"{name}: {describe(statements)}" for name, statements in steps.items())
