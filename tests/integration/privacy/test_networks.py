"""Erasures and the facts about networks: what is the subject's is gone, what its neighbors did stays and is right."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.context import Context
from metrics_api.settings.detection import DetectionSettings
from tests.support.api_fixtures import Api, change_settings
from tests.support.batches import rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import NOON, build_clicks, build_event
from tests.support.privacy_requests import CHILD, ask, do, erase
from tests.support.purging import dump

MINE, NEIGHBOR = "2001:db8:1:2::5", "2001:db8:1:2::6"


@pytest.fixture(autouse=True)
def home(api: Api) -> None:
    """A busy network of two addresses: the child on one of them, others on both."""
    for address, user, device in ((MINE, CHILD, "tablet"), (NEIGHBOR, CHILD, "tablet"), (NEIGHBOR, "friend", "phone")):
        api.post_events(
            *(
                build_event(
                    at=NOON + timedelta(minutes=number),
                    ip_address=address,
                    user_id=user,
                    device_fingerprint=device,
                    referrer_id=CHILD if number % 2 else "friend",
                )
                for number in range(6)
            )
        )


@pytest.mark.parametrize(
    ("kind", "subject", "left"),
    [("user", CHILD, 6), ("device", "tablet", 6), ("ip_address", MINE, 12)],
)
def test_after_an_erasure_facts_are_those_of_the_rest(
    api: Api, connection: Connection, kind: str, subject: str, left: int
) -> None:
    erase(api, connection, kind, subject)
    facts = fetch_facts(connection)
    [clicks] = facts["clicks_per_ip_day"].values()
    assert clicks[0] == left
    stored = dump(connection)
    assert kind == "ip_address" or subject not in stored
    rebuild(api)
    assert fetch_facts(connection) == facts


def test_an_erased_address_takes_its_network_out_of_alerts(api: Api, connection: Connection, context: Context) -> None:
    detection = DetectionSettings(data_stale_minutes=0, alert_fraud_ips=0, fraud_rule="plain")
    evaluate_guardrails(change_settings(context, detection=detection), now=NOON)
    exported = do(api, ask(api, "export", subject_kind="ip_address", subject_id=MINE))
    assert [alert["type"] for alert in exported["data"]["alerts"]] == ["fraud_detection"]
    erase(api, connection, "ip_address", MINE)
    [alert] = api.read("/v1/alerts")["alerts"]
    assert alert["evidence"]["rows"] == []


def test_an_export_names_no_network_from_which_others_clicked(api: Api) -> None:
    api.post_events(*build_clicks(6, ip_address="203.0.113.9", user_id="stranger", referrer_id=CHILD))
    exported = do(api, ask(api, "export", subject_id=CHILD))
    clicks = sorted(row["clicks"] for row in exported["data"]["referrers_per_network_day"])
    assert clicks == [6, 9]
    assert "203.0.113" not in str(exported)
