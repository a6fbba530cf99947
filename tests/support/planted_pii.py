"""Personal information planted in every field of events, written and encoded in many ways, from one seed."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote, quote_plus

_NAMES = "mia leo.smith ava_jones noah-k zoe.van.dyk parent23 grandma.may o.brien j liam2014".split()
_HOSTS = "example.com example.org mail.example.net school.example.edu example.co.uk familie.example.de".split()
_STREETS = ("Main Street", "Oak Avenue", "Maple Drive", "Elm Road", "Cedar Lane", "Washington Boulevard")


@dataclass(frozen=True)
class Planted:
    """What was planted: the field and type, the value as it was written, and how it stands in the field."""

    field: str
    type: str
    value: str
    written: Any

    @property
    def parts(self) -> tuple[str, ...]:
        """What must be found nowhere: the value and each of its encodings."""
        return tuple({self.value, *(encode(self.value) for encode in (quote, *_BASE64))})


def _encode_base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _encode_base64_for_urls(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


_BASE64 = (_encode_base64, _encode_base64_for_urls)


def _quote_whole(value: str) -> str:
    return quote(value, safe="")


_IN_URLS: tuple[Callable[[str], str], ...] = (
    _quote_whole,
    _quote_whole,
    lambda value: _quote_whole(_quote_whole(value)),
    quote_plus,
    *_BASE64,
    lambda value: _quote_whole(_encode_base64(value)),
)


def _make_email(random: Random) -> str:
    name = random.choice(_NAMES) + str(random.randrange(1000))
    tag = f"+{random.choice(('school', 'kids', 'app'))}{random.randrange(10)}" if random.random() < 0.3 else ""
    email = f"{name}{tag}@{random.choice(_HOSTS)}"
    return email.title() if random.random() < 0.1 else email


def _make_phone(random: Random) -> str:
    area, line = random.choice((212, 312, 415, 617, 713)), f"{random.randrange(10_000):04}"
    shape = random.choice(("{a}-555-{n}", "({a}) 555-{n}", "+1 {a} 555 {n}", "+1{a}555{n}", "{a}.555.{n}"))
    return shape.format(a=area, n=line)


def _make_ssn(random: Random) -> str:
    return f"{random.randrange(100, 600)}-{random.randrange(10, 99)}-{random.randrange(1000, 9999)}"


def _make_card(random: Random) -> str:
    digits = [4, *(random.randrange(10) for _ in range(14))]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[::2]]
    digits.append(-(sum(doubled) + sum(digits[1::2])) % 10)
    number = "".join(map(str, digits))
    return random.choice("- ").join(number[place : place + 4] for place in range(0, 16, 4))


def _make_address(random: Random) -> str:
    return f"{random.randrange(1, 9999)} {random.choice(_STREETS)}"


_MAKERS: Mapping[str, Callable[[Random], str]] = {
    "email": _make_email,
    "phone": _make_phone,
    "ssn": _make_ssn,
    "credit_card": _make_card,
    "street_address": _make_address,
}
# As often as such things happen, roughly.
_TYPES = ("email",) * 5 + ("phone",) * 2 + ("ssn", "credit_card", "street_address")
_IDS = ("user_id", "referrer_id", "link_id", "session_id", "device_fingerprint")
_FIELDS = ("landing_page", "referrer_url", "landing_page", "referrer_url", "metadata", "metadata", "user_agent", *_IDS)


def plant(random: Random, number: int) -> Iterator[Planted]:
    """So many planted values, each for an event of its own."""
    for _ in range(number):
        pii_type, field = random.choice(_TYPES), random.choice(_FIELDS)
        value = _MAKERS[pii_type](random)
        yield Planted(field, pii_type, value, _WRITERS[field](random, value))


def _write_url(random: Random, value: str) -> str:
    encoded = random.choice(_IN_URLS)(value)
    shape = random.choice(
        (
            "https://app.example.com/join?ref=buddy&e={v}&utm_source=share",
            "https://app.example.com/invite/{v}",
            "https://app.example.com/u/{v}/progress?x=1",
            "https://app.example.com/#/start?contact={v}",
            "/s?d={v}",
        )
    )
    return shape.format(v=encoded)


def _write_nested_url(random: Random, value: str) -> str:
    if random.random() < 0.3:
        return f"https://go.example.com/?to={_quote_whole(f'https://app.example.com/?who={_quote_whole(value)}')}"
    return _write_url(random, value)


def _write_user_agent(random: Random, value: str) -> str:
    shape = random.choice(("Mozilla/5.0 (iPad; {v}) BuddyApp/5.1", "BuddyApp/5.1 ({v})", "BuddyApp/5.1 (iPad) {v}"))
    return shape.format(v=value)


def _write_metadata(random: Random, value: str) -> dict[str, Any]:
    encoded = random.choice((str, str, _quote_whole, *_BASE64))(value)
    deep: list[dict[str, Any]] = [
        {"variant": "b", "note": encoded},
        {"step": 3, "who": {"parent": [{"is": encoded}]}},
        {encoded: True},
        {"said": f"write to {value} please"},
    ]
    return random.choice(deep)


def _write_id(random: Random, value: str) -> str:
    return random.choice((str, str, str, _quote_whole, *_BASE64))(value)


_WRITERS: Mapping[str, Callable[[Random, str], Any]] = {
    "landing_page": _write_url,
    "referrer_url": _write_nested_url,
    "user_agent": _write_user_agent,
    "metadata": _write_metadata,
    **dict.fromkeys(_IDS, _write_id),
}
