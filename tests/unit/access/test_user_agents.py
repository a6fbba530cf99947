"""What a viewer sees of a user agent."""

import pytest

from metrics_api.access.identifiers import mask_user_agent


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/120.0 Safari/537.36",
            "Mozilla AppleWebKit Chrome Safari",
        ),
        ("curl/8.5.0", "curl"),
        ("curl", "curl"),
        ("python-requests/2.32", "python-requests"),
        ("App/1.0 ana@example.com 5551234567", "App"),
        ("App/1.0 (device 7f3a; user 42", "App"),
        ("7f3a-42", "…"),
        ("", "…"),
    ],
)
def test_only_names_of_products_are_left(given: str, shown: str) -> None:
    assert mask_user_agent(given) == shown
