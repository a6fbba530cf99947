"""Gives links that older releases stored as they came the ids and texts that they would be stored under now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from metrics_api.access.pseudonyms import Pseudonyms
from metrics_api.ingest.event_pii import replace_in_link
from metrics_api.ingest.links import delete_links, fetch_known, save_links
from viral_contract.models.links import LinkItem

_STREAMED = {"stream_results": True, "yield_per": 5_000}
_LINKS = text("SELECT link_id AS id, referrer_id, source, campaign, target_url, inserted_at FROM attribution_links")
_NAMES = "unnest(CAST(:given AS text[]), CAST(:stored AS text[])) AS name (given, stored)"
_MOVE_EVENTS = text(f"""
    UPDATE attribution_events AS event SET link_id = name.stored FROM {_NAMES} WHERE event.link_id = name.given
""")
_MOVE_COUNTS = text(f"""
    WITH gone AS (
        DELETE FROM link_counts AS fact USING {_NAMES} WHERE fact.link_id = name.given
        RETURNING name.stored, fact.clicks, fact.conversions
    )
    INSERT INTO link_counts AS fact (link_id, clicks, conversions)
    SELECT stored, sum(clicks), sum(conversions) FROM gone GROUP BY stored ORDER BY stored
    ON CONFLICT (link_id) DO UPDATE SET
        clicks = fact.clicks + excluded.clicks, conversions = fact.conversions + excluded.conversions
""")


def replace_in_stored_links(connection: Connection, pseudonyms: Pseudonyms, *, now: datetime) -> None:
    """Replace personal information in all links, and the changed ids of links in events; a rebuild has to follow."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    with connection.execute(_LINKS, execution_options=_STREAMED) as found:
        for rows in found.partitions():
            links = [LinkItem.model_construct(**row._mapping) for row in rows]
            stored = [replace_in_link(link, pseudonyms) for link in links]
            changed = [pair for pair in zip(links, stored, strict=True) if pair[0].__dict__ != pair[1].__dict__]
            if changed:
                _replace(connection, *zip(*changed, strict=True), now=now)


def _replace(connection: Connection, given: Sequence[LinkItem], stored: Sequence[LinkItem], *, now: datetime) -> None:
    renamed = [(old.id, new.id) for old, new in zip(given, stored, strict=True) if old.id != new.id]
    delete_links(connection, [link.id for link in given])
    if renamed:
        old_ids, new_ids = zip(*renamed, strict=True)
        names = {"given": list(old_ids), "stored": list(new_ids)}
        connection.execute(_MOVE_EVENTS, names)
        connection.execute(_MOVE_COUNTS, names)
    # One that was sent again since, under the new id, is newer.
    known = fetch_known(connection, [link.id for link in stored])
    save_links(connection, [link for link in stored if link.id not in known], now=now)
