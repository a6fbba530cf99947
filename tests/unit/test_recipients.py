"""Lists of recipients as people type them."""

import pytest

from viral_engine.contract.recipients import drop_repeated, mask_recipient, split_addresses


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("", []),
        (" ,;\n", []),
        ("a@b.example", ["a@b.example"]),
        ("a@b.example,c@d.example;e@f.example\ng@h.example", "a@b.example c@d.example e@f.example g@h.example".split()),
        ("a@b.example\r\nc@d.example\r\n", ["a@b.example", "c@d.example"]),
        ("a@b.example, not an address", ["a@b.example", "not an address"]),
    ],
)
def test_addresses_are_split_at_commas_semicolons_and_line_ends(text: str, addresses: list[str]) -> None:
    assert split_addresses(text) == addresses


def test_the_first_spelling_of_a_repeated_address_stays() -> None:
    given = ["Ann@School.example", "bob@school.example", "ann@school.EXAMPLE"]
    assert drop_repeated(given) == ["Ann@School.example", "bob@school.example"]


@pytest.mark.parametrize(
    ("recipient", "masked"),
    [
        ("ann@school.example", "a…@school.example"),
        ("https://hooks.example/services/T0/secret?token=1", "https://hooks.example/…"),
        ("https://user:password@hooks.example:8443/x", "https://hooks.example/…"),
    ],
)
def test_a_masked_recipient_tells_where_but_not_who(recipient: str, masked: str) -> None:
    assert mask_recipient(recipient) == masked
