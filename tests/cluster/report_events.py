"""Runs inside a pod of the metrics API, from standard input: signs in as the admin and reports events by a new token.

Arguments: the API's address, email, password, the dashboard's token, a name for these events, how many. It needs
no more than Python's own library.
"""

import json
import sys
import urllib.request
from typing import Any


def post(address: str, body: dict[str, Any], secret: str, session: str = "") -> dict[str, Any]:
    """What the API answers. Raises urllib.error.HTTPError when it refuses."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    headers |= {"X-Session": session} if session else {}
    request = urllib.request.Request(address, json.dumps(body).encode(), headers)  # noqa: S310 - our own API.
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
        return found


def report(api: str, email: str, password: str, dashboard_token: str, name: str, count: int) -> dict[str, Any]:
    """Report so many clicks of this name; what the API says of them."""
    signed_in = post(f"{api}/v1/sessions", {"email": email, "password": password}, dashboard_token)
    wanted = {"name": name, "scopes": ["events:write"], "expires_in_days": 1}
    token = post(f"{api}/v1/tokens", wanted, dashboard_token, signed_in["secret"])
    clicks = [{"event_type": "click", "link_id": f"{name}-{number}"} for number in range(count)]
    return post(f"{api}/v1/events", {"events": clicks}, token["secret"])


if __name__ == "__main__":
    print(report(*sys.argv[1:6], int(sys.argv[6])))
