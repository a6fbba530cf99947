"""Removes a subject's name from what is kept: credited events, alerts, takedowns and lists."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from metrics_api.privacy.mentions import list_forms, mention_in_text
from metrics_api.privacy.report_names import forget_subject_in_reports
from metrics_api.privacy.subjects import LISTED, MENTIONED_IN_CREDITED, NAMED_IN_ALERT, Subject

_CLEARED = ", ".join(
    f"{column} = CASE WHEN {condition} THEN NULL ELSE {column} END"
    for column, condition in MENTIONED_IN_CREDITED.items()
)
CREDITED_EVENTS = f"UPDATE attribution_events SET referrer_id = NULL, {_CLEARED} WHERE referrer_id = :id"
CLEAR_CREDITED = text("""
    UPDATE attribution_events SET user_agent = NULL, metadata = NULL
    WHERE event_id = ANY(CAST(:ids AS uuid[])) AND (user_agent IS NOT NULL OR metadata IS NOT NULL)
""")
# Devices and sessions in the results of other requests.
_TRACES = text("""
    UPDATE privacy_requests SET traces = jsonb_set(traces, '{used}', (
        SELECT coalesce(jsonb_agg(used), '[]') FROM jsonb_array_elements(traces -> 'used') AS used
        WHERE NOT used @> CAST(:trace AS jsonb)))
    WHERE traces -> 'used' @> jsonb_build_array(CAST(:trace AS jsonb))
""")

_REFS = text("SELECT 'violation:' || id FROM violations WHERE content_kind = :kind AND content_id = ANY(:ids)")
# Violations under a key that is the subject's id; resolved ones outlive their item.
_PATHS = text(f"""
    UPDATE violations SET path = '/erased/' || id
    WHERE content_kind = :kind AND content_id = ANY(:ids) AND {mention_in_text("path")}
""")
_ALERTS = text(f"""
    UPDATE alerts SET evidence = evidence || jsonb_build_object(
        'refs', (SELECT coalesce(jsonb_agg(ref), '[]') FROM jsonb_array_elements_text(evidence -> 'refs') AS ref
            WHERE ref <> ALL(CAST(:refs AS text[]))),
        'rows', (SELECT coalesce(jsonb_agg(shown), '[]') FROM jsonb_array_elements(evidence -> 'rows') AS shown
            WHERE shown ->> 'ref' <> ALL(CAST(:refs AS text[]))))
    WHERE {NAMED_IN_ALERT}
""")
# A pending takedown keeps the item's id until it is delivered.
_TAKEDOWNS = text("""
    WITH named AS (
        SELECT id FROM delivery_requests AS request
        WHERE takedown ->> 'content_kind' = :kind AND takedown ->> 'content_id' = ANY(:ids) AND NOT EXISTS (
            SELECT FROM deliveries WHERE request_id = request.id AND (
                status IN ('pending', 'claimed', 'sending')
                OR status IN ('uncertain', 'dead') AND discarded_at IS NULL))
    ), emptied AS (
        UPDATE deliveries SET content = NULL WHERE request_id IN (SELECT id FROM named) AND content IS NOT NULL
        RETURNING id
    ), forgotten AS (UPDATE delivery_requests SET takedown = NULL WHERE id IN (SELECT id FROM named))
    SELECT count(*) FROM emptied
""")
_TAKE_OFF_LISTS = {kind: text(f"DELETE FROM entity_lists WHERE {named}") for kind, named in LISTED.items()}


def forget_items(connection: Connection, kind: str, ids: Sequence[str], values: Mapping[str, Any]) -> int:
    """Remove items that are about to be deleted from alerts and takedowns; returns the number of emptied deliveries."""
    item_values = {**values, "kind": kind, "ids": list(ids)}
    refs = list(connection.execute(_REFS, item_values).scalars())
    connection.execute(_ALERTS, {"refs": refs})
    connection.execute(_PATHS, item_values)
    emptied: int = connection.execute(_TAKEDOWNS, item_values).scalar_one()
    return emptied


def forget_names(connection: Connection, subject: Subject, refs: Sequence[str]) -> dict[str, int]:
    """Remove the subject from reports, alerts and lists; returns the number of changed rows by table."""
    connection.execute(_TRACES, {"trace": json.dumps({"kind": subject.kind, "id": subject.id})})
    changed = forget_subject_in_reports(connection, subject.id) if subject.kind == "user" else {}
    changed["alerts"] = connection.execute(_ALERTS, {"refs": [*refs, *list_forms(subject.id)]}).rowcount
    if subject.kind in _TAKE_OFF_LISTS:
        changed["entity_lists"] = connection.execute(_TAKE_OFF_LISTS[subject.kind], {"id": subject.id}).rowcount
    return changed
