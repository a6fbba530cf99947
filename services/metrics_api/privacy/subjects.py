"""Where a subject can stand: what is exported, and what is looked for when it is erased."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, text

from viral_engine.contract.privacy import SubjectData, SubjectKind
from viral_engine.contract.values import IpAddress

EVENT_COLUMNS: dict[SubjectKind, str] = {
    "user": "user_id",
    "session": "session_id",
    "device": "device_fingerprint",
    "ip_address": "ip_address",
}
_ADDRESS: TypeAdapter[str] = TypeAdapter(IpAddress)
# Anywhere in what was shared, as a whole text.
_MENTIONS = "jsonb_path_exists({data}, '$.** ? (@ == $id)', jsonb_build_object('id', CAST(:id AS text)))"
MENTIONED = {
    "parent_shares": _MENTIONS.format(data="share_data"),
    "progress_reels": _MENTIONS.format(data="reel_data"),
}
# Facts of a day that name the subject.
FACTS: dict[SubjectKind, dict[str, str]] = {
    "user": {"activity_per_referrer_day": "referrer_id = :id"},
    "session": {},
    "device": {
        "clicks_per_device_day": "device_fingerprint = :id",
        "bursts_per_device_day": "device_fingerprint = :id",
    },
    "ip_address": {"clicks_per_ip_day": "ip_address = CAST(:id AS inet)"},
}
_REST: dict[SubjectKind, dict[str, str]] = {
    "user": {
        "attribution_links": "referrer_id = :id",
        "user_journeys": "person = 'user:' || :id",
        "active_weeks": "person = 'user:' || :id",
        "study_sessions": ":id = ANY(participant_ids)",
        **MENTIONED,
    },
    "session": {"user_journeys": "person = 'session:' || :id", **MENTIONED},
    "device": {"user_journeys": "person = 'device:' || :id"},
    "ip_address": {},
}
# What others did is not the subject's to see: of the events that earned it credit only kind and time are.
_CREDITED = text("""
    SELECT jsonb_build_object('event_type', event_type, 'occurred_at', occurred_at) FROM attribution_events
    WHERE referrer_id = :id AND user_id IS DISTINCT FROM :id ORDER BY occurred_at
""")
_OTHERS_IN_SESSIONS = text("""
    SELECT to_jsonb(item) - 'participant_ids' || jsonb_build_object('participants', cardinality(participant_ids))
    FROM study_sessions AS item WHERE :id = ANY(participant_ids) ORDER BY inserted_at
""")
_VIOLATIONS = text(f"""
    SELECT to_jsonb(item) FROM violations AS item
    WHERE (content_kind = 'parent_share'
            AND content_id IN (SELECT share_id FROM parent_shares WHERE {MENTIONED["parent_shares"]}))
        OR (content_kind = 'progress_reel'
            AND content_id IN (SELECT reel_id FROM progress_reels WHERE {MENTIONED["progress_reels"]}))
    ORDER BY id
""")


@dataclass(frozen=True)
class Subject:
    """Somebody, or the device or address that stands for them."""

    kind: SubjectKind
    id: str


def parse_subject(kind: SubjectKind, given: str) -> Subject:
    """The subject as it is stored. Raises ValueError where an address is none."""
    if kind != "ip_address":
        return Subject(kind, given)
    try:
        return Subject(kind, _ADDRESS.validate_python(given))
    except ValueError as error:
        raise ValueError("must be an IPv4 or IPv6 address") from error


def match_events(kind: SubjectKind) -> str:
    """The condition in SQL that holds of the subject's own events."""
    value = "CAST(:id AS inet)" if kind == "ip_address" else ":id"
    return f"{EVENT_COLUMNS[kind]} = {value}"


def export_subject(connection: Connection, subject: Subject, *, now: datetime) -> SubjectData:
    """Everything that is stored about the subject; the connection must be one snapshot."""
    # Only events of known addresses and devices are found by an index; the others are looked for one by one.
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    conditions = {"attribution_events": match_events(subject.kind), **FACTS[subject.kind], **_REST[subject.kind]}
    statements = {
        table: text(f"SELECT to_jsonb(item) FROM {table} AS item WHERE {condition} ORDER BY item::text")
        for table, condition in conditions.items()
    }
    if subject.kind == "user":
        statements |= {"credited_events": _CREDITED, "study_sessions": _OTHERS_IN_SESSIONS}
    if "parent_shares" in conditions:
        statements["violations"] = _VIOLATIONS
    data = {name: list(connection.execute(it, {"id": subject.id}).scalars()) for name, it in statements.items()}
    return SubjectData(subject_kind=subject.kind, subject_id=subject.id, exported_at=now, data=data)
