"""Where data about a subject is stored: for exports, and to find it for an erasure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Connection, TextClause, text

from metrics_api.access.identifiers import References
from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.db.network_key import LONGEST_PREFIX, SHORTEST_PREFIX, network_key
from metrics_api.ingest.staging import PERSON
from metrics_api.privacy.case_names import EXPORTS
from metrics_api.privacy.mentions import build_mention_values, list_forms, mention_in_json, mention_in_text
from metrics_api.privacy.report_names import NAMES_SUBJECT
from viral_contract.models.privacy import SubjectData, SubjectKind
from viral_contract.models.values import IpAddress

# All but that of a session use an index.
OWN_EVENTS: dict[SubjectKind, str] = {
    "user": f"{PERSON} = 'user:' || CAST(:id AS text)",
    "session": "session_id = :id",
    "device": "device_fingerprint = :id",
    "ip_address": "ip_address = CAST(:id AS inet)",
}
_ADDRESS: TypeAdapter[str] = TypeAdapter(IpAddress)
MENTIONED = {
    "parent_shares": mention_in_json("share_data"),
    "progress_reels": mention_in_json("reel_data"),
}
# Events of others that are credited to the subject may name it elsewhere too, for example in a URL.
MENTIONED_IN_CREDITED = {
    "referrer_url": mention_in_text("referrer_url"),
    "landing_page": mention_in_text("landing_page"),
    "metadata": mention_in_json("metadata"),
}
# An IPv6 network stays listed: it is of all addresses within.
LISTED: dict[SubjectKind, str] = {
    "user": "kind = 'referrer' AND value = :id",
    "device": "kind = 'device' AND value = :id",
    "ip_address": "kind = 'network' AND value = CAST(CAST(CAST(:id AS inet) AS cidr) AS text)",
}
"""Entries of lists that name the subject."""
NAMED_IN_ALERT = "evidence -> 'refs' ?| CAST(:refs AS text[])"
# Facts of a day that name the subject. Those of an IPv6 network are of others, too: after an erasure they are what is
# left of the day's events.
FACTS: dict[SubjectKind, dict[str, str]] = {
    "user": {
        "activity_per_referrer_day": "referrer_id = :id",
        "activity_per_campaign_day": "referrer_id = :id",
        "conversions_per_referrer_day": "referrer_id = :id",
        "referrers_per_network_day": "referrer_id = :id",
        "devices_per_network_day": "user_id = :id",
        "device_users": "user_id = :id",
        "referrals": "user_id = :id",
    },
    "session": {"referrals": "person = 'session:' || :id"},
    "device": {
        "clicks_per_device_day": "device_fingerprint = :id",
        "bursts_per_device_day": "device_fingerprint = :id",
        "devices_per_network_day": "device_fingerprint = :id",
        "device_users": "device_fingerprint = :id",
        "referrals": "device_fingerprint = :id",
    },
    "ip_address": {
        "clicks_per_ip_day": "ip_address = CAST(:id AS inet)",
        "devices_per_network_day": "ip_address = CAST(:id AS inet)",
        "referrers_per_network_day": "ip_address = CAST(:id AS inet)",
        "referrals": "network = CAST(:id AS inet)",
    },
}
_REST: dict[SubjectKind, dict[str, str]] = {
    "user": {
        "attribution_links": "referrer_id = :id",
        "user_journeys": "person = 'user:' || :id",
        "active_weeks": "person = 'user:' || :id",
        "cycles": "person = 'user:' || :id",
        "entity_lists": LISTED["user"],
    },
    "session": {"user_journeys": "person = 'session:' || :id", "cycles": "person = 'session:' || :id"},
    "device": {
        "user_journeys": "person = 'device:' || :id",
        "cycles": "person = 'device:' || :id",
        "entity_lists": LISTED["device"],
    },
    # Of every network that holds it.
    "ip_address": {"entity_lists": "CASE WHEN kind = 'network' THEN CAST(value AS cidr) >>= CAST(:id AS inet) END"},
}
_NAMED_IN = ", ".join(
    f"CASE WHEN {condition} THEN '{column}' END" for column, condition in MENTIONED_IN_CREDITED.items()
)
# Others' actions are not the subject's data: of credited events, the export has only type, time and where they name
# the subject.
_CREDITED = text(f"""
    SELECT jsonb_build_object('event_type', event_type, 'occurred_at', occurred_at,
        'named_in', array_remove(ARRAY[{_NAMED_IN}], NULL))
    FROM attribution_events WHERE referrer_id = :id AND user_id IS DISTINCT FROM :id ORDER BY occurred_at
""")
# Who clicked from where is others' data.
_CLICKED_LINKS = text("""
    SELECT to_jsonb(item) - 'ip_address' FROM referrers_per_network_day AS item
    WHERE referrer_id = :id ORDER BY item::text
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
# The rest of a report, and of its emails, is about everyone.
_REPORTS = text("""
    SELECT jsonb_build_object(
        'id', id, 'period_start', period_start, 'period_end', period_end, 'top_referrer', referrer)
    FROM report_runs, jsonb_array_elements(content #> '{facts,top_referrers}') AS referrer
    WHERE normalize(referrer ->> 'id', NFC) = :id
    UNION ALL
    SELECT jsonb_build_object(
        'id', id, 'period_start', period_start, 'period_end', period_end, 'flagged_referrer', culprit)
    FROM report_runs, jsonb_path_query(content, '$.facts.change.culprits[*]') AS culprit
    WHERE normalize(culprit ->> 'referrer_id', NFC) = :id
""")
_MAILED = text(f"""
    SELECT jsonb_build_object('id', item.id, 'report_id', report_id, 'status', status, 'sent_at', sent_at)
    FROM deliveries AS item JOIN delivery_requests AS request ON request.id = request_id
    WHERE content IS NOT NULL AND report_id IN (SELECT id FROM report_runs WHERE {NAMES_SUBJECT}) ORDER BY item.id
""")
_ALERTS = text(f"""
    SELECT jsonb_build_object('alert_id', id, 'type', type, 'opened_at', opened_at, 'resolved_at', resolved_at, 'rows',
        (SELECT coalesce(jsonb_agg(shown), '[]') FROM jsonb_array_elements(evidence -> 'rows') AS shown
            WHERE shown ->> 'ref' = ANY(CAST(:refs AS text[]))))
    FROM alerts WHERE {NAMED_IN_ALERT} ORDER BY id
""")


@dataclass(frozen=True)
class Subject:
    """A person, or a device, session or address that stands for them."""

    kind: SubjectKind
    id: str


_KEYS = {
    "parent_shares": "share_id",
    "progress_reels": "reel_id",
    "study_sessions": "session_id",
}


def parse_subject(kind: SubjectKind, given: str) -> Subject:
    """The subject in its stored form. Raises ValueError for an invalid address."""
    if kind != "ip_address":
        return Subject(kind, given)
    try:
        return Subject(kind, _ADDRESS.validate_python(given))
    except ValueError as error:
        raise ValueError("must be an IPv4 or IPv6 address") from error


def list_refs(subject: Subject, references: References) -> list[str]:
    """The references that stand for the subject in alerts: its own, and those of an address's networks."""
    names = {subject.id}
    if subject.kind == "ip_address":
        names |= {network_key(subject.id, prefix) for prefix in range(SHORTEST_PREFIX, LONGEST_PREFIX + 1)}
    return sorted(references.to_ref(name) for name in names)


def list_names(subject: Subject, pseudonyms: Pseudonyms) -> list[Subject]:
    """The subject as it is given, and under the id that is stored where the given one is personal information.

    Content may mention what was given, and older releases stored it in events.
    """
    stored = subject.id if subject.kind == "ip_address" else pseudonyms.replace(subject.id).id
    return list(dict.fromkeys((subject, Subject(subject.kind, stored))))


def export_subject(
    connection: Connection, names: Sequence[Subject], references: References, *, now: datetime
) -> SubjectData:
    """Everything that is stored about the subject, by any of its names, under the first; in one snapshot."""
    # Content is searched row by row.
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    given, data = names[0], dict[str, list[dict[str, Any]]]()
    for name in names:
        values = {
            **build_mention_values(name.id),
            "refs": [*list_refs(name, references), *list_forms(name.id)],
        }
        for table, statement in _list_statements(name.kind).items():
            found = connection.execute(statement, values).scalars().all()
            # What mentions it by two names is exported once.
            others = data.get(table, [])
            data[table] = [*others, *(row for row in found if row not in others)]
    return SubjectData(subject_kind=given.kind, subject_id=given.id, exported_at=now, data=data)


def _list_statements(kind: SubjectKind) -> dict[str, TextClause]:
    conditions = {"attribution_events": OWN_EVENTS[kind], **FACTS[kind], **_REST[kind], **MENTIONED}
    statements = {
        table: text(f"SELECT to_jsonb(item) FROM {table} AS item WHERE {condition} ORDER BY item::text")
        for table, condition in conditions.items()
    }
    statements |= {"violations": _VIOLATIONS, "alerts": _ALERTS}
    if kind in EXPORTS:
        statements["cases"] = EXPORTS[kind]
    if kind == "user":
        statements |= {"credited_events": _CREDITED, "study_sessions": _OTHERS_IN_SESSIONS}
        statements["referrers_per_network_day"] = _CLICKED_LINKS
        statements |= {"report_runs": _REPORTS, "deliveries": _MAILED}
    return statements


def search(
    connection: Connection, subject: Subject, events_of_sessions: Mapping[str, Sequence[UUID]]
) -> dict[str, Sequence[Any]]:
    """The keys of all rows about the subject, by table, that no index finds.

    The events of sessions are already found, by one scan for all sessions.
    """
    found = {table: search_among(connection, table, subject) for table in _list_conditions(subject)}
    if subject.kind == "session":
        found["attribution_events"] = events_of_sessions.get(subject.id, [])
    return found


def search_among(
    connection: Connection, table: str, subject: Subject, found: Sequence[Any] | None = None
) -> Sequence[Any]:
    """The keys of the table's rows about the subject; with `found`, only those of them that still are."""
    key, condition = _KEYS[table], _list_conditions(subject)[table]
    among = "" if found is None else f"AND {key} = ANY(:found)"
    statement = text(f"SELECT {key} FROM {table} WHERE {condition} {among} ORDER BY {key}")
    return connection.execute(statement, {**build_mention_values(subject.id), "found": found}).scalars().all()


def _list_conditions(subject: Subject) -> dict[str, str]:
    if subject.kind == "user":
        return {**MENTIONED, "study_sessions": ":id = ANY(participant_ids)"}
    return MENTIONED
