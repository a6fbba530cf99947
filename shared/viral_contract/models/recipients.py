"""Lists of recipients as people type them, and masks for recipients."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_SEPARATORS = re.compile(r"[,;\r\n]")


def split_addresses(text: str) -> list[str]:
    """The addresses of a text separated by commas, semicolons or line breaks; not yet validated."""
    return [address for part in _SEPARATORS.split(text) if (address := part.strip())]


def drop_repeated(addresses: Iterable[str]) -> list[str]:
    """Each address once, in first order and spelling; case is ignored."""
    first: dict[str, str] = {}
    for address in addresses:
        first.setdefault(address.casefold(), address)
    return list(first.values())


def read_domains(text: str) -> list[str]:
    """The domains of a comma-separated list, in lower case."""
    return [domain.strip().lower() for domain in text.split(",") if domain.strip()]


def is_excluded(address: str, domains: str) -> bool:
    """Whether an email address is in none of these domains; an empty list allows all."""
    allowed = read_domains(domains)
    return bool(allowed) and address.rpartition("@")[2].lower() not in allowed


def mask_recipient(recipient: str) -> str:
    """A recipient for logs and lists: the first character of a mailbox with its domain, or the host of a webhook."""
    if "://" in recipient:
        url = urlsplit(recipient)
        return f"{url.scheme}://{url.hostname}/…"
    mailbox, _, domain = recipient.rpartition("@")
    return f"{mailbox[:1]}…@{domain}"
