"""Classifies stored clicks and visits again where the rules have changed, in steps of bounded work.

The rules in use are the newest of `fact_versions`. A process with others is of a release or a configuration that is
being replaced: what it stores has no version, and is classified again later.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Row, text

from metrics_api.db.event_types import TRAFFIC_TYPES_SQL
from metrics_api.db.fact_rules import FactRules
from metrics_api.ingest.combiner import own_facts

Step = list[str]
_EVENTS_PER_STEP = 20_000
_STREAMED = {"stream_results": True, "yield_per": 5_000}
_IS_TRAFFIC = f"event_type IN {TRAFFIC_TYPES_SQL}"
_IS_OPEN = f"classifier_version IS NULL AND {_IS_TRAFFIC}"

_NEWEST = text("SELECT id, rules FROM fact_versions ORDER BY id DESC LIMIT 1")
_ADD_VERSION = text("INSERT INTO fact_versions (rules, started_at) VALUES (:rules, :now)")
_HAS_OPEN = text(f"SELECT EXISTS (SELECT FROM attribution_events WHERE {_IS_OPEN})")
_HAS_NO_CLASS = text(f"SELECT EXISTS (SELECT FROM attribution_events WHERE {_IS_OPEN} AND traffic_class IS NULL)")
_HAS_TRAFFIC = text(f"SELECT EXISTS (SELECT FROM attribution_events WHERE {_IS_TRAFFIC})")
_NO_TIMEOUT = text("SET LOCAL statement_timeout = 0")
_DAYS = """
    SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*) AS events FROM attribution_events
    WHERE {wanted} GROUP BY 1 ORDER BY 1
"""
_OF_STEP = text(f"""
    SELECT event_id, http_method, purpose, user_agent, host(ip_address) AS ip_address, traffic_class, traffic_reason,
        classifier_version
    FROM attribution_events
    WHERE {_IS_TRAFFIC} AND occurred_at >= CAST(:start AS timestamptz)
        AND occurred_at < CAST(:end AS timestamptz)
""")
_SAVE = text("""
    UPDATE attribution_events AS event
    SET traffic_class = new.traffic_class, traffic_reason = new.traffic_reason, classifier_version = :version
    FROM unnest(CAST(:ids AS uuid[]), CAST(:classes AS text[]), CAST(:reasons AS text[]))
        AS new (event_id, traffic_class, traffic_reason)
    WHERE event.event_id = new.event_id
""")


class OtherRulesError(Exception):
    """This process has other rules than those in use: another one has to do it."""


def are_in_use(connection: Connection, rules: FactRules) -> bool:
    """Whether stored events were classified, or are being classified, by these rules."""
    newest = connection.execute(_NEWEST).one_or_none()
    return newest is not None and newest.rules == rules.description


def has_open_events(connection: Connection) -> bool:
    """Whether something was stored by a process with other rules."""
    found: bool = connection.execute(_HAS_OPEN).scalar_one()
    return found


def has_unclassified_events(connection: Connection) -> bool:
    """Whether something was stored by a release that knows no classes."""
    found: bool = connection.execute(_HAS_NO_CLASS).scalar_one()
    return found


def put_in_use(connection: Connection, rules: FactRules, *, now: datetime) -> None:
    """Record the rules as those in use, unless they are.

    Writers are kept out until the transaction ends, which has to be soon: whoever comes later knows by which rules to
    classify.
    """
    own_facts(connection)
    if not are_in_use(connection, rules):
        connection.execute(_ADD_VERSION, {"rules": rules.description, "now": now})


def has_traffic(connection: Connection) -> bool:
    """Whether a click or visit is stored."""
    found: bool = connection.execute(_HAS_TRAFFIC).scalar_one()
    return found


def plan_classification(connection: Connection, rules: FactRules, *, only_open: bool) -> list[Step]:
    """The steps over what others may have classified: their first and last moment.

    Counts all clicks and visits, which takes a while and keeps no writer out. What is stored later is classified by the
    rules in use, or is open. Raises OtherRulesError where the rules are not those in use.
    """
    if not are_in_use(connection, rules):
        raise OtherRulesError
    connection.execute(_NO_TIMEOUT)
    wanted = _IS_OPEN if only_open else _IS_TRAFFIC
    return [step for row in connection.execute(text(_DAYS.format(wanted=wanted))) for step in _split_day(row)]


def _split_day(row: Row[Any]) -> list[Step]:
    """A day in parts of equal length, so many that each has few events where they are spread evenly."""
    parts = -(-row.events // _EVENTS_PER_STEP)
    start = datetime.combine(row.day, time.min, tzinfo=UTC)
    cuts = [start + timedelta(days=1) * part / parts for part in range(parts + 1)]
    return [[first.isoformat(), last.isoformat()] for first, last in pairwise(cuts)]


def classify_step(connection: Connection, step: Step, rules: FactRules) -> None:
    """Classify the events of one step; doing it again changes nothing.

    Raises OtherRulesError where the rules are not those in use.
    """
    newest = connection.execute(_NEWEST).one()
    if newest.rules != rules.description:
        raise OtherRulesError
    moments = {"start": step[0], "end": step[1]}
    with connection.execute(_OF_STEP, moments, execution_options=_STREAMED) as found:
        for rows in found.partitions():
            _save_changed(connection, rows, rules, newest.id)


def _save_changed(connection: Connection, rows: Sequence[Row[Any]], rules: FactRules, version: int) -> None:
    """Store what is new; a verdict that stays keeps the version that came to it first."""
    changed = []
    for row in rows:
        verdict = rules.classifier.classify(row.http_method, row.purpose, row.user_agent, row.ip_address)
        if row.classifier_version is None or (row.traffic_class, row.traffic_reason) != verdict:
            changed.append((row.event_id, *verdict))
    if changed:
        ids, classes, reasons = zip(*sorted(changed), strict=True)
        values = {"ids": list(ids), "classes": list(classes), "reasons": list(reasons), "version": version}
        connection.execute(_SAVE, values)
