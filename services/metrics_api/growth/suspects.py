"""Which signups and conversions nobody earned, found by who and what is flagged: of all others none is read."""

from collections.abc import Iterator
from typing import Any, get_args

from metrics_api.db.event_types import COMPARED_USER_AGENT, USER_AGENT_KEY
from metrics_api.db.network_key import build_last_address
from metrics_api.detection import anomalies, networks
from metrics_api.detection.bots import flagged_devices
from metrics_api.detection.case_effects import AT_STAKE, FRAUDS, list_silent_kinds
from metrics_api.detection.entity_lists import Lists
from metrics_api.detection.listed_events import build_listed_condition, listing_values
from metrics_api.detection.query import Query
from metrics_api.detection.quiet import IS_ACTIVE
from viral_contract.models.cases import CaseKind
from viral_contract.models.entity_lists import ListKind, ListName

# No signup counts of a referrer whom a case flags: which of them the rules rest on is not kept. Those accused only of
# duplicates earn the rest.
_ACCUSED = f"""
    SELECT entity AS referrer_id FROM cases
    WHERE kind = 'referrer' AND rules <> ARRAY['duplicate']
        AND (status = 'open' AND strength = 'flags' OR {IS_ACTIVE} AND verdict = 'fraud')
"""
_TABLES = f"""
    flagged_ip AS ({networks.FLAGGED}), flagged_device AS ({{flagged_devices}}),
    flagged_referrer AS MATERIALIZED (
        SELECT referrer_id FROM ({anomalies.BUSY_DAYS}) AS busy
        UNION SELECT referrer_id FROM ({anomalies.EAGER_REFERRERS}) AS eager
        UNION SELECT unnest(CAST(:deny_referrer AS text[]))
    ),
    at_stake AS ({AT_STAKE}), fraud AS ({FRAUDS}), accused AS ({_ACCUSED}),
    suspect_referral AS MATERIALIZED ({{suspects}}), allowed_referral AS MATERIALIZED ({{allowed}})
"""
# Each candidate is looked up in an index by itself, so that the period's other referrals are not read: OFFSET 0 keeps
# the planner from joining them.
_LOOK_UP = """
    SELECT found.* FROM {candidates} CROSS JOIN LATERAL (
        SELECT event_id, event_type, day, occurred_at, referrer_id, person, source
        FROM (SELECT *, network AS ip_address FROM referrals) AS referral
        WHERE {condition} AND referrer_id {is_of} (SELECT referrer_id FROM flagged_referrer) {only}
        OFFSET 0
    ) AS found
"""
_ON_DAYS = "referral.day >= :first_day AND referral.day <= :last_day"
_OF_NETWORK = f"referral.network = {{network}} AND {_ON_DAYS}"
_OF_DEVICE = f"referral.device_fingerprint = {{device}} AND {_ON_DAYS}"
_OF_LINK = f"referral.link_id = {{link}} AND {_ON_DAYS}"
_OF_REFERRER = """referral.referrer_id = {referrer}
    AND referral.occurred_at >= :first AND referral.occurred_at < :behind"""
_OF_FRAUD: dict[CaseKind, str] = {
    "referrer": _OF_REFERRER.format(referrer="entity"),
    "device": _OF_DEVICE.format(device="entity"),
    "network": _OF_NETWORK.format(network="CAST(entity AS inet)"),
    "link": _OF_LINK.format(link="entity"),
}
_LISTED: dict[ListKind, str] = {
    "network": f"""referral.network >= listed AND referral.network <= {build_last_address("listed")}
        AND referral.network <<= listed AND {_ON_DAYS}""",
    "device": _OF_DEVICE.format(device="listed"),
    "user_agent": f"{USER_AGENT_KEY} = hashtextextended(listed, 0) AND {COMPARED_USER_AGENT} = listed AND {_ON_DAYS}",
    "link": _OF_LINK.format(link="listed"),
}
"""Referrals of what is on a list, referrers apart."""
_CLEAN_REFERRALS = """
    {suspects}, clean_referral AS (
        SELECT event_id, event_type, day, occurred_at, referrer_id, person FROM referrals
        WHERE day = ANY(:days) AND referrer_id NOT IN (SELECT referrer_id FROM flagged_referrer)
            AND event_id NOT IN (SELECT event_id FROM suspect_referral) {only}
        UNION ALL
        SELECT event_id, event_type, day, occurred_at, referrer_id, person FROM allowed_referral
    )
"""


def build_suspect_referrals(query: Query, lists: Lists, only: str = "true") -> tuple[str, dict[str, Any]]:
    """The period's signups and conversions that nobody earned, as tables of a WITH, and the values.

    `flagged_referrer` has the referrers who earn nothing but what is in `allowed_referral`, `suspect_referral` what
    others did not earn: what `fetch_flagged` leaves out, and signups credited to a referrer under a case that flags.
    `only` is a further condition on the referrals.
    """
    devices, values = flagged_devices(query, lists)
    tables = _TABLES.format(
        flagged_devices=devices,
        suspects=" UNION ".join(_list_suspects(lists, _build_only(query, only, _build_is_not_allowed(lists)))),
        allowed=" UNION ".join(_list_allowed(lists, _build_only(query, only))),
    )
    period = query.period
    return tables, {
        **values,
        **networks.flagging_values(query, lists),
        **anomalies.flagging_values(query, lists),
        **listing_values(lists),
        **query.filter.values,
        "first": period.begins_at,
        "behind": period.ends_before,
        "first_day": period.start,
        "last_day": period.end,
        "silent_kinds": list_silent_kinds(query),
    }


def build_clean_referrals(query: Query, lists: Lists) -> tuple[str, dict[str, Any]]:
    """The period's signups and conversions that somebody earned, as the table `clean_referral` of a WITH, and values.

    They are all but those of `build_suspect_referrals`.
    """
    suspects, values = build_suspect_referrals(query, lists)
    return _CLEAN_REFERRALS.format(suspects=suspects, only=_build_only(query)), values


def _build_only(query: Query, *conditions: str) -> str:
    return "".join(f" AND {each}" for each in (*query.filter.conditions, *conditions))


def _build_is_not_allowed(lists: Lists) -> str:
    kinds = [kind for kind in get_args(ListKind) if lists.allow[kind]]
    return f"{build_listed_condition('allow', kinds)} IS NOT TRUE" if kinds else "true"


def _list_suspects(lists: Lists, only: str) -> Iterator[str]:
    """The statements that find what is suspect, of others than flagged referrers."""
    of_network_day = "referral.network = flagged_ip.ip_address AND referral.day = flagged_ip.day"
    of_accused = f"{_OF_REFERRER.format(referrer='accused.referrer_id')} AND event_type = 'signup'"
    yield _look_up("flagged_ip", of_network_day, only)
    yield _look_up("flagged_device", _OF_DEVICE.format(device="flagged_device.device_fingerprint"), only)
    yield _look_up("at_stake", "referral.event_id = at_stake.event_id", only)
    yield _look_up("accused", of_accused, only)
    for kind, condition in _OF_FRAUD.items():
        entities = f"(SELECT entity, since FROM fraud WHERE kind = '{kind}') AS fraud"
        yield _look_up(entities, f"{condition} AND referral.occurred_at >= since", only)
    for listed, condition in _LISTED.items():
        if lists.deny[listed]:
            yield _look_up(_unnest("deny", listed), condition, only)


def _list_allowed(lists: Lists, only: str) -> Iterator[str]:
    """The statements that find what is allowed, of flagged referrers; always one."""
    for kind, condition in _LISTED.items():
        if lists.allow[kind] or kind == "network":
            yield _look_up(_unnest("allow", kind), condition, only, is_of="IN")


def _unnest(name: ListName, kind: ListKind) -> str:
    return f"unnest(CAST(:{name}_{kind} AS {'inet' if kind == 'network' else 'text'}[])) AS listed"


def _look_up(candidates: str, condition: str, only: str, is_of: str = "NOT IN") -> str:
    return _LOOK_UP.format(candidates=candidates, condition=condition, only=only, is_of=is_of)
