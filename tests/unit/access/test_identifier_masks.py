"""What a mask leaves to see, and the names by which masked things are told apart."""

import pytest

from metrics_api.access.identifiers import References, mask_device


@pytest.mark.parametrize(
    ("fingerprint", "masked"),
    [("a", "…"), ("abc", "…"), ("abcdef", "…"), ("abcdefg", "abcdef…"), ("a-long-fingerprint", "a-long…")],
)
def test_no_fingerprint_is_shown_whole(fingerprint: str, masked: str) -> None:
    assert mask_device(fingerprint) == masked


def test_an_alias_is_the_same_each_time_and_another_for_another_key() -> None:
    ours, others = References("a key"), References("another key")
    assert ours.to_alias("203.0.113.5") == References("a key").to_alias("203.0.113.5")
    assert ours.to_alias("203.0.113.5") != others.to_alias("203.0.113.5")
    assert len({ours.to_alias(f"203.0.{high}.{low}") for high in range(20) for low in range(256)}) == 20 * 256
