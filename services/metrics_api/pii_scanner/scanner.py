"""Scans a text or JSON data for personal information."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice

from metrics_api.pii_scanner import (
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
from metrics_api.pii_scanner.document import build_document
from metrics_api.pii_scanner.findings import Finding, PiiType, format_masked
from metrics_api.pii_scanner.json_walk import Node, build_lead, is_bare_name, may_hold_number, may_hold_pii, walk_leaves
from metrics_api.pii_scanner.rules import Candidate, Rule, RuleSet

_PRECEDENCE = {
    pii_type: rank
    for rank, pii_type in enumerate(
        (
            PiiType.EMAIL,
            PiiType.CREDIT_CARD,
            PiiType.SSN,
            PiiType.IP_ADDRESS,
            PiiType.DATE_OF_BIRTH,
            PiiType.PHONE,
            PiiType.STREET_ADDRESS,
            PiiType.SCHOOL,
            PiiType.PERSON_NAME,
        )
    )
}


SCANNER_VERSION: int = 2
"""Increased with every change of what is found; stored findings have the version that found them."""

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

_RULE_SET = RuleSet(RULES)

MAX_FINDINGS = 1_000
"""The most findings reported for one item: the paths of deeply nested values are long."""

# Numbers of fewer than 7 or more than 19 digits are no phone, card or social security number.
_SMALLEST, _TOO_LARGE = 10**6, 10**19
_IDENTIFYING = (PiiType.SCHOOL, PiiType.STREET_ADDRESS)


@dataclass(frozen=True, slots=True)
class _Reader:
    """The region and date by which texts are judged."""

    phone_region: str
    today: date

    def scan(self, text: str, lead: str = "") -> Iterator[Finding]:
        """Scan a text as if `lead` came before it."""
        document = build_document(lead + text, self.phone_region, self.today)
        candidates = _RULE_SET.find_candidates(document)
        for found in settle_overlaps(candidates) if candidates else ():
            start, end = (place - len(lead) for place in document.original_span(found.start, found.end))
            if start >= 0:
                yield Finding(found.type, start, end, format_masked(found.type, text[start:end]), found.rule)


def _make_reader(phone_region: str, today: date | None) -> _Reader:
    return _Reader(phone_region, today or datetime.now(UTC).date())


def scan_text(text: str, *, phone_region: str, today: date | None = None) -> list[Finding]:
    """Find personal information in a text, in the order of the text; an empty list if it is clean.

    A phone number without an international prefix is judged by the rules of `phone_region`, an ISO 3166 code. A date
    of birth is that of someone who can be a child or a parent `today` (UTC).
    """
    return list(_make_reader(phone_region, today).scan(text))


def scan_data(data: object, *, phone_region: str, today: date | None = None) -> list[Finding]:
    """Find personal information in JSON data, in the order of the data: in texts, whole numbers and keys.

    A key lends its meaning to its value: digits under `order_id` are no phone number, a date under `birthday` is a
    date of birth. A plain `name` counts where the data also names a school or an address. Offsets count within the
    value, or within the key when the key itself holds the information. At most `MAX_FINDINGS` are reported.
    """
    return list(islice(_scan_leaves(data, _make_reader(phone_region, today)), MAX_FINDINGS))


def _scan_leaves(data: object, reader: _Reader) -> Iterator[Finding]:
    pointers = _Pointers(reader)
    bare_names: list[Node] = []
    is_identifying = False
    for leaf in walk_leaves(data):
        text = _read_text(leaf)
        if not text:
            continue
        found = list(reader.scan(text, build_lead(leaf.parent_key, leaf.key)))
        yield from _place(found, leaf, pointers)
        is_identifying = is_identifying or any(finding.type in _IDENTIFYING for finding in found)
        if is_bare_name(leaf.key) and not found:
            bare_names.append(leaf)
    for leaf in bare_names if is_identifying else ():
        yield from _place(reader.scan(str(leaf.value), "name: "), leaf, pointers)


def _place(findings: Iterable[Finding], leaf: Node, pointers: "_Pointers") -> Iterator[Finding]:
    return (replace(finding, path=pointers.format(leaf)) for finding in findings)


def _read_text(leaf: Node) -> str:
    """The text to scan; a number only under a key that may lead to a phone, card or social security number."""
    if isinstance(leaf.value, str):
        return leaf.value
    if isinstance(leaf.value, bool) or not isinstance(leaf.value, int | float):
        return ""
    if not _SMALLEST <= leaf.value < _TOO_LARGE or leaf.value != leaf.value // 1 or not may_hold_number(leaf.key):
        return ""
    return str(int(leaf.value))


class _Pointers:
    """Writes RFC 6901 pointers of values in one data; of a key that holds personal information it shows the masks."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._tokens: dict[str, str] = {}
        self._last = ""
        self._ends: dict[Node, int] = {}

    def format(self, leaf: Node) -> str:
        """The pointer of a value, "" for the whole data."""
        if leaf.parent is None:
            return ""
        return f"{self._format_parent(leaf.parent)}/{self._format_token(leaf.token)}"

    def _format_parent(self, node: Node) -> str:
        """Write only what differs from the last one: neighbors in deep data share nearly all of it."""
        below: list[Node] = []
        while node.parent is not None and node not in self._ends:
            below.append(node)
            node = node.parent
        while self._ends and next(reversed(self._ends)) is not node:
            self._ends.popitem()
        parts = [self._last[: self._ends.get(node, 0)]]
        end = len(parts[0])
        for each in reversed(below):
            parts.append(f"/{self._format_token(each.token)}")
            end += len(parts[-1])
            self._ends[each] = end
        self._last = "".join(parts)
        return self._last

    def _format_token(self, token: str) -> str:
        if not may_hold_pii(token):
            return token.replace("~", "~0").replace("/", "~1")
        if token not in self._tokens:
            masked = " ".join(finding.masked for finding in self._reader.scan(token)) or token
            self._tokens[token] = masked.replace("~", "~0").replace("/", "~1")
        return self._tokens[token]


def format_pointers(leaves: Iterable[Node], *, phone_region: str, today: date | None = None) -> list[str]:
    """The RFC 6901 pointer of each value of one data; of personal keys only the masks show."""
    pointers = _Pointers(_make_reader(phone_region, today))
    return [pointers.format(leaf) for leaf in leaves]


def settle_overlaps(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Keep one type for each character: the more exact type, then the longer span.

    An address that runs into a more exact finding, such as the phone on the next line, ends before it.
    """
    ordered = sorted(candidates, key=lambda found: (_PRECEDENCE[found.type], found.start - found.end, found.start))
    kept: list[tuple[int, int, Candidate]] = []
    for candidate in ordered:
        clipped = _clip(candidate, kept)
        if clipped is not None:
            insort(kept, (clipped.start, clipped.end, clipped), key=lambda entry: entry[0])
    return [candidate for _, _, candidate in kept]


def _clip(candidate: Candidate, kept: list[tuple[int, int, Candidate]]) -> Candidate | None:
    position = bisect_right(kept, candidate.start, key=lambda entry: entry[0])
    if position and kept[position - 1][1] > candidate.start:
        return None
    if position == len(kept) or kept[position][0] >= candidate.end:
        return candidate
    if candidate.type is not PiiType.STREET_ADDRESS or kept[position][2].type is candidate.type:
        return None
    return Candidate(candidate.type, candidate.start, kept[position][0], candidate.rule)
