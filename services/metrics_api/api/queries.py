"""Parts of queries that several routes share: pages of a list, the period and thresholds of detectors."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, TypeVar

from flask import Response, after_this_request, request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from metrics_api.access.audit import LookAction, build_look, save_looks
from metrics_api.access.identifiers import Identifiers
from metrics_api.api.authentication import current_principal, save_later
from metrics_api.api.context import current_context
from metrics_api.api.problems import invalid
from metrics_api.db.paging import InvalidCursorError, Page, decode_cursor, encode_cursor
from metrics_api.detection.query import Query
from metrics_api.ingest.retained import fetch_retained
from metrics_api.settings.detection import DetectionSettings
from viral_contract.client.connection import LOOK_HEADER
from viral_contract.models.growth import KFactorAnswer
from viral_contract.models.period import PeriodAnswer, PeriodQuery
from viral_contract.models.problem import FieldError
from viral_contract.models.thresholds import Overrides

Item = TypeVar("Item")
Answer = TypeVar("Answer", bound=PeriodAnswer)


class ListQuery(BaseModel):
    """The page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=1000)] = 50
    cursor: str | None = Field(None, description="next_cursor of the previous page")


def parse_query(
    period: PeriodQuery, overrides: Overrides, page: Page, *, default_days: int = 7, shows_identifiers: bool = True
) -> Query:
    """The detectors' query for this request, with identifiers as its caller sees them, or masked.

    Raises ProblemError 422 if the overrides contradict each other.
    """
    context, now = current_context(), datetime.now(UTC)
    settings, dates = apply_overrides(overrides), period.period(now=now, default_days=default_days)
    identifiers = build_identifiers() if shows_identifiers else Identifiers(context.references, whole=False)
    return Query(dates, settings, now, identifiers, page, context.settings.detection)


def apply_overrides(overrides: Overrides) -> DetectionSettings:
    """The configured thresholds with the request's overrides. Raises ProblemError 422 if they contradict each other."""
    try:
        return overrides.apply_to(current_context().settings.detection)
    except ValueError as error:
        raise invalid([FieldError(pointer="#health_status_excellent", detail=str(error))]) from error


def build_identifiers() -> Identifiers:
    """Identifiers as the caller of this request sees them; a route that uses it calls `note_look`, too."""
    return Identifiers(current_context().references, current_principal().sees_identifiers)


def note_look(connection: Connection, action: LookAction = "look_at_identifiers") -> None:
    """Audit, once per hour and route, that the caller sees full identifiers, or names one that it may not see.

    A caller who sees masks is not audited. After a read-only transaction, another one writes the entry.
    """
    principal = current_principal()
    route = str(request.url_rule)
    if action == "look_at_identifiers":
        if not principal.sees_identifiers:
            return
        after_this_request(partial(_name_look, route))
    look = build_look(principal.name, route, action, now=datetime.now(UTC))
    if look in current_context().noted_looks:
        return
    if connection.get_execution_options().get("postgresql_readonly"):
        save_later(lambda writing: save_looks(writing, [look]), then=lambda: current_context().noted_looks.add([look]))
    else:
        # It may still be rolled back, so it is not remembered.
        save_looks(connection, [look])


def _name_look(route: str, response: Response) -> Response:
    response.headers[LOOK_HEADER] = route
    return response


def note_retention(connection: Connection, answer: Answer) -> Answer:
    """Set the first date with complete data if the answer's period, or the one it compares with, begins before it."""
    retained = fetch_retained(connection)
    first = max(retained.events, retained.content)
    earliest = min(answer.period.start, answer.previous.period.start) if isinstance(answer, KFactorAnswer) else None
    if (earliest or answer.period.start) < first:
        answer.retained_from = first
    return answer


def read_page(query: ListQuery, name: str) -> Page:
    """The requested page of the list `name`. Raises ProblemError 422 for a cursor of another list."""
    if query.cursor is None:
        return Page(query.limit)
    try:
        return Page(query.limit, decode_cursor(current_context().references, name, query.cursor))
    except InvalidCursorError as error:
        raise invalid([FieldError(pointer="#cursor", detail=str(error))]) from error


def split_page(page: Page, name: str, rows: Sequence[Item], *key: str) -> tuple[list[Item], str | None]:
    """The rows of this page of the list `name`, and the cursor after the last one if more follow.

    `key` names the fields by which the list is ordered.
    """
    shown, last = page.split(rows)
    if last is None:
        return shown, None
    return shown, encode_cursor(current_context().references, name, [getattr(last, part) for part in key])
