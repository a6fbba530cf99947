"""Stores and deletes links and keeps the facts about them."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import Connection, text

from metrics_api.ingest.inviters import CHANGES, LOCK_DAYS_OF_REFERRERS, build_fold
from metrics_api.ingest.locks import share_facts
from metrics_api.ingest.retained import fetch_retained
from viral_contract.models.links import LinkItem

_ITEMS = TypeAdapter(Sequence[LinkItem])
# What is sent at once is held several times over.
_LINKS_PER_STATEMENT = 500

_CREATE_STAGING = text("""
    CREATE TEMPORARY TABLE changed_links (
        old_at timestamptz, old_referrer text, old_source text, old_campaign text,
        new_at timestamptz, new_referrer text, new_source text, new_campaign text, unopened integer
    ) ON COMMIT DELETE ROWS
""")
_HAS_STAGING = text("SELECT to_regclass('pg_temp.changed_links') IS NOT NULL")

# Takes the lock on each link's counts before the link itself changes, as the folds of events do.
_CLAIM_COUNTS = text("""
    INSERT INTO link_counts (link_id) SELECT id FROM unnest(CAST(:ids AS text[])) AS id ORDER BY id
    ON CONFLICT (link_id) DO UPDATE SET clicks = link_counts.clicks
""")

# A link that is replaced without a time keeps the time of its creation.
_SAVE = text("""
    WITH posted AS (
        SELECT * FROM jsonb_to_recordset(CAST(:items AS jsonb)) AS item (
            id text, referrer_id text, source text, campaign text, target_url text, inserted_at timestamptz)
    ), saved AS (
        INSERT INTO attribution_links AS link
            (link_id, referrer_id, source, campaign, target_url, inserted_at, click_count, conversion_count)
        SELECT id, posted.referrer_id, posted.source, posted.campaign, posted.target_url,
            coalesce(posted.inserted_at, known.inserted_at, :now), clicks, conversions
        FROM posted JOIN link_counts ON link_counts.link_id = id
            LEFT JOIN attribution_links known ON known.link_id = id
        ORDER BY id
        ON CONFLICT (link_id) DO UPDATE SET
            referrer_id = excluded.referrer_id, source = excluded.source, campaign = excluded.campaign,
            target_url = excluded.target_url, inserted_at = excluded.inserted_at
        RETURNING old.inserted_at, old.referrer_id, old.source, old.campaign,
            new.inserted_at, new.referrer_id, new.source, new.campaign, CASE WHEN new.click_count = 0 THEN 1 ELSE 0 END
    )
    INSERT INTO changed_links SELECT * FROM saved
""")

_DELETE = text("""
    WITH deleted AS (
        DELETE FROM attribution_links WHERE link_id = ANY(CAST(:ids AS text[]))
        RETURNING inserted_at, referrer_id, source, campaign, CASE WHEN click_count = 0 THEN 1 ELSE 0 END AS unopened
    )
    INSERT INTO changed_links (old_at, old_referrer, old_source, old_campaign, unopened) SELECT * FROM deleted
""")

# What was purged of a date is in its totals, and nowhere else.
_CHANGES = """(SELECT * FROM (
    SELECT (new_at AT TIME ZONE 'UTC')::date AS day, new_referrer AS referrer_id, new_source AS source,
        new_campaign AS campaign, 1 AS items, unopened FROM changed_links WHERE new_at IS NOT NULL
    UNION ALL
    SELECT (old_at AT TIME ZONE 'UTC')::date, old_referrer, old_source, old_campaign, -1, -unopened
    FROM changed_links WHERE old_at IS NOT NULL
) AS changes WHERE day >= :kept_from) AS change"""

_FOLD_INVITES = text(f"""
    WITH campaigns AS (
        INSERT INTO activity_per_campaign_day AS fact (campaign, day, referrer_id, source, invites)
        SELECT campaign, day, referrer_id, source, sum(items) FROM {_CHANGES} WHERE campaign IS NOT NULL
        GROUP BY campaign, day, referrer_id, source HAVING sum(items) <> 0 ORDER BY campaign, day, referrer_id, source
        ON CONFLICT (campaign, day, referrer_id, source) DO UPDATE SET invites = fact.invites + excluded.invites
    ), totals AS (
        INSERT INTO activity_per_day AS fact (day, source, has_referrer, invites)
        SELECT day, source, true, sum(items) FROM {_CHANGES}
        GROUP BY day, source HAVING sum(items) <> 0 ORDER BY day, source
        ON CONFLICT (day, source, has_referrer) DO UPDATE SET invites = fact.invites + excluded.invites
    ), referrers AS (
        INSERT INTO activity_per_referrer_day AS fact (day, referrer_id, source, invites)
        SELECT day, referrer_id, source, sum(items) FROM {_CHANGES}
        GROUP BY day, referrer_id, source HAVING sum(items) <> 0 ORDER BY day, referrer_id, source
        ON CONFLICT (day, referrer_id, source) DO UPDATE SET invites = fact.invites + excluded.invites
        RETURNING {CHANGES}
    ), {build_fold("referrers")}
    SELECT 1
""")

_FOLD_CONTENT = text(f"""
    INSERT INTO content_per_day AS fact (day, kind, items, unopened)
    SELECT day, 'link', sum(items), sum(unopened) FROM {_CHANGES}
    GROUP BY day HAVING sum(items) <> 0 OR sum(unopened) <> 0 ORDER BY day
    ON CONFLICT (day, kind) DO UPDATE SET
        items = fact.items + excluded.items, unopened = fact.unopened + excluded.unopened
""")

_KNOWN = text("SELECT link_id FROM attribution_links WHERE link_id = ANY(CAST(:ids AS text[]))")
_COUNT_CREATED = text("SELECT count(*) FROM changed_links WHERE old_at IS NULL")


def save_links(connection: Connection, links: Sequence[LinkItem], *, now: datetime) -> int:
    """Store the links, replacing those that exist; of two copies the last wins. Returns how many are new."""
    latest = {link.id: link for link in links}
    _begin(connection, list(latest))
    posted = list(latest.values())
    for first in range(0, len(posted), _LINKS_PER_STATEMENT):
        some = posted[first : first + _LINKS_PER_STATEMENT]
        connection.execute(_SAVE, {"items": _ITEMS.dump_json(some).decode(), "now": now})
    created: int = connection.execute(_COUNT_CREATED).scalar_one()
    _fold(connection)
    return created


def delete_links(connection: Connection, ids: Sequence[str]) -> int:
    """Delete links, but not their events; returns how many there were."""
    known = fetch_known(connection, ids)
    if not known:
        return 0
    _begin(connection, list(known))
    found = connection.execute(_DELETE, {"ids": list(known)}).rowcount
    _fold(connection)
    return found


def fetch_known(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the ids that links have."""
    return set(connection.execute(_KNOWN, {"ids": list(ids)}).scalars())


def _begin(connection: Connection, ids: Sequence[str]) -> None:
    share_facts(connection)
    _prepare_staging(connection)
    connection.execute(_CLAIM_COUNTS, {"ids": sorted(set(ids))})


def _prepare_staging(connection: Connection) -> None:
    """Make sure that this session has its staging table and that it is empty."""
    has_staging = connection.execute(_HAS_STAGING).scalar_one()
    connection.execute(text("DELETE FROM changed_links") if has_staging else _CREATE_STAGING)


def _fold(connection: Connection) -> None:
    values = {"kept_from": fetch_retained(connection).events}
    connection.execute(LOCK_DAYS_OF_REFERRERS)
    connection.execute(_FOLD_INVITES, values)
    connection.execute(_FOLD_CONTENT, values)
