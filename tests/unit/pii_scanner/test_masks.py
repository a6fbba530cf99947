"""What a finding shows of a value."""

import pytest

from metrics_api.pii_scanner.findings import PiiType, format_masked


@pytest.mark.parametrize(
    ("pii_type", "value", "masked"),
    [
        (PiiType.EMAIL, "john@example.com", "j***@e***.com"),
        (PiiType.EMAIL, "jo@x.com", "***@***.com"),
        (PiiType.EMAIL, "john at example dot com", "***@***"),
        (PiiType.PHONE, "555-123-4567", "***67"),
        (PiiType.PHONE, "five five five one two three four", "***"),
        (PiiType.SSN, "219-09-9999", "***-**-****"),
        (PiiType.CREDIT_CARD, "4111 1111 1111 1111", "***1111"),
        (PiiType.IP_ADDRESS, "203.0.113.7", "*.*.*.*"),
        (PiiType.IP_ADDRESS, "2001:db8::7", "*:*"),
        (PiiType.STREET_ADDRESS, "12 Main Street, Springfield, IL", "*** *** *** ***"),
        (PiiType.DATE_OF_BIRTH, "04/17/2014", "****-**-**"),
        (PiiType.PERSON_NAME, "Emma Jo", "E*** ***"),
        (PiiType.SCHOOL, "P.S. 118", "*** *** ***"),
    ],
)
def test_a_mask_tells_the_kind_and_not_the_value(pii_type: PiiType, value: str, masked: str) -> None:
    assert format_masked(pii_type, value) == masked
