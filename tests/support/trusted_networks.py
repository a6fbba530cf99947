"""Networks that an admin trusts."""

from typing import Any

from tests.support.api_fixtures import Api

SCHOOL = "203.0.113.0/24"
PERIOD = {"start": "2026-03-04", "end": "2026-03-04"}


def trust(api: Api, cidr: str = SCHOOL, **body: Any) -> dict[str, Any]:
    """The network after trusting it."""
    response = api.send("PUT", f"/v1/trusted-networks/{cidr}", json={"reason": "Lakeside School", **body})
    assert response.status_code in (200, 201), response.get_data(as_text=True)
    return dict(response.get_json())
