"""The referrers with evidence, page by page, as the caller may see them."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.db.paging import encode_cursor
from metrics_api.detection.query import Query
from metrics_api.detection.referrers.evidence import ReferrerFindings, find_referrer_evidence
from metrics_api.detection.referrers.finding import Finding
from viral_contract.models.referrer_evidence import ReferrerEvidenceAnswer, ReferrerWithEvidence, RuleEvidence

CURSOR = "referrer_evidence"
_ACTIVITY = text("""
    SELECT referrer_id, sum(clicks)::bigint AS clicks, sum(conversions)::bigint AS conversions
    FROM activity_per_referrer_day WHERE day = ANY(:days) AND referrer_id = ANY(:referrers) GROUP BY referrer_id
""")


def fetch_referrer_evidence(connection: Connection, query: Query) -> ReferrerEvidenceAnswer:
    """The referrers with evidence, most flagged conversions of the period first."""
    found = find_referrer_evidence(connection, query)
    shown, last = query.page.split([each for each in found if _is_behind(each, query.page.after)])
    given = {"days": query.period.dates(), "referrers": [each.referrer_id for each in shown]}
    activity = {row.referrer_id: row for row in connection.execute(_ACTIVITY, given)}
    return format_referrer_evidence(found, shown, last, activity, query)


def _is_behind(findings: ReferrerFindings, after: Sequence[str] | None) -> bool:
    return not after or (-findings.flagged_in_period, findings.referrer_id) > (int(after[0]), after[1])


def format_referrer_evidence(
    found: Sequence[ReferrerFindings],
    shown: Sequence[ReferrerFindings],
    last: ReferrerFindings | None,
    activity: Mapping[str, Row[Any]],
    query: Query,
) -> ReferrerEvidenceAnswer:
    """The answer for the shown ones of all that were found."""
    key = last and (-last.flagged_in_period, last.referrer_id)
    return ReferrerEvidenceAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("fraud_ip_click_threshold"),
        referrers=[_format_referrer(each, activity.get(each.referrer_id), query.identifiers) for each in shown],
        total_flagged=sum(any(one.strength == "flags" for one in each.findings) for each in found),
        next_cursor=key and encode_cursor(query.identifiers.references, CURSOR, key),
    )


def _format_referrer(
    found: ReferrerFindings, activity: Row[Any] | None, identifiers: Identifiers
) -> ReferrerWithEvidence:
    return ReferrerWithEvidence(
        referrer_id=found.referrer_id,
        rules=[format_finding(each, identifiers) for each in found.findings],
        clicks=activity.clicks if activity else 0,
        conversions=activity.conversions if activity else 0,
        flagged_conversions=found.flagged_in_period,
    )


def format_finding(finding: Finding, identifiers: Identifiers) -> RuleEvidence:
    """The finding with its ids in full or masked."""
    return finding.format().model_copy(update={"evidence": show_evidence(finding.evidence, identifiers)})


def show_evidence(evidence: Mapping[str, JsonValue], identifiers: Identifiers) -> dict[str, JsonValue]:
    """Evidence as it was found, with its ids in full or masked; a masked device has the ref that leads to it."""
    show = {"user_ids": _show_user, "device_ids": _show_device}
    return {
        name: [show[name](str(each), identifiers) for each in value]
        if name in show and isinstance(value, list)
        else value
        for name, value in evidence.items()
    }


def _show_user(user_id: str, identifiers: Identifiers) -> JsonValue:
    return {"user_id": identifiers.show_user(user_id)}


def _show_device(device: str, identifiers: Identifiers) -> JsonValue:
    references = identifiers.references
    return {
        "device_fingerprint": identifiers.show_device(device),
        "ref": references.to_ref(device),
        "alias": references.to_alias(device),
    }
