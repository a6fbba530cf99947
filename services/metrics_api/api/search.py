"""One search over everything that has an id."""

from http import HTTPStatus
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Connection

from metrics_api.api.context import current_context
from metrics_api.api.queries import build_identifiers, note_look
from metrics_api.api.routing import Resource
from metrics_api.search.answer import find_everything
from viral_contract.models.people import Scope
from viral_contract.models.search import SearchAnswer
from viral_contract.models.values import CONTROL_FREE, check_text, normalize_id

search = Resource("search")


class SearchQuery(BaseModel):
    """Query of the search."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[
        str,
        StringConstraints(min_length=1, max_length=256, strip_whitespace=True),
        AfterValidator(check_text),
        AfterValidator(normalize_id),
        CONTROL_FREE,
    ] = Field(description="An id or a ref, or a part of an id")


@search.route("GET", "/v1/search", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: SearchAnswer})
def get_search(query: SearchQuery, connection: Connection) -> SearchAnswer:
    """Find networks, devices, referrers, users, links, cases, alerts and reports by id or part of it."""
    note_look(connection)
    return find_everything(
        connection, query.q, build_identifiers(), current_context().settings.detection.fraud_ipv6_prefix
    )
