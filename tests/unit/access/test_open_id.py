"""What of an id token is taken: texts, and a verified address; anything else is refused in words."""

import pytest

from metrics_api.access.open_id import SignOnRefusedError, VerifiedPerson, read_groups, read_person

GOOD = {"iss": "https://login.example", "sub": "7f", "email": "Ana@Example.com", "email_verified": True}
ODD = (
    None,
    7,
    -1.5,
    True,
    False,
    [],
    ["a"],
    {},
    {"a": [{}]},
    "",
    "x" * 256,
    "a\x00",
    "a\nb",
    "\ud800",
    b"a",
    float("nan"),
)


def test_good_claims_are_taken() -> None:
    assert read_person(GOOD) == VerifiedPerson("https://login.example 7f", "ana@example.com")


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("claim", ["iss", "sub", "email"])
def test_an_odd_claim_is_refused(claim: str, value: object) -> None:
    with pytest.raises(SignOnRefusedError):
        read_person({**GOOD, claim: value})


@pytest.mark.parametrize("claim", list(GOOD))
def test_a_missing_claim_is_refused(claim: str) -> None:
    with pytest.raises(SignOnRefusedError):
        read_person({name: value for name, value in GOOD.items() if name != claim})


@pytest.mark.parametrize("value", [None, 1, "true", "false", [True], {"a": True}, False])
def test_verified_is_true_and_nothing_like_it(value: object) -> None:
    with pytest.raises(SignOnRefusedError, match="verified"):
        read_person({**GOOD, "email_verified": value})


@pytest.mark.parametrize("value", [*ODD, [None, 1, ["staff"], {}]])
def test_odd_groups_are_none(value: object) -> None:
    assert set(read_groups({"groups": value}, "groups")) <= {value if isinstance(value, str) else "a"}
