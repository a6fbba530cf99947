"""The audit log, for admins."""

from http import HTTPStatus

from sqlalchemy import Connection

from metrics_api.access.audit import CURSOR, count_audit_entries, fetch_audit_page
from metrics_api.api.queries import ListQuery, read_page, split_page
from metrics_api.api.routing import Resource
from viral_contract.models.audit import AuditAnswer, AuditFilter
from viral_contract.models.flagged import SortOrder
from viral_contract.models.people import Scope

audit = Resource("audit")


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
