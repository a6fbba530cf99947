"""What of the first run is done.

Each is one look-up at the end of an index, or in a table that stays small. That events were purged is in the record
of the purges, one a night.
"""

from sqlalchemy import Connection, text

from metrics_api.access.tokens import ENVIRONMENT
from metrics_api.db.event_types import EVENT_TYPES_SQL
from viral_contract.models.setup import SetupAnswer

_SETUP = text(f"""
    SELECT
        EXISTS (SELECT FROM tokens WHERE created_by <> :environment) AS token,
        EXISTS (SELECT FROM unnest({EVENT_TYPES_SQL}) AS kind, LATERAL (
            SELECT FROM attribution_events WHERE event_type = kind ORDER BY occurred_at DESC LIMIT 1
        ) AS newest)
        OR EXISTS (SELECT FROM purges WHERE (deleted ->> 'attribution_events')::bigint > 0) AS event,
        (SELECT max(inserted_at) FROM attribution_links) IS NOT NULL AS link,
        EXISTS (SELECT FROM report_runs WHERE status = 'ready') AS report
""")


def fetch_setup(connection: Connection) -> SetupAnswer:
    """Which steps of the first run are done."""
    row = connection.execute(_SETUP, {"environment": ENVIRONMENT}).one()
    return SetupAnswer.model_validate(row._mapping)
