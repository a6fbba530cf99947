"""What the story runs inside a pod, at a real metrics API."""

from sqlalchemy import Engine, text

from tests.cluster.report_events import report
from tests.cluster.story import COUNT_EVENTS
from tests.support.api_fixtures import create_token
from tests.support.people import PASSWORD, create_person
from viral_contract.models.people import Scope


def test_every_event_that_is_reported_is_counted_by_the_story(server_url: str, empty_database: Engine) -> None:
    create_person(empty_database)
    token = create_token(empty_database, Scope.SESSIONS_WRITE)
    for name in ("install", "upgrade"):
        accepted = report(server_url, "admin@example.com", PASSWORD, token, name, 20)
        assert accepted["accepted"] == 20
    with empty_database.connect() as connection:
        assert connection.execute(text(COUNT_EVENTS)).scalar_one() == 40
