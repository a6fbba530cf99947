"""Parents' requests, recorded and done."""

from typing import Any

from sqlalchemy import Connection

from tests.support.api_fixtures import Api
from tests.support.batches import finish_batches

CHILD = "child-7"


def ask(api: Api, kind: str, **subject: object) -> dict[str, Any]:
    """A request that must be recorded."""
    response = api.send("POST", "/v1/privacy/requests", json={"kind": kind, **subject})
    assert response.status_code == 201, response.get_data(as_text=True)
    return dict(response.get_json())


def do(api: Api, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to doing a request."""
    response = api.send("POST", f"/v1/privacy/requests/{request['id']}/{request['kind']}")
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())


def erase(api: Api, connection: Connection, kind: str = "user", subject_id: str = CHILD) -> None:
    """Erase the subject and let the facts follow."""
    do(api, ask(api, "erase", subject_kind=kind, subject_id=subject_id))
    finish_batches(api, connection)
