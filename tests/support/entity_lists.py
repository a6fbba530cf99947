"""Entries of the lists allow, deny and watch."""

from typing import Any
from urllib.parse import quote

from tests.support.api_fixtures import Api


def save_entry(api: Api, entry: str, value: str, *, reason: str = "seen in chat", **body: Any) -> dict[str, Any]:
    """The entry after putting the value on the list; `entry` is the list and the kind, such as "deny/device"."""
    response = api.send("PUT", f"/v1/lists/{entry}/{quote(value, safe='')}", json={"reason": reason, **body})
    assert response.status_code in (200, 201), response.get_data(as_text=True)
    return dict(response.get_json())
