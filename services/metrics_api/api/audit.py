"""The audit log, for admins, and the looks at identifiers that only the dashboard knows of."""

from datetime import UTC, datetime
from http import HTTPStatus

from flask import current_app
from sqlalchemy import Connection

from metrics_api.access.audit import (
    CURSOR,
    build_look,
    count_audit_entries,
    fetch_audit_page,
    save_looks,
)
from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.problems import invalid
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import Resource
from viral_contract.models.audit import AuditAnswer, AuditFilter, Looks, LooksNoted
from viral_contract.models.flagged import SortOrder
from viral_contract.models.people import Scope
from viral_contract.models.problem import FieldError

audit = Resource("audit")
_HOUR_SECONDS = 60 * 60


class AuditQuery(AuditFilter, ListQuery):
    """Query of the audit log."""

    order: SortOrder = "desc"


@audit.route("GET", "/v1/audit-entries", scope=Scope.ADMIN, answers={HTTPStatus.OK: AuditAnswer})
def get_audit_entries(query: AuditQuery, connection: Connection) -> AuditAnswer:
    """List the audit log, newest first, or oldest first with order=asc."""
    name = f"{CURSOR} {query.order}"
    page = read_page(query, name)
    rows = fetch_audit_page(connection, query, page, oldest_first=query.order == "asc")
    shown, next_cursor = split_page(page, name, rows, "id")
    return AuditAnswer(
        entries=shown,
        total_entries=count_audit_entries(connection, query),
        next_cursor=next_cursor,
    )


@audit.route("POST", "/v1/audit-entries/looks", scope=Scope.IDENTIFIERS_READ, answers={HTTPStatus.OK: LooksNoted})
def note_shared_looks(body: Looks) -> LooksNoted:
    """Audit that the caller is shown identifiers that these routes answered to someone else: for shared pages."""
    known = {rule.rule for rule in current_app.url_map.iter_rules()}
    wrong = [index for index, route in enumerate(body.routes) if route not in known]
    if wrong:
        raise invalid([FieldError(pointer=f"/routes/{index}", detail="is not a route") for index in wrong])
    now, actor, noted = datetime.now(UTC), current_principal().name, current_context().noted_looks
    looks = [build_look(actor, route, "look_at_identifiers", now=now) for route in dict.fromkeys(body.routes)]
    missing = [look for look in looks if look not in noted]
    if missing:
        with current_context().database.write() as connection:
            save_looks(connection, missing)
        noted.add(missing)
    return LooksNoted(seconds=_HOUR_SECONDS - 60 * now.minute - now.second - 1)
