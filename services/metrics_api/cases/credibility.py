"""Whether a conversion deserves its reward: by lists, verdicts, cases, and what the rules see right now.

The order is that of clean figures: what is allowed is credible; what is denied, judged fraud or at stake in a case that
flags is not; what only asks for a look, or is too new to have a case, is doubtful.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from metrics_api.cases.findings import CASE_DAYS
from metrics_api.db.event_types import COMPARED_USER_AGENT
from metrics_api.db.network_key import network_key
from metrics_api.detection import anomalies, networks
from metrics_api.detection.bots import flags_of_device
from metrics_api.detection.entity_lists import Lists, fetch_allowed_networks, fetch_lists_about, find_list
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE, select_quiet
from viral_contract.models.cases import CaseKind
from viral_contract.models.credibility import Credibility, CredibilityAnswer, CredibilityCode, CredibilityReason
from viral_contract.models.entity_lists import ListKind, ListName
from viral_contract.models.period import Period

RULE_DAYS = 7
"""The dates that end with the conversion's, on which a burst or many conversions make it doubtful."""

_EVENT = text(f"""
    SELECT event_id, event_type, occurred_at, host(ip_address) AS ip_address, device_fingerprint, referrer_id, user_id,
        link_id, {COMPARED_USER_AGENT} AS user_agent, EXISTS (
            SELECT FROM generate_series(0, {RULE_DAYS - 1}) AS earlier JOIN bursts_per_device_day AS burst
                ON day = (occurred_at AT TIME ZONE 'UTC')::date - earlier
            WHERE burst.device_fingerprint = event.device_fingerprint
        ) AS has_bursts
    FROM attribution_events AS event WHERE event_id = :event_id
""")
_FLAGGED_NETWORK = networks.build_flagged(
    "AND day = :day AND ip_address = CAST(:network AS inet)", select_quiet("network", "AND entity = :network")
)
# Each is a few probes of an index, because the conversion's own network, device and referrer reach into the statements.
_FACTS = f"""
    SELECT EXISTS ({_FLAGGED_NETWORK}
    ) AS is_network_flagged, EXISTS (
        {{flags_of_device}}
    ) AS is_device_flagged, EXISTS (
        {anomalies.BUSY_DAY}
    ) OR EXISTS (
        {anomalies.EAGER_REFERRER}
    ) AS is_referrer_flagged, (
        SELECT coalesce(jsonb_agg(to_jsonb(known) ORDER BY id), '[]') FROM (
            SELECT id, kind, status, strength, rules, verdict, is_flagged,
                coalesce({IS_ACTIVE}, false) AS is_in_force, decided_at <= :occurred_at AS is_since,
                CAST(:occurred_at AS timestamptz) > CAST(:now AS timestamptz) - interval '{CASE_DAYS} days' AS is_recent
            FROM (
                SELECT case_id AS id FROM case_conversions WHERE event_id = :event_id
                UNION SELECT id FROM cases JOIN unnest(CAST(:kinds AS text[]), CAST(:entities AS text[]))
                    AS named (kind, entity) USING (kind, entity)
            ) AS found JOIN cases USING (id)
                LEFT JOIN case_conversions AS credited ON case_id = id AND event_id = :event_id
        ) AS known
    ) AS cases
"""


class NotAConversionError(Exception):
    """The event is of another type, which is the error's argument."""


@dataclass(frozen=True)
class Conversion:
    """Who and what a conversion is of, by kind; what is unknown is left out.

    `has_bursts` says whether its device clicked fast in the days before.
    """

    event_id: UUID
    occurred_at: datetime
    user_id: str | None
    parts: dict[ListKind, str]
    has_bursts: bool = False


@dataclass(frozen=True)
class KnownCase:
    """What a case says about a conversion: one that holds it, or one of its network, device, referrer or link.

    `is_flagged` is None where the case does not hold the conversion; `is_since` says that a verdict came before it,
    `is_recent` that the rules still look at its date.
    """

    id: int
    kind: CaseKind
    status: str
    strength: str
    rules: Sequence[str]
    verdict: str | None
    is_flagged: bool | None
    is_in_force: bool
    is_since: bool | None
    is_recent: bool


@dataclass(frozen=True)
class Facts:
    """What the rules see right now, and the cases."""

    is_network_flagged: bool
    is_device_flagged: bool
    is_referrer_flagged: bool
    cases: Sequence[KnownCase]


def fetch_credibility(connection: Connection, event_id: UUID, query: Query) -> CredibilityAnswer | None:
    """The answer about a conversion, whatever the query's period is; None for an unknown event.

    Raises NotAConversionError for an event of another type.
    """
    row = connection.execute(_EVENT, {"event_id": event_id}).one_or_none()
    if row is None:
        return None
    if row.event_type != "conversion":
        raise NotAConversionError(row.event_type)
    conversion = _parse(row, query.settings.fraud_ipv6_prefix)
    lists = fetch_lists_about(connection, conversion.parts, query)
    verdict, reasons = judge_conversion(conversion, lists, _fetch_facts(connection, conversion, lists, query))
    return CredibilityAnswer(verdict=verdict, reasons=reasons, as_of=query.now)


def _parse(row: Row[Any], ipv6_prefix: int) -> Conversion:
    parts: dict[ListKind, str | None] = {
        "network": row.ip_address and network_key(row.ip_address, ipv6_prefix),
        "device": row.device_fingerprint,
        "referrer": row.referrer_id,
        "link": row.link_id,
        "user_agent": row.user_agent,
    }
    known = {kind: value for kind, value in parts.items() if value is not None}
    return Conversion(row.event_id, row.occurred_at, row.user_id, known, row.has_bursts)


def _fetch_facts(connection: Connection, conversion: Conversion, lists: Lists, query: Query) -> Facts:
    day, parts = conversion.occurred_at.astimezone(UTC).date(), conversion.parts
    of_week = replace(query, period=Period.between(day - timedelta(days=RULE_DAYS - 1), day))
    devices, bot_values = flags_of_device(of_week, _add_trusted(connection, conversion, lists, query))
    named = [(kind, value) for kind, value in parts.items() if kind != "user_agent"]
    values = {
        **networks.flagging_values(of_week, lists),
        **bot_values,
        **anomalies.flagging_values(of_week, lists),
        **{kind: parts.get(kind) for kind in ("network", "device", "referrer")},
        "day": day,
        "event_id": conversion.event_id,
        "occurred_at": conversion.occurred_at,
        "kinds": [kind for kind, _ in named],
        "entities": [value for _, value in named],
    }
    row = connection.execute(text(_FACTS.format(flags_of_device=devices)), values).one()
    flags = {name: value for name, value in row._mapping.items() if name != "cases"}
    return Facts(**flags, cases=[KnownCase(**case) for case in row.cases])


def _add_trusted(connection: Connection, conversion: Conversion, lists: Lists, query: Query) -> Lists:
    """The lists with all networks whose clicks are left out of bursts, where the device has any."""
    if not conversion.has_bursts:
        return lists
    trusted = dict.fromkeys(fetch_allowed_networks(connection, query), "")
    return replace(lists, allow={**lists.allow, "network": trusted})


def judge_conversion(conversion: Conversion, lists: Lists, facts: Facts) -> tuple[Credibility, list[CredibilityReason]]:
    """The verdict, and everything that is known, what the verdict rests on first."""
    listed = {kind: find_list(lists, kind, value) for kind, value in conversion.parts.items()}
    denied = [kind for kind, name in listed.items() if name == "deny"]
    allowed = _list_listed(listed, "allow")
    if allowed:
        return "credible", allowed
    found: dict[Credibility, list[CredibilityReason]] = {
        "not_credible": [
            *_list_listed(listed, "deny"),
            *filter(None, map(_find_accusation, facts.cases)),
            *_find_self_referral(conversion, facts),
        ],
        "doubtful": [
            *_list_listed(listed, "watch"),
            *filter(None, map(_find_doubt, facts.cases)),
            *_list_seen(facts, denied),
        ],
        "credible": [*filter(None, map(_find_clearance, facts.cases)), *_find_missing_referrer(conversion)],
    }
    return next((verdict for verdict in found if found[verdict]), "credible"), [*chain.from_iterable(found.values())]


_LISTED: dict[ListName, tuple[CredibilityCode, str]] = {
    "allow": ("allowed", "An admin allowed the {kind}"),
    "deny": ("denied", "An admin denied the {kind}"),
    "watch": ("watched", "An admin has the {kind} watched"),
}


def _list_listed(listed: Mapping[ListKind, ListName | None], name: ListName) -> list[CredibilityReason]:
    code, words = _LISTED[name]
    return [
        CredibilityReason(code=code, text=words.format(kind=kind.replace("_", " ")), entity=kind)
        for kind, found in listed.items()
        if found == name
    ]


_DUPLICATES = {"duplicate"}
_WHICH_LOOK = {"clicks_without_conversions", "too_good", "watched"}
_JUDGED: dict[str, tuple[CredibilityCode, str]] = {
    "fraud": ("judged_fraud", "A person judged the {kind} fraud"),
    "legitimate": ("judged_legitimate", "A person judged the {kind} legitimate"),
    "unsure": ("judged_unsure", "A person was unsure about the {kind}"),
}


def _find_accusation(case: KnownCase) -> CredibilityReason | None:
    """Why the case takes the conversion out of clean figures, or will as soon as the rules have looked at it."""
    if case.status == "decided":
        is_of_fraud = case.is_in_force and case.is_since and set(case.rules) != _DUPLICATES
        is_judged = case.verdict == "fraud" and (case.is_flagged is not None or is_of_fraud)
        return _build_judged(case) if is_judged else None
    will_look = case.is_flagged is None and case.status == "open" and case.is_recent
    will_hold = will_look and case.kind in ("referrer", "device")
    if case.is_flagged or (will_hold and set(case.rules) - _DUPLICATES - _WHICH_LOOK):
        return _build_reason(case, "open_case", "A case about the {kind} flags it")
    return None


def _find_doubt(case: KnownCase) -> CredibilityReason | None:
    """Why somebody should look at the conversion first: an open case that does not flag it."""
    is_about_others = case.is_flagged is None and set(case.rules) == _DUPLICATES
    if case.status != "open" or is_about_others or _find_accusation(case):
        return None
    if case.verdict:
        return _build_judged(case)
    return _build_reason(case, "worth_a_look", "A case about the {kind} asks for a look")


def _find_clearance(case: KnownCase) -> CredibilityReason | None:
    is_clear = case.status == "decided" and case.is_in_force and case.verdict == "legitimate"
    return _build_judged(case) if is_clear else None


def _build_judged(case: KnownCase) -> CredibilityReason:
    return _build_reason(case, *_JUDGED[case.verdict or "unsure"])


def _build_reason(case: KnownCase, code: CredibilityCode, words: str) -> CredibilityReason:
    sentence = words.format(kind=case.kind)
    return CredibilityReason(code=code, text=sentence, entity=case.kind, case_id=case.id, rules=list(case.rules))


def _find_self_referral(conversion: Conversion, facts: Facts) -> list[CredibilityReason]:
    is_quiet = any(_find_clearance(case) and "self_referral" in case.rules for case in facts.cases)
    if conversion.user_id is None or conversion.user_id != conversion.parts.get("referrer") or is_quiet:
        return []
    sentence = "The user gets the credit for their own conversion"
    return [CredibilityReason(code="self_referral", text=sentence, entity="referrer")]


def _list_seen(facts: Facts, denied: Collection[ListKind]) -> list[CredibilityReason]:
    """What the rules see on these dates, which has no case yet."""
    seen: list[tuple[bool, CredibilityCode, ListKind, str]] = [
        (facts.is_network_flagged, "network_over_limit", "network", "The network has too many clicks on that date"),
        (facts.is_device_flagged, "device_burst", "device", "The device clicks faster than a person"),
        (facts.is_referrer_flagged, "unusual_conversions", "referrer", "The referrer has unusually many conversions"),
    ]
    return [
        CredibilityReason(code=code, text=sentence, entity=kind)
        for is_seen, code, kind, sentence in seen
        if is_seen and kind not in denied
    ]


def _find_missing_referrer(conversion: Conversion) -> list[CredibilityReason]:
    if "referrer" in conversion.parts:
        return []
    return [CredibilityReason(code="no_referrer", text="Nobody gets the credit for it", entity="referrer")]
