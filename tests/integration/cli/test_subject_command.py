"""`viral-engine subject`: a parent's request answered on the command line."""

import json
from pathlib import Path

import httpx
from click.testing import CliRunner, Result
from sqlalchemy import Connection, Engine, text

from tests.support.api_fixtures import create_token
from tests.support.builders import build_event
from viral_cli import main
from viral_contract.models.people import Scope

CHILD = "child-7"


def run(engine: Engine, url: str, *arguments: str, answer: str = "") -> Result:
    environment = {"METRICS_API_URL": url, "API_TOKEN": create_token(engine, *Scope), "NO_PROXY": "127.0.0.1"}
    return CliRunner().invoke(main, ["subject", *arguments], env=environment, input=answer)


def post_event(http: httpx.Client) -> None:
    http.post("/v1/events", json={"events": [build_event(user_id=CHILD)]}).raise_for_status()


def test_an_export_is_a_file_and_a_record(
    http: httpx.Client, server_url: str, empty_database: Engine, tmp_path: Path
) -> None:
    post_event(http)
    out = tmp_path / "child.json"
    result = run(empty_database, server_url, "export", CHILD, "--note", "mother, by phone", "--out", str(out))
    assert result.exit_code == 0, result.output
    assert len(json.loads(out.read_text())["data"]["attribution_events"]) == 1
    [request] = http.get("/v1/privacy/requests").json()["requests"]
    assert (request["kind"], request["status"], request["note"]) == ("export", "done", "mother, by phone")


def test_an_erasure_asks_first_and_then_leaves_nothing(
    http: httpx.Client, server_url: str, empty_database: Engine, connection: Connection
) -> None:
    post_event(http)
    count = text("SELECT count(*) FROM attribution_events")
    refused = run(empty_database, server_url, "erase", CHILD, answer="n\n")
    assert (refused.exit_code, connection.execute(count).scalar_one()) == (1, 1)
    erased = run(empty_database, server_url, "erase", CHILD, answer="y\n")
    assert erased.exit_code == 0, erased.output
    assert "attribution_events: 1" in erased.output
    assert connection.execute(count).scalar_one() == 0


def test_what_the_child_alone_used_is_listed_and_erased(
    http: httpx.Client, server_url: str, empty_database: Engine, connection: Connection
) -> None:
    used = {"device_fingerprint": "tablet-7", "session_id": "session-7"}
    events = [build_event(**used), build_event("signup", user_id=CHILD, **used)]
    http.post("/v1/events", json={"events": events}).raise_for_status()
    listed = run(empty_database, server_url, "erase", CHILD, "--yes")
    assert "  device tablet-7: 1 event, used by no one else" in listed.output
    [number] = [request["id"] for request in http.get("/v1/privacy/requests").json()["requests"]]
    assert f"`viral-engine subject erase-traces {number}`" in listed.output
    erased = run(empty_database, server_url, "erase-traces", str(number))
    assert (erased.exit_code, erased.output) == (0, f"Erased (request {number}).\n")
    assert connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one() == 0


def test_flags_erase_devices_and_sessions_at_once(
    http: httpx.Client, server_url: str, empty_database: Engine, connection: Connection
) -> None:
    used = {"device_fingerprint": "tablet-7", "session_id": "session-7"}
    events = [build_event(**used), build_event("signup", user_id=CHILD, **used)]
    http.post("/v1/events", json={"events": events}).raise_for_status()
    erased = run(empty_database, server_url, "erase", CHILD, "--yes", "--with-devices", "--with-sessions")
    assert "attribution_events: 2" in erased.output
    assert "Remaining data" not in erased.output
    assert connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one() == 0


def test_an_unknown_id_leaves_the_request_open_until_somebody_closes_it(
    http: httpx.Client, server_url: str, empty_database: Engine, tmp_path: Path
) -> None:
    out = tmp_path / "child.json"
    for command in (["export", CHILD, "--out", str(out)], ["erase", CHILD, "--yes"]):
        result = run(empty_database, server_url, *command)
        assert result.exit_code == 1
        assert "No data found for this ID. Check it." in result.output
    assert not out.exists()
    closed = run(empty_database, server_url, "close", "1")
    assert closed.output == "Request 1 is closed. No data is stored.\n"
    states = {each["id"]: each["status"] for each in http.get("/v1/privacy/requests").json()["requests"]}
    assert states == {1: "done", 2: "open"}


def test_what_is_no_address_is_told_in_words(server_url: str, empty_database: Engine) -> None:
    result = run(empty_database, server_url, "erase", "tablet", "--kind", "ip_address", "--yes")
    assert result.exit_code == 1
    assert "must be an IPv4 or IPv6 address" in result.output
