"""People who sign in by the API, as the dashboard lets them."""

from typing import Any, cast

from sqlalchemy import Engine, insert

from metrics_api.access.passwords import hash_password
from metrics_api.db.tables import people
from tests.support.api_fixtures import Api
from viral_contract.client.metrics_api import SESSION_HEADER
from viral_contract.models.people import Role

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)


def create_person(engine: Engine, role: Role = Role.ADMIN, email: str | None = None, **columns: object) -> int:
    """Somebody who signs in by PASSWORD; the name of their email is their role, unless given."""
    row = {"email": email or f"{role}@example.com", "password_hash": _HASH, "role": role, **columns}
    with engine.begin() as connection:
        return cast("int", connection.execute(insert(people).values(row).returning(people.c.id)).scalar_one())


class Signed:
    """A signed-in person's browser, seen from the API: the dashboard's token with the person's session."""

    def __init__(self, dashboard: Api, email: str, password: str = PASSWORD) -> None:
        self._dashboard = dashboard
        answer = dashboard.send("POST", "/v1/sessions", json={"email": email, "password": password})
        assert answer.status_code == 201, answer.text
        self.session: str = answer.get_json()["secret"]

    def send(self, method: str, path: str, **request: Any) -> Any:
        """One request of this person."""
        headers = {SESSION_HEADER: self.session, **request.pop("headers", {})}
        return self._dashboard.send(method, path, headers=headers, **request)

    def is_signed_in(self) -> bool:
        """Whether the session still holds."""
        return bool(self.send("GET", "/v1/session").status_code == 200)
