"""Drafts of thresholds: try them on the past, run them beside the live ones, promote or discard them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError, invalid, not_found
from metrics_api.api.queries import (
    ListQuery,
    apply_overrides,
    note_look,
    note_retention,
    parse_query,
    read_page,
    split_page,
)
from metrics_api.api.routing import ROW_ID, Resource
from metrics_api.detection.query import COMPONENT_ROWS
from metrics_api.drafts import store
from metrics_api.drafts.answer import fetch_draft_answer
from metrics_api.drafts.curve import fetch_curve
from metrics_api.drafts.power import fetch_power
from metrics_api.drafts.replay import replay_next
from metrics_api.drafts.verdicts import fetch_precision
from metrics_api.ingest.retained import fetch_retained
from viral_contract.models.drafts import (
    CurveAnswer,
    CurveSetting,
    DraftAnswer,
    DraftCreated,
    DraftRequest,
    DraftsAnswer,
)
from viral_contract.models.flags import Flag
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery
from viral_contract.models.problem import FieldError, Problem
from viral_contract.models.quality import QualityAnswer
from viral_contract.models.thresholds import Overrides

drafts = Resource("drafts", Flag.GUARDRAIL_DASHBOARD)
_DRAFTS = "/v1/drafts"
_DRAFT = f"{_DRAFTS}/<{ROW_ID}:draft_id>"
# Most replays are done within it; the reconciler does the rest.
_INLINE_SECONDS = 2


class DraftQuery(BaseModel):
    """Query of one draft."""

    model_config = ConfigDict(extra="forbid")

    rows: int = Field(100, ge=1, le=10_000, description="How many of each difference to list")


class CurveQuery(PeriodQuery):
    """Query of the curve."""

    setting: CurveSetting = Field("fraud_ip_click_threshold", description="The setting whose values are tried")


@drafts.route("GET", _DRAFTS, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: DraftsAnswer})
def get_drafts(query: ListQuery, connection: Connection) -> DraftsAnswer:
    """List drafts, newest first, with the progress of their replays."""
    page = read_page(query, store.CURSOR)
    shown, next_cursor = split_page(page, store.CURSOR, store.fetch_drafts(connection, page), "id")
    return DraftsAnswer(drafts=shown, total_drafts=store.count_drafts(connection), next_cursor=next_cursor)


@drafts.route(
    "POST", _DRAFTS, scope=Scope.ALERTS_WRITE, answers={HTTPStatus.CREATED: DraftCreated, HTTPStatus.CONFLICT: Problem}
)
def post_draft(body: DraftRequest) -> tuple[DraftCreated, HTTPStatus]:
    """Create a draft and replay its period; a long replay goes on in the background."""
    with _changing(body) as connection:
        draft_id = store.save_draft(connection, body, actor=current_principal().name, now=datetime.now(UTC))
    _replay_for_a_while(draft_id)
    return DraftCreated(id=draft_id), HTTPStatus.CREATED


@drafts.route("GET", "/v1/guardrails/quality", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: QualityAnswer})
def get_quality(connection: Connection) -> QualityAnswer:
    """Get the precision of each rule, and what the rules found of planted fraud last night."""
    power_date, power = fetch_power(connection)
    return QualityAnswer(
        rules=fetch_precision(connection), power=power, power_date=power_date, computed_at=datetime.now(UTC)
    )


@drafts.route("GET", f"{_DRAFTS}/curve", scope=Scope.METRICS_READ, answers={HTTPStatus.OK: CurveAnswer})
def get_curve(query: CurveQuery, connection: Connection) -> CurveAnswer:
    """Count what is flagged at each value of one setting, split by known verdicts."""
    asked = parse_query(query, Overrides(), COMPONENT_ROWS, default_days=30, shows_identifiers=False)
    return note_retention(connection, fetch_curve(connection, asked, query.setting))


@drafts.route("GET", _DRAFT, scope=Scope.METRICS_READ, answers={HTTPStatus.OK: DraftAnswer})
def get_draft(draft_id: int, query: DraftQuery, connection: Connection) -> DraftAnswer:
    """Get what a draft would change. The days fill up while its replay is in progress."""
    with _refusals(draft_id):
        draft = store.fetch_draft(connection, draft_id)
    asked = parse_query(PeriodQuery(), Overrides(), COMPONENT_ROWS)
    note_look(connection)
    period = draft.period_until(asked.now.date())
    return note_retention(connection, fetch_draft_answer(connection, draft, replace(asked, period=period), query.rows))


@drafts.route(
    "PUT", _DRAFT, scope=Scope.ALERTS_WRITE, answers={HTTPStatus.NO_CONTENT: None, HTTPStatus.CONFLICT: Problem}
)
def put_draft(draft_id: int, body: DraftRequest) -> None:
    """Change a draft, which is then replayed again, or let it run beside the live settings."""
    with _changing(body, draft_id) as connection:
        store.change_draft(connection, draft_id, body, actor=current_principal().name, now=datetime.now(UTC))
    _replay_for_a_while(draft_id)


@drafts.route("POST", f"{_DRAFT}/promote", scope=Scope.ADMIN, answers={HTTPStatus.NO_CONTENT: None})
def post_promotion(draft_id: int) -> None:
    """Mark a draft as promoted. The live settings change when its Helm values are applied."""
    with _refusals(draft_id), current_context().database.write() as connection:
        store.promote_draft(connection, draft_id, actor=current_principal().name, now=datetime.now(UTC))


@drafts.route("DELETE", _DRAFT, scope=Scope.ALERTS_WRITE, answers={HTTPStatus.NO_CONTENT: None})
def delete_draft(draft_id: int) -> None:
    """Discard a draft."""
    with _refusals(draft_id), current_context().database.write() as connection:
        store.delete_draft(connection, draft_id, actor=current_principal().name, now=datetime.now(UTC))


@contextmanager
def _changing(body: DraftRequest, draft_id: int | None = None) -> Iterator[Connection]:
    """A transaction for a draft whose settings go together and whose period is kept."""
    apply_overrides(body.settings)
    with _refusals(draft_id), current_context().database.write() as connection:
        retained = fetch_retained(connection)
        first = max(retained.events, retained.content)
        if body.start < first:
            raise invalid([FieldError(pointer="/start", detail=f"events are kept from {first} on")])
        yield connection


@contextmanager
def _refusals(draft_id: int | None) -> Iterator[None]:
    try:
        yield
    except store.UnknownDraftError as error:
        raise not_found(f"draft {draft_id}") from error
    except store.TooManyShadowsError as error:
        detail = f"{store.MAX_SHADOWS} drafts run as shadows already. End one of them first."
        raise ProblemError(HTTPStatus.CONFLICT, "too_many_shadows", detail) from error


def _replay_for_a_while(draft_id: int) -> None:
    stop_at = time.monotonic() + _INLINE_SECONDS
    while time.monotonic() < stop_at and replay_next(current_context(), now=datetime.now(UTC), draft_id=draft_id):
        pass
