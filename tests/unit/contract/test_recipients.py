"""Lists of recipients as people type them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from email_worker.message import read_mailbox
from email_worker.settings import EmailSettings
from viral_contract.models.recipients import drop_repeated, is_excluded, mask_recipient, split_addresses
from viral_contract.models.values import EmailAddress

_ADDRESS = TypeAdapter(EmailAddress)


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


@pytest.mark.parametrize(
    "domain", ["school.local", "mail.home.arpa", "home.arpa", "school.test", "schule.münchen.local"]
)
def test_addresses_of_a_schools_own_network_are_taken_by_the_api_and_the_worker(domain: str) -> None:
    assert _ADDRESS.validate_python(f"pat@{domain}") == f"pat@{domain}"
    assert read_mailbox(f"pat@{domain}").address.startswith("pat@")


@pytest.mark.parametrize("domain", ["localhost", "school.localhost", "x.invalid", "x.onion", "1.in-addr.arpa", "nodot"])
def test_addresses_that_no_mail_server_has_are_refused(domain: str) -> None:
    with pytest.raises(ValidationError):
        _ADDRESS.validate_python(f"pat@{domain}")


@pytest.mark.parametrize(
    ("domains", "address", "excluded"),
    [
        ("", "pat@anywhere.example", False),
        ("school.example", "pat@School.Example", False),
        ("other.example, school.example", "pat@school.example", False),
        ("school.example", "pat@evil-school.example", True),
        ("school.example", "pat@school.example.evil.example", True),
        ("school.example", "pat@mail.school.example", True),
    ],
)
def test_emails_go_to_the_allowed_domains_only(domains: str, address: str, excluded: bool) -> None:
    assert is_excluded(address, domains) is excluded


@pytest.mark.parametrize(
    "domains", ["pat@school.example", "*.school.example", "school", "school.example other.example"]
)
def test_what_is_no_list_of_domains_stops_the_start(domains: str) -> None:
    with pytest.raises(ValidationError, match="EMAIL_RECIPIENT_DOMAINS"):
        EmailSettings(email_recipient_domains=domains)
