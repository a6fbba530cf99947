"""Every way by which an email gets a recipient keeps to the domains that the settings allow."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from tests.support.api_fixtures import Api, build_app, create_token
from tests.support.delivery_rows import save_ready_report
from viral_contract.models.people import Scope

INSIDE, OUTSIDE = "pat@school.local", "pat@elsewhere.example"
RULE = {"name": "Alerts", "severities": ["high"], "channel": "email"}


@pytest.fixture
def school(monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str, empty_database: Engine) -> Api:
    """A caller of an API that mails to school.local only."""
    monkeypatch.setenv("EMAIL_RECIPIENT_DOMAINS", "school.local")
    return Api(build_app(database_url=database_url, redis_url=redis_url), create_token(empty_database, *Scope))


def build_request(way: str, connection: Connection, recipient: str) -> tuple[str, dict[str, Any], str]:
    """Path and body of a request that names a recipient, and the recipient's pointer."""
    if way == "rule":
        return "/v1/notification-rules", {**RULE, "target": recipient}, "/target"
    listed = {"recipient_emails": [INSIDE, recipient]}
    paths = {
        "subscription": ("/v1/subscriptions", {"report_type": "weekly"}),
        "report": ("/v1/reports", {"report_type": "weekly"}),
        "delivery": (f"/v1/reports/{save_ready_report(connection)}/deliveries", {}),
    }
    path, fields = paths[way]
    return path, {**fields, **listed}, "/recipient_emails/1"


@pytest.mark.parametrize("way", ["subscription", "report", "delivery", "rule"])
def test_a_recipient_outside_the_domains_is_named_and_refused(school: Api, connection: Connection, way: str) -> None:
    path, body, pointer = build_request(way, connection, OUTSIDE)
    errors = school.refuse(422, "POST", path, json=body)["errors"]
    assert [error["pointer"] for error in errors] == [pointer]
    assert "EMAIL_RECIPIENT_DOMAINS" in errors[0]["detail"]


@pytest.mark.parametrize("way", ["subscription", "report", "delivery", "rule"])
def test_a_recipient_inside_is_taken(school: Api, connection: Connection, way: str) -> None:
    path, body, _ = build_request(way, connection, INSIDE)
    assert school.send("POST", path, json=body).status_code in (201, 202)
