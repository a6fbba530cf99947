"""Data that an erasure leaves under devices, sessions and addresses of the subject, and whether others use them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Connection, text

from metrics_api.privacy.subjects import OWN_EVENTS, Subject
from viral_contract.models.privacy import SubjectKind, Trace

_COLUMNS: Mapping[SubjectKind, str] = {
    "device": "device_fingerprint",
    "session": "session_id",
    "ip_address": "host(ip_address)",
}
_USED = ", ".join(
    f"array_agg(DISTINCT {column}) FILTER (WHERE {column} IS NOT NULL) AS {kind}" for kind, column in _COLUMNS.items()
)
# On an address, a visitor without a user id counts as another person unless on one of the subject's devices.
_OF_ADDRESS = """CASE WHEN user_id IS NOT NULL THEN 'user:' || user_id
    WHEN device_fingerprint <> ALL(CAST(:devices AS text[])) THEN 'device:' || device_fingerprint END"""
_LEFT: Mapping[SubjectKind, str] = {
    "device": "device_fingerprint AS id, count(DISTINCT user_id) AS others FROM attribution_events"
    " WHERE device_fingerprint = ANY(CAST(:ids AS text[]))",
    "session": "session_id AS id, count(DISTINCT user_id) AS others FROM attribution_events"
    " WHERE session_id = ANY(CAST(:ids AS text[]))",
    "ip_address": f"host(ip_address) AS id, count(DISTINCT {_OF_ADDRESS}) AS others FROM attribution_events"
    " WHERE ip_address = ANY(CAST(:ids AS inet[]))",
}
_EVENTS_OF_SESSIONS = text(
    "SELECT session_id, array_agg(event_id) AS events FROM attribution_events"
    " WHERE session_id = ANY(:ids) GROUP BY session_id"
)


def fetch_used(connection: Connection, names: Sequence[Subject]) -> list[Subject]:
    """The devices, sessions and addresses of the subject's own events, by whichever of its names they are known."""
    used: dict[Subject, None] = {}
    for name in names:
        statement = text(f"SELECT {_USED} FROM attribution_events WHERE {OWN_EVENTS[name.kind]}")
        row = connection.execute(statement, {"id": name.id}).one()._mapping
        used |= dict.fromkeys(Subject(kind, each) for kind in _COLUMNS for each in row[kind] or [])
    return list(used)


def fetch_traces(connection: Connection, used: Iterable[Subject], *, besides: Subject | None = None) -> list[Trace]:
    """The data stored under each of these, without the events of `besides`; empty ones are left out."""
    ids = {kind: [each.id for each in used if each.kind == kind] for kind in _LEFT}
    own = f" AND ({OWN_EVENTS[besides.kind].replace(':id', ':own')}) IS NOT TRUE" if besides else ""
    traces = []
    for kind, selection in _LEFT.items():
        values = {"ids": ids[kind], "devices": ids["device"], "own": besides.id if besides else None}
        statement = text(f"SELECT count(*) AS events, {selection}{own} GROUP BY 2 ORDER BY 2")
        rows = connection.execute(statement, values) if ids[kind] else ()
        traces += [Trace(kind=kind, id=row.id, events=row.events, others=row.others) for row in rows]
    return traces


def choose_alone(traces: Iterable[Trace], kinds: Collection[SubjectKind]) -> list[Subject]:
    """Those of these kinds that no one else uses."""
    return [Subject(trace.kind, trace.id) for trace in traces if trace.kind in kinds and not trace.others]


def fetch_events_of_sessions(connection: Connection, sessions: Sequence[Subject]) -> dict[str, list[UUID]]:
    """The events of each session, by its id; this scans all events."""
    if not sessions:
        return {}
    rows = connection.execute(_EVENTS_OF_SESSIONS, {"ids": [session.id for session in sessions]})
    return {row.session_id: row.events for row in rows}
