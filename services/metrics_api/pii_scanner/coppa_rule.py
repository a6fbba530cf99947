"""What in a parent share or progress reel violates the children's privacy rule (COPPA, 16 CFR 312)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from metrics_api.pii_scanner.findings import Finding, PiiType
from metrics_api.pii_scanner.json_walk import walk_leaves
from metrics_api.pii_scanner.scanner import format_pointers, scan_data

SENSITIVE_KEY = "sensitive_key"
MEDIA_WITHOUT_CONSENT = "media_without_consent"
NOT_SCANNED = "not_scanned"
_HIDDEN = "***"
MAX_TELLING_VALUES = 200
"""The most values under sensitive keys that are listed for one item."""

_ALWAYS = frozenset(
    {
        PiiType.EMAIL,
        PiiType.PHONE,
        PiiType.SSN,
        PiiType.CREDIT_CARD,
        PiiType.STREET_ADDRESS,
        PiiType.DATE_OF_BIRTH,
    }
)
_BESIDE_A_NAME = frozenset({PiiType.SCHOOL, PiiType.STREET_ADDRESS})


@dataclass(frozen=True, slots=True)
class Violation:
    """One reason why an item violates: `kind` is a PII type, `sensitive_key`, `media_without_consent` or `not_scanned`.

    `path` is an RFC 6901 pointer into the data, or for media into `{"media": [...]}`.
    """

    kind: str
    path: str
    masked: str
    rule: str


def find_violations(
    data: object, media: Sequence[Mapping[str, object]] = (), *, phone_region: str, today: date | None = None
) -> list[Violation]:
    """The violations in an item's data and media; empty if the item complies."""
    findings = scan_data(data, phone_region=phone_region, today=today)
    return [*_judge_findings(findings), *_judge_keys(data, phone_region), *_judge_media(media)]


def find_without_scan(media: Sequence[Mapping[str, object]] = ()) -> list[Violation]:
    """The violations of an item whose data took too long to scan: that it is not scanned, and those in its media."""
    return [Violation(NOT_SCANNED, "", "not scanned", "budget"), *_judge_media(media)]


def _judge_findings(findings: list[Finding]) -> list[Violation]:
    """A name violates only together with a school or an address; a school or an IP address alone does not violate."""
    counted = _ALWAYS
    if any(finding.type in _BESIDE_A_NAME for finding in findings):
        counted = _ALWAYS | {PiiType.PERSON_NAME}
    return [
        Violation(finding.type.value, finding.path or "", finding.masked, finding.rule)
        for finding in findings
        if finding.type in counted
    ]


def _judge_keys(data: object, phone_region: str) -> list[Violation]:
    """A text or number counts under a sensitive key or anywhere in the object or array under it."""
    telling = (leaf for leaf in walk_leaves(data) if leaf.sensitive and _is_filled(leaf.value))
    leaves = list(islice(telling, MAX_TELLING_VALUES))
    pointers = format_pointers(leaves, phone_region=phone_region)
    return [
        Violation(SENSITIVE_KEY, pointer, _HIDDEN, f"key_{leaf.sensitive}")
        for leaf, pointer in zip(leaves, pointers, strict=True)
    ]


def _is_filled(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, int | float) and not isinstance(value, bool)


def _judge_media(media: Sequence[Mapping[str, object]]) -> list[Violation]:
    return [
        Violation(MEDIA_WITHOUT_CONSENT, f"/media/{index}", str(item.get("kind", "media")), "media_of_child")
        for index, item in enumerate(media)
        if item.get("of_child") is True and not item.get("consent")
    ]
