"""Scans a text or JSON data for personal information."""

from collections.abc import Iterator

from metrics_api.detection.pii import (
    credit_card,
    date_of_birth,
    email_address,
    ip_address,
    person_name,
    phone,
    school,
    ssn,
    street_address,
)
from metrics_api.detection.pii.document import build_document
from metrics_api.detection.pii.findings import Finding, PiiType, format_masked
from metrics_api.detection.pii.json_keys import build_lead, is_bare_name, may_hold_number
from metrics_api.detection.pii.json_walk import Node, may_hold_pii, walk_leaves
from metrics_api.detection.pii.overlap import settle_overlaps
from metrics_api.detection.pii.rules import Rule, find_candidates

SCANNER_VERSION: int = 1
"""Goes up with every change of what is found; stored findings say which version found them."""

RULES: dict[PiiType, tuple[Rule, ...]] = {
    PiiType.EMAIL: email_address.RULES,
    PiiType.CREDIT_CARD: credit_card.RULES,
    PiiType.SSN: ssn.RULES,
    PiiType.IP_ADDRESS: ip_address.RULES,
    PiiType.DATE_OF_BIRTH: date_of_birth.RULES,
    PiiType.PHONE: phone.RULES,
    PiiType.STREET_ADDRESS: street_address.RULES,
    PiiType.SCHOOL: school.RULES,
    PiiType.PERSON_NAME: person_name.RULES,
}

# Numbers of fewer than 7 or more than 19 digits are no phone, card or social security number.
_SMALLEST, _TOO_LARGE = 10**6, 10**19
_IDENTIFYING = (PiiType.SCHOOL, PiiType.STREET_ADDRESS)


def scan_text(text: str, *, phone_region: str) -> list[Finding]:
    """Find personal information in a text, in the order of the text; an empty list when it is clean.

    A phone number without an international prefix is judged by the rules of `phone_region`, an ISO 3166 code.
    """
    return list(_scan(text, "", phone_region, None))


def scan_data(data: object, *, phone_region: str) -> list[Finding]:
    """Find personal information in JSON data, in the order of the data: in texts, whole numbers and keys.

    A key lends its meaning to its value: digits under `order_id` are no phone number, a date under `birthday` is a
    date of birth. A plain `name` counts where the data also names a school or an address. Offsets count within the
    value, or within the key when the key itself holds the information.
    """
    findings: list[Finding] = []
    bare_names: list[Node] = []
    for leaf in walk_leaves(data):
        text = _read_text(leaf)
        if text:
            findings += _scan(text, build_lead(leaf.parent_key, leaf.key), phone_region, leaf)
            if is_bare_name(leaf.key):
                bare_names.append(leaf)
    if bare_names and any(finding.type in _IDENTIFYING for finding in findings):
        named = {finding.path for finding in findings}
        for leaf in bare_names:
            findings += (f for f in _scan(str(leaf.value), "name: ", phone_region, leaf) if f.path not in named)
    return findings


def _read_text(leaf: Node) -> str:
    """Give the text to scan; a number only under a key that may lead to a phone, card or social security number."""
    if isinstance(leaf.value, str):
        return leaf.value
    if isinstance(leaf.value, bool) or not isinstance(leaf.value, int | float):
        return ""
    if not _SMALLEST <= leaf.value < _TOO_LARGE or leaf.value != leaf.value // 1 or not may_hold_number(leaf.key):
        return ""
    return str(int(leaf.value))


def _scan(text: str, lead: str, phone_region: str, leaf: Node | None) -> Iterator[Finding]:
    """Scan a text as if `lead` stood before it."""
    document = build_document(lead + text, phone_region)
    candidates = find_candidates(RULES, document)
    if not candidates:
        return
    path = None if leaf is None else format_pointer(leaf, phone_region)
    for candidate in settle_overlaps(candidates):
        start, end = (place - len(lead) for place in document.original_span(candidate.start, candidate.end))
        if start >= 0:
            masked = format_masked(candidate.type, text[start:end])
            yield Finding(candidate.type, start, end, masked, candidate.rule, path)


def format_pointer(leaf: Node, phone_region: str) -> str:
    """Give the RFC 6901 pointer of a value, "" for the whole data; a personal key is masked."""
    return "".join(f"/{_format_token(token, phone_region)}" for token in leaf.tokens)


def _format_token(token: str, phone_region: str) -> str:
    """Escape a key for an RFC 6901 pointer; of one that holds personal information only the masks are shown."""
    if may_hold_pii(token):
        token = " ".join(finding.masked for finding in scan_text(token, phone_region=phone_region)) or token
    return token.replace("~", "~0").replace("/", "~1")
