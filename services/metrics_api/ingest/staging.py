"""Brings a batch of validated events into the database by COPY, and keeps what is new."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from sqlalchemy import Connection, text

from metrics_api.db.event_types import EVENT_TYPES_SQL, IS_COUNTED, TRAFFIC_TYPES
from metrics_api.db.fact_rules import CURRENT_VERSION, FactRules
from metrics_api.db.network_key import build_network_key
from metrics_api.ingest.locks import TRY_TO_CLAIM_FOLDING
from metrics_api.traffic.classifier import Verdict
from viral_contract.models.events import Event

_COLUMNS = (
    "event_type",
    "ip_address",
    "device_fingerprint",
    "link_id",
    "user_id",
    "session_id",
    "user_agent",
    "referrer_url",
    "landing_page",
    "conversion_value",
    "metadata",
    "http_method",
    "purpose",
)
_POSTED = f"{', '.join(_COLUMNS)}, traffic_class, traffic_reason, referrer_id, source, campaign"
_read_columns = itemgetter(*_COLUMNS)
_COPY = f"COPY posted_events (position, event_id, occurred_at, {_POSTED}) FROM STDIN"

# Ids have at most 128 characters. Without a TOAST table, which each commit would empty, a table costs a commit a fifth.
_SHORT = "text STORAGE PLAIN"
# What a transaction posts, and what of it turned out to be new. The steps of `folds` read what counts in `new_events`,
# all clicks and visits, by class, in `new_traffic`, and whose journey is not what it was in `changed_journeys`.
_CREATE_STAGING = (
    """CREATE TEMPORARY TABLE posted_events (
        position integer, event_id uuid, occurred_at timestamptz, event_type text, ip_address inet,
        device_fingerprint text, link_id text, referrer_id text, source text, user_id text, session_id text,
        user_agent text, referrer_url text, landing_page text, conversion_value double precision, metadata jsonb,
        http_method text, purpose text, traffic_class text, traffic_reason text, campaign text
    ) ON COMMIT DELETE ROWS""",
    f"""CREATE TEMPORARY TABLE new_events (
        event_id uuid, occurred_at timestamptz, day date, event_type {_SHORT}, ip_address inet,
        device_fingerprint {_SHORT}, link_id {_SHORT}, referrer_id {_SHORT}, source {_SHORT}, user_id {_SHORT},
        person {_SHORT}, campaign {_SHORT}, network inet
    ) ON COMMIT DELETE ROWS""",
    f"""CREATE TEMPORARY TABLE new_traffic (
        day date, source {_SHORT}, traffic_class {_SHORT}, traffic_reason {_SHORT}, clicks bigint, visits bigint,
        sample uuid
    ) ON COMMIT DELETE ROWS""",
    f"""CREATE TEMPORARY TABLE changed_journeys (
        person {_SHORT}, old_day date, old_steps integer, old_signup_at timestamptz, old_source {_SHORT},
        new_day date, new_steps integer, new_signup_at timestamptz, new_source {_SHORT}, has_moved boolean
    ) ON COMMIT DELETE ROWS""",
    f"CREATE TEMPORARY TABLE recalled_people (person {_SHORT}) ON COMMIT DELETE ROWS",
)
_NO_VERDICT = (None, None)
_HAS_STAGING = text("SELECT to_regclass('pg_temp.recalled_people') IS NOT NULL")
_EMPTY_STAGING = text("""
    WITH posted AS (DELETE FROM posted_events), new AS (DELETE FROM new_events), traffic AS (DELETE FROM new_traffic),
        changed AS (DELETE FROM changed_journeys)
    DELETE FROM recalled_people
""")

NEW_EVENT_COLUMNS = """event_id, occurred_at, day, event_type, ip_address, device_fingerprint, link_id, referrer_id,
    source, user_id, person, campaign, network"""
NEW_TRAFFIC_COLUMNS = "day, source, traffic_class, traffic_reason, clicks, visits, sample"
PERSON = "coalesce('user:' || user_id, 'session:' || session_id, 'device:' || device_fingerprint)"
_NEW_EVENT = f"""event_id, occurred_at, (occurred_at AT TIME ZONE 'UTC')::date, event_type, ip_address,
    device_fingerprint, link_id, referrer_id, source, user_id, {PERSON}, campaign, {build_network_key("ip_address")}"""
# What the folds and their staging tables need of an event: each row is held for as long as the statement runs.
_KEPT = """event_id, occurred_at, event_type, ip_address, device_fingerprint, link_id, referrer_id, source, user_id,
    session_id, traffic_class, traffic_reason, campaign"""
_NEW_TRAFFIC = """(occurred_at AT TIME ZONE 'UTC')::date, coalesce(source, ''), traffic_class,
    coalesce(traffic_reason, ''), count(*) FILTER (WHERE event_type = 'click'),
    count(*) FILTER (WHERE event_type = 'visit'), min(event_id::text COLLATE "C")::uuid"""

_CREDITS = text("""
    SELECT link_id, referrer_id, source, campaign FROM attribution_links WHERE link_id = ANY(:ids)
""")
# Sorted by id, so that two transactions with the same events wait for each other in one direction only.
_STORE_NEW = text(f"""
    WITH stored AS (
        INSERT INTO attribution_events (event_id, occurred_at, {_POSTED}, classifier_version)
        SELECT DISTINCT ON (id) id, occurred_at, {_POSTED},
            CASE WHEN traffic_class IS NOT NULL THEN ({CURRENT_VERSION}) END
        FROM (SELECT *, coalesce(event_id, uuidv7()) AS id FROM posted_events OFFSET 0) AS posted
        ORDER BY id, position
        ON CONFLICT (event_id) DO NOTHING
        RETURNING {_KEPT}
    ), counted AS (
        INSERT INTO new_events SELECT {_NEW_EVENT} FROM stored WHERE {IS_COUNTED}
    ), classified AS (
        INSERT INTO new_traffic SELECT {_NEW_TRAFFIC} FROM stored WHERE traffic_class IS NOT NULL GROUP BY 1, 2, 3, 4
    )
    SELECT count(*) AS events, count(*) > 0 AND {TRY_TO_CLAIM_FOLDING} AS may_fold,
        coalesce(jsonb_agg(jsonb_build_object(
            'event_id', event_id, 'day', (occurred_at AT TIME ZONE 'UTC')::date, 'source', coalesce(source, '')
        )) FILTER (WHERE leaking.id IS NOT NULL), '[]') AS leaking
    FROM stored LEFT JOIN unnest(CAST(:leaking AS uuid[])) AS leaking (id) ON leaking.id = event_id
""")

_RECALL_DAY = text(f"""
    WITH of_day AS (
        SELECT {_KEPT} FROM attribution_events WHERE event_type = ANY({EVENT_TYPES_SQL})
            AND occurred_at >= :day AND occurred_at < :day + interval '1 day'
            AND event_id NOT IN (SELECT event_id FROM staged_events)
    ), classified AS (
        INSERT INTO new_traffic SELECT {_NEW_TRAFFIC} FROM of_day WHERE traffic_class IS NOT NULL GROUP BY 1, 2, 3, 4
    )
    INSERT INTO new_events SELECT {_NEW_EVENT} FROM of_day WHERE {IS_COUNTED}
""")

_RECALL_PEOPLE = text(f"""
    INSERT INTO new_events SELECT {_NEW_EVENT} FROM attribution_events
    WHERE event_type = ANY({EVENT_TYPES_SQL})
      AND occurred_at >= :since AND {PERSON} IN (SELECT person FROM recalled_people) AND {IS_COUNTED}
""")


@dataclass(frozen=True)
class Stored:
    """How many events were new, and those of them that leaked personal information, with their days and sources.

    `may_fold` is whether folding was claimed, too.
    """

    events: int
    may_fold: bool
    leaking: Sequence[Mapping[str, str]]


def create_staging(connection: Connection) -> None:
    """Make sure this session has its staging tables and that they are empty."""
    if connection.execute(_HAS_STAGING).scalar_one():
        connection.execute(_EMPTY_STAGING)
        return
    for statement in _CREATE_STAGING:
        connection.execute(text(statement))


Classified = tuple[Event, Verdict | None]
"""A posted event and its class; only clicks and visits have one."""


def classify_events(events: Sequence[Event], rules: FactRules) -> list[Classified]:
    """Each event with its class."""
    classify = rules.classifier.classify
    return [
        (
            event,
            classify(event.http_method, event.purpose, event.user_agent, event.ip_address)
            if event.event_type in TRAFFIC_TYPES
            else None,
        )
        for event in events
    ]


def save_new_events(
    connection: Connection,
    events: Sequence[Classified],
    rules: FactRules,
    leaking: Collection[uuid.UUID],
    *,
    now: datetime,
) -> Stored:
    """Store the events whose ids are unknown. The first copy of an id wins whole."""
    cursor = connection.connection.cursor()
    credits_of_links = _fetch_credits(connection, events)
    with cursor.copy(_COPY) as copy:
        for row in _rows(events, credits_of_links, now):
            copy.write_row(row)
    values = {"rules": rules.description, "leaking": list(leaking), "ipv6_prefix": rules.ipv6_prefix}
    return Stored(**connection.execute(_STORE_NEW, values).one()._mapping)


def recall_events_of_day(connection: Connection, day: datetime, rules: FactRules) -> None:
    """Treat every event of the UTC day that begins at `day` as new, but those that are staged."""
    connection.execute(_RECALL_DAY, {"day": day, "ipv6_prefix": rules.ipv6_prefix})


def recall_events_of_people(connection: Connection, since: datetime) -> None:
    """Treat every event since then of the people in `recalled_people` as new, without their networks."""
    connection.execute(_RECALL_PEOPLE, {"since": since, "ipv6_prefix": None})


Credit = tuple[str | None, str | None, str | None]
"""Who brought an event about: the referrer, the loop, and the campaign, which only links have."""


def _fetch_credits(connection: Connection, events: Sequence[Classified]) -> Mapping[str, Credit]:
    """Who gets the credit for the events of each known link."""
    ids = {event.link_id for event, _ in events if event.link_id is not None}
    if not ids:
        return {}
    rows = connection.execute(_CREDITS, {"ids": list(ids)})
    return {link_id: (referrer_id, source, campaign) for link_id, referrer_id, source, campaign in rows}


def _rows(
    events: Sequence[Classified], credits_of_links: Mapping[str, Credit], now: datetime
) -> Iterator[tuple[object, ...]]:
    for position, (event, verdict) in enumerate(events):
        values = event.__dict__
        credit = credits_of_links.get(values["link_id"]) or (values["referrer_id"], values["source"], None)
        yield (
            position,
            values["event_id"],
            values["occurred_at"] or now,
            *_read_columns(values),
            *(verdict or _NO_VERDICT),
            *credit,
        )
