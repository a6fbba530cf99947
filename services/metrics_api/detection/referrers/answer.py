"""The referrers with evidence, page by page, as the caller may see them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Connection, Row, text

from metrics_api.access.identifiers import Identifiers
from metrics_api.db.paging import encode_cursor
from metrics_api.detection.query import Query
from metrics_api.detection.referrers.evidence import ReferrerFindings, find_referrer_evidence
from metrics_api.detection.referrers.finding import Finding
from viral_contract.models.flagged import SortOrder
from viral_contract.models.referrer_evidence import (
    EvidenceSort,
    ReferrerEvidenceAnswer,
    ReferrerRule,
    ReferrerWithEvidence,
    RuleEvidence,
    Strength,
    StrengthCounts,
)

_ACTIVITY = text("""
    SELECT referrer_id, sum(clicks)::bigint AS clicks, sum(conversions)::bigint AS conversions
    FROM activity_per_referrer_day WHERE day = ANY(:days) AND referrer_id = ANY(:referrers) GROUP BY referrer_id
""")


@dataclass(frozen=True)
class FoundReferrer:
    """A referrer with what is found about it and what it did in the period."""

    found: ReferrerFindings
    clicks: int
    conversions: int

    @property
    def name(self) -> str:
        """The id."""
        return self.found.referrer_id

    @property
    def strength(self) -> Strength:
        """Whether any of its rules flags."""
        return "flags" if any(each.strength == "flags" for each in self.found.findings) else "looks"


_KEYS: Mapping[EvidenceSort, Callable[[FoundReferrer], Any]] = {
    "flagged_conversions": lambda each: each.found.flagged_in_period,
    "referrer": lambda each: each.name,
    "rules": lambda each: len(each.found.findings),
    "conversions": lambda each: each.conversions,
    "clicks": lambda each: each.clicks,
}


@dataclass(frozen=True)
class Wanted:
    """Which referrers are wanted, and their order: the largest first, names from a to z, where none is asked for."""

    text: str | None = None
    rule: ReferrerRule | None = None
    strength: Strength | None = None
    sort: EvidenceSort = "flagged_conversions"
    order: SortOrder | None = None

    @property
    def is_descending(self) -> bool:
        """Whether the largest comes first."""
        return self.sort != "referrer" if self.order is None else self.order == "desc"

    @property
    def cursor(self) -> str:
        """The name of the list in this order."""
        return f"referrer_evidence by {self.sort} {'desc' if self.is_descending else 'asc'}"

    def is_found(self, each: FoundReferrer) -> bool:
        """Whether its id has the text and the rule is among those that find something."""
        has_text = not self.text or self.text.lower() in each.name.lower()
        return has_text and (not self.rule or any(one.rule == self.rule for one in each.found.findings))

    def sort_rows(self, rows: Iterable[FoundReferrer]) -> list[FoundReferrer]:
        """In the order; those with the same value from a to z."""
        by_name = sorted(rows, key=lambda each: each.name)
        return sorted(by_name, key=_KEYS[self.sort], reverse=self.is_descending)

    def is_behind(self, each: FoundReferrer, after: Sequence[str] | None) -> bool:
        """Whether it comes after the row with this key."""
        if not after:
            return True
        value = _KEYS[self.sort](each)
        last = type(value)(after[0])
        if value == last:
            return each.name > after[1]
        return bool(value > last) != self.is_descending

    def format_key(self, each: FoundReferrer) -> tuple[object, str]:
        """What the next page begins after."""
        return _KEYS[self.sort](each), each.name


def fetch_referrer_evidence(connection: Connection, query: Query, wanted: Wanted) -> ReferrerEvidenceAnswer:
    """The referrers with evidence, in the order that is wanted."""
    found = find_referrer_evidence(connection, query)
    given = {"days": query.period.dates(), "referrers": [each.referrer_id for each in found]}
    activity = {row.referrer_id: row for row in connection.execute(_ACTIVITY, given)}
    return format_referrer_evidence([_join(each, activity.get(each.referrer_id)) for each in found], wanted, query)


def _join(found: ReferrerFindings, activity: Row[Any] | None) -> FoundReferrer:
    return FoundReferrer(found, activity.clicks if activity else 0, activity.conversions if activity else 0)


def format_referrer_evidence(rows: Sequence[FoundReferrer], wanted: Wanted, query: Query) -> ReferrerEvidenceAnswer:
    """The page of those that are wanted of all that were found."""
    matching = [each for each in rows if wanted.is_found(each)]
    counts = StrengthCounts(
        flags=sum(each.strength == "flags" for each in matching),
        looks=sum(each.strength == "looks" for each in matching),
    )
    listed = [each for each in matching if wanted.strength in (None, each.strength)]
    behind = [each for each in wanted.sort_rows(listed) if wanted.is_behind(each, query.page.after)]
    shown, last = query.page.split(behind)
    return ReferrerEvidenceAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used("fraud_ip_click_threshold"),
        referrers=[_format_referrer(each, query.identifiers) for each in shown],
        total_flagged=sum(each.strength == "flags" for each in rows),
        total=len(listed),
        counts=counts,
        next_cursor=last and encode_cursor(query.identifiers.references, wanted.cursor, wanted.format_key(last)),
    )


def _format_referrer(each: FoundReferrer, identifiers: Identifiers) -> ReferrerWithEvidence:
    return ReferrerWithEvidence(
        referrer_id=each.name,
        rules=[format_finding(one, identifiers) for one in each.found.findings],
        clicks=each.clicks,
        conversions=each.conversions,
        flagged_conversions=each.found.flagged_in_period,
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
