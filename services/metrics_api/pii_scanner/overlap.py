"""Which of several findings about the same characters stands."""

from bisect import bisect_right, insort
from collections.abc import Iterable

from metrics_api.pii_scanner.findings import PiiType
from metrics_api.pii_scanner.rules import Candidate

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
