"""What happened, for programs: recorded for each rule that wants it, in the transaction in which it happens."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from viral_contract.models.deliveries import EventType

_SAVE = text("""
    INSERT INTO webhook_events (rule_id, type, key, data, created_at)
    SELECT rule.id, :type, key, data, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS happened (key text, data jsonb)
        CROSS JOIN notification_rules AS rule
    WHERE enabled AND :type = ANY(event_types) ORDER BY rule.id, key
    ON CONFLICT (rule_id, type, key) DO NOTHING
""")


def save_webhook_events(
    connection: Connection, event_type: EventType, happened: Mapping[str, Mapping[str, object]], *, now: datetime
) -> None:
    """Record what happened, by a key that is its own: each rule calls its webhook about it once."""
    if happened:
        rows = json.dumps([{"key": key, "data": data} for key, data in happened.items()])
        connection.execute(_SAVE, {"type": event_type, "rows": rows, "now": now})
