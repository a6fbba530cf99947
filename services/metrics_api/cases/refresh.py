"""Opens, changes and closes cases, so that they match what the rules find.

Only what changed is written, while no verdict can be given. While facts are rebuilt, rules find less than there is:
cases are opened and grow, and nothing is closed or taken back.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import get_args
from uuid import UUID

from sqlalchemy import Connection, text

from metrics_api.batches.ledger import is_rebuilding
from metrics_api.cases.device_findings import find_devices
from metrics_api.cases.events import save_not_credible, save_opened
from metrics_api.cases.findings import CASE_DAYS, Finding
from metrics_api.cases.listed_findings import find_listed
from metrics_api.cases.network_findings import find_networks
from metrics_api.cases.planning import Entity, KnownCase, Plan, State, WantedCase, plan_cases
from metrics_api.cases.referrer_findings import find_referrers
from metrics_api.cases.stakes import count_stakes, own_cases
from metrics_api.detection.entity_lists import Lists, Networks, fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE
from metrics_api.ingest.erased import Erasures, fetch_erasures
from metrics_api.ingest.locks import share_facts
from metrics_api.ingest.referrals import are_referrals_settled
from viral_contract.models.cases import CaseKind
from viral_contract.models.period import Period

_STATE = "rules, strength, evidence, source, clicks, first_seen, last_seen"
_ROW = """
    jsonb_to_recordset(CAST(:rows AS jsonb)) AS given (id bigint, status text, kind text, entity text, rules text[],
        strength text, evidence jsonb, source text, clicks bigint, first_seen timestamptz, last_seen timestamptz)
"""
# The newest verdict about an entity comes first.
_KNOWN = text(f"""
    SELECT id, kind, entity, status, {_STATE}, coalesce({IS_ACTIVE}, false) AS is_in_force FROM cases
    WHERE status = 'open' AND kind = ANY(:looked_at) OR (kind, entity) IN (
        SELECT kind, entity FROM unnest(CAST(:kinds AS text[]), CAST(:entities AS text[])) AS found (kind, entity))
    ORDER BY decided_at DESC NULLS LAST, id
""")
_OPEN = text(f"""
    INSERT INTO cases (kind, entity, status, status_at, opened_at, {_STATE})
    SELECT kind, entity, 'open', :now, :now, {_STATE} FROM {_ROW} ORDER BY kind, entity
    ON CONFLICT (kind, entity) WHERE status = 'open' DO NOTHING RETURNING id, kind, entity
""")
_CHANGE = text(f"""
    UPDATE cases SET {", ".join(f"{column} = given.{column}" for column in _STATE.split(", "))},
        status = CASE cases.status WHEN 'closed' THEN 'open' ELSE cases.status END,
        status_at = CASE cases.status WHEN 'closed' THEN :now ELSE cases.status_at END
    FROM {_ROW} WHERE cases.id = given.id AND cases.status = given.status
""")
_CLOSE = text("""
    UPDATE cases SET status = 'closed', status_at = :now WHERE id = ANY(:ids) AND status = 'open' RETURNING id, rules
""")
# What the rules looked at and no longer find is taken back; older conversions stay as they were judged, and so does
# what a person decided about.
_DIFFERENCE = text("""
    SELECT coalesce(wanted.case_id, stored.case_id) AS case_id, coalesce(wanted.event_id, stored.event_id) AS event_id,
        wanted.is_flagged
    FROM unnest(CAST(:case_ids AS bigint[]), CAST(:event_ids AS uuid[]), CAST(:flags AS boolean[]))
        AS wanted (case_id, event_id, is_flagged)
    FULL JOIN (
        SELECT case_id, event_id, is_flagged, status FROM case_conversions JOIN cases ON cases.id = case_id
        WHERE day >= :first_day AND kind = ANY(:looked_at)
    ) AS stored ON stored.case_id = wanted.case_id AND stored.event_id = wanted.event_id
    WHERE stored.is_flagged IS DISTINCT FROM wanted.is_flagged
        AND (wanted.case_id IS NOT NULL OR stored.status <> 'decided')
        AND (:are_all OR coalesce(wanted.is_flagged > stored.is_flagged, stored.case_id IS NULL))
""")
_ADD = text("""
    INSERT INTO case_conversions AS stored (case_id, event_id, day, is_flagged)
    SELECT case_id, event_id, (occurred_at AT TIME ZONE 'UTC')::date, is_flagged
    FROM unnest(CAST(:case_ids AS bigint[]), CAST(:event_ids AS uuid[]), CAST(:flags AS boolean[]))
        AS wanted (case_id, event_id, is_flagged) JOIN attribution_events USING (event_id)
    ON CONFLICT (case_id, event_id) DO UPDATE SET is_flagged = excluded.is_flagged
""")
_TAKE_BACK = text("""
    DELETE FROM case_conversions AS stored USING
        unnest(CAST(:case_ids AS bigint[]), CAST(:event_ids AS uuid[])) AS gone (case_id, event_id), cases
    WHERE stored.case_id = gone.case_id AND stored.event_id = gone.event_id
        AND cases.id = stored.case_id AND cases.status <> 'decided'
""")
_COUNT = text("""
    UPDATE cases SET conversions = counted.conversions FROM (
        SELECT id, (SELECT count(*) FROM case_conversions WHERE case_id = touched.id) AS conversions
        FROM unnest(CAST(:ids AS bigint[])) AS touched (id)
    ) AS counted WHERE cases.id = counted.id AND cases.conversions <> counted.conversions
""")
_NOTE = text("""
    INSERT INTO case_changes (case_id, changed_at, kind, rules)
    SELECT id, :now, kind, rules
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS given (id bigint, kind text, rules text[])
""")
CASE_KINDS: Sequence[CaseKind] = get_args(CaseKind)
OPENED_AT_ONCE = 1_000
"""Strangers choose how much rules find: those with most at stake first, the others at the next evaluations."""
Change = tuple[int, str, Sequence[str]]
Difference = tuple[int, UUID, bool | None]
"""A case's conversion that is or is not flagged, or, with None, that is no longer found."""


@dataclass(frozen=True)
class Found:
    """What the rules found, and what was erased before."""

    findings: Sequence[Finding]
    erasures: Erasures


def refresh_cases(connection: Connection, query: Query, kinds: Collection[CaseKind] = CASE_KINDS) -> None:
    """Make the cases of these kinds match what is found in the 8 weeks that end with the query's period.

    The caller holds the evaluation lock.
    """
    save_cases(connection, query, find_all(connection, query, kinds), kinds)


def find_all(connection: Connection, query: Query, kinds: Collection[CaseKind] = CASE_KINDS) -> Found:
    """What every rule finds about these kinds in the 8 weeks, verdicts aside."""
    erasures = fetch_erasures(connection)
    asked, lists = replace(query, period=_find_window(query)), fetch_active_lists(connection, query)
    found = find_listed(connection, asked, lists)
    if "referrer" in kinds:
        found += find_referrers(connection, asked)
    if "network" in kinds:
        found += find_networks(connection, asked, lists)
    if "device" in kinds:
        found += find_devices(connection, asked, lists)
    return Found([*_list_not_allowed(found, kinds, lists)], erasures)


def _list_not_allowed(findings: Iterable[Finding], kinds: Collection[CaseKind], lists: Lists) -> Iterator[Finding]:
    networks = Networks(lists.allow["network"])
    for each in findings:
        is_network = each.kind == "network"
        is_allowed = networks.find(each.entity) is not None if is_network else each.entity in lists.allow[each.kind]
        if each.kind in kinds and not is_allowed:
            yield each


def _find_window(query: Query) -> Period:
    return Period.between(query.period.end - timedelta(days=CASE_DAYS - 1), query.period.end)


def save_cases(connection: Connection, query: Query, found: Found, kinds: Collection[CaseKind]) -> None:
    """Make the cases of these kinds match the findings. The caller holds the evaluation lock.

    Findings may name who was erased since then: the next evaluation will not.
    """
    share_facts(connection)
    own_cases(connection)
    if fetch_erasures(connection) == found.erasures:
        _save_cases(connection, query, found.findings, kinds)


def _save_cases(connection: Connection, query: Query, findings: Sequence[Finding], kinds: Collection[CaseKind]) -> None:
    are_all = _are_facts_complete(connection, now=query.now)
    plan = plan_cases(findings, _fetch_known(connection, findings, kinds, now=query.now), are_all=are_all)
    opened = _open(connection, plan, now=query.now)
    looked_at = {"looked_at": list(kinds), "first_day": _find_window(query).start, "are_all": are_all}
    differences = _fetch_differences(connection, plan, opened, looked_at)
    _change(connection, [(case.known, case) for case in plan.wanted if case.known and case.is_changed], now=query.now)
    closed = _close(connection, plan.over, now=query.now)
    _save_conversions(connection, differences)
    changes = list(_list_changes(plan, opened))
    _note(connection, [*changes, *closed], now=query.now)
    save_opened(connection, (case_id for case_id, kind, _ in changes if kind != "rule"), now=query.now)
    lists = fetch_active_lists(connection, query)
    save_not_credible(connection, query, lists, _find_window(query).start, are_all=are_all)


def _are_facts_complete(connection: Connection, *, now: datetime) -> bool:
    return not is_rebuilding(connection, now=now) and are_referrals_settled(connection, now=now)


def _fetch_known(
    connection: Connection, findings: Sequence[Finding], kinds: Collection[CaseKind], *, now: datetime
) -> list[KnownCase]:
    entities = sorted({(finding.kind, finding.entity) for finding in findings})
    found = {"kinds": [kind for kind, _ in entities], "entities": [entity for _, entity in entities]}
    given = {**found, "looked_at": list(kinds), "now": now}
    return [
        KnownCase(
            id=row.id,
            entity=(row.kind, row.entity),
            status=row.status,
            is_in_force=row.is_in_force,
            state=State(
                tuple(row.rules), row.strength, row.evidence, row.source, row.clicks, row.first_seen, row.last_seen
            ),
        )
        for row in connection.execute(_KNOWN, given)
    ]


def _open(connection: Connection, plan: Plan, *, now: datetime) -> dict[Entity, int]:
    """Open new cases; returns their ids."""
    new = [case for case in plan.wanted if case.known is None]
    new.sort(key=lambda case: (len(case.conversions), case.state.clicks), reverse=True)
    rows = [_build_row(case) for case in new[:OPENED_AT_ONCE]]
    if not rows:
        return {}
    opened = connection.execute(_OPEN, {"rows": json.dumps(rows), "now": now})
    return {(row.kind, row.entity): row.id for row in opened}


def _build_row(case: WantedCase) -> dict[str, object]:
    kind, entity = case.entity
    seen = {"first_seen": str(case.state.first_seen), "last_seen": str(case.state.last_seen)}
    return {**asdict(case.state), **seen, "kind": kind, "entity": entity}


def _fetch_differences(
    connection: Connection, plan: Plan, opened: Mapping[Entity, int], looked_at: Mapping[str, object]
) -> list[Difference]:
    wanted = [
        (case_id, event_id, is_flagged)
        for case in plan.wanted
        if (case_id := case.known.id if case.known else opened.get(case.entity))
        for event_id, is_flagged in case.conversions.items()
    ]
    rows = connection.execute(_DIFFERENCE, {**_build_arrays(wanted), **looked_at})
    return [(row.case_id, row.event_id, row.is_flagged) for row in rows]


def _build_arrays(differences: Sequence[Difference]) -> dict[str, list[object]]:
    names = ("case_ids", "event_ids", "flags")
    return {name: [each[place] for each in differences] for place, name in enumerate(names)}


def _change(connection: Connection, changed: Sequence[tuple[KnownCase, WantedCase]], *, now: datetime) -> None:
    if changed:
        rows = [{**_build_row(case), "id": known.id, "status": known.status} for known, case in changed]
        connection.execute(_CHANGE, {"rows": json.dumps(rows), "now": now})


def _close(connection: Connection, case_ids: Sequence[int], *, now: datetime) -> list[Change]:
    if not case_ids:
        return []
    return [(row.id, "closed", row.rules) for row in connection.execute(_CLOSE, {"ids": list(case_ids), "now": now})]


def _save_conversions(connection: Connection, differences: Sequence[Difference]) -> None:
    found = [each for each in differences if each[2] is not None]
    gone = [each for each in differences if each[2] is None]
    if found:
        connection.execute(_ADD, _build_arrays(found))
    if gone:
        connection.execute(_TAKE_BACK, _build_arrays(gone))
    if differences:
        connection.execute(_COUNT, {"ids": sorted({case_id for case_id, *_ in differences})})
        count_stakes(connection)


def _list_changes(plan: Plan, opened: Mapping[Entity, int]) -> Iterable[Change]:
    for case in plan.wanted:
        if case.known is None:
            if case.entity in opened:
                yield opened[case.entity], "opened", case.state.rules
        elif case.known.status == "closed":
            yield case.known.id, "reopened", case.state.rules
        elif case.new_rules:
            yield case.known.id, "rule", case.new_rules


def _note(connection: Connection, changes: Sequence[Change], *, now: datetime) -> None:
    if changes:
        rows = [{"id": case_id, "kind": kind, "rules": list(rules)} for case_id, kind, rules in changes]
        connection.execute(_NOTE, {"rows": json.dumps(rows), "now": now})
