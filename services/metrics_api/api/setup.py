"""What of the first run is done."""

from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.api.routing import Resource
from metrics_api.health.setup import fetch_setup
from viral_contract.models.people import Scope
from viral_contract.models.setup import SetupAnswer

setup = Resource("setup")


@setup.route("GET", "/v1/setup", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: SetupAnswer})
def get_setup(connection: Connection) -> SetupAnswer:
    """Show which steps of the first run are done."""
    return fetch_setup(connection)
