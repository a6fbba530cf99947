"""Every answer about a period says from which date on it is whole."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from metrics_api.privacy.purge import start_purge
from tests.support.api_fixtures import Api
from tests.support.builders import build_event, build_link
from tests.support.purging import FIRST_KEPT, NIGHT, SETTINGS

FIRST, LAST_PURGED, NEXT = (FIRST_KEPT.date() + timedelta(days=days) for days in (0, -1, 1))

NEEDED = {"/v1/guardrails/traffic/events": {"reason": "curl", "traffic_class": "library"}}
"""What a read asks for besides a period."""


@pytest.fixture
def subjects(api: Api) -> Mapping[str, str]:
    """A subject of each kind of investigation, by the beginning of its path."""
    api.send("POST", "/v1/links", json={"items": [build_link("link-1", referrer_id="maria")]})
    api.post_events(
        build_event(at=FIRST_KEPT, ip_address="203.0.113.7", device_fingerprint="device-1", link_id="link-1")
    )
    return {"ips": "203.0.113.7", "devices": "device-1", "referrers": "maria"}


def _list_paths(api: Api, subjects: Mapping[str, str]) -> list[str]:
    """The path of every read whose answer has `retained_from`."""
    document = api.send("GET", "/openapi.json").get_json()
    noted = {
        name
        for name, each in document["components"]["schemas"].items()
        if "retained_from" in each.get("properties", ())
    }
    return [
        _fill(path, subjects)
        for path, methods in document["paths"].items()
        # A draft is over the period that it was created for.
        if "get" in methods and _name_answer(methods["get"]) in noted and path != "/v1/drafts/{draft_id}"
    ]


def _name_answer(operation: Mapping[str, Any]) -> str:
    content = operation["responses"]["200"].get("content", {})
    reference: str = content.get("application/json", {}).get("schema", {}).get("$ref", "")
    return reference.rpartition("/")[2]


def _fill(path: str, subjects: Mapping[str, str]) -> str:
    """The path with its parameter, which is its last part."""
    start, _, last = path.rpartition("/")
    return f"{start}/{subjects[start.rpartition('/')[2]]}" if last.startswith("{") else path


def test_every_answer_about_a_period_says_from_when_on_it_is_whole(
    api: Api, connection: Connection, subjects: Mapping[str, str]
) -> None:
    paths = _list_paths(api, subjects)
    start_purge(connection, SETTINGS, now=NIGHT)
    partial, whole = (
        {path: api.read(path, **period, **NEEDED.get(path, {}))["retained_from"] for path in paths}
        for period in ({"start": str(LAST_PURGED), "end": str(FIRST)}, {"start": str(NEXT), "end": str(NEXT)})
    )
    assert len(paths) >= 17
    assert partial == dict.fromkeys(paths, str(FIRST))
    assert whole == dict.fromkeys(paths, None)
