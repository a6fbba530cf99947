"""Which passwords are refused because they are guessed first, and which are taken."""

import secrets
import sys
from collections.abc import Callable
from contextlib import suppress

import pytest

from metrics_api.access.passwords import WeakPasswordError, check_password

EMAIL = "ana.lopez@lakeside.example"


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "P@ssw0rd1234!",
        "qwertyuiop123",
        "123456789012",
        "0987654321abc",
        "aaaaaaaaaaaa",
        "\U0001f600" * 12,
        "adminadminadmin",
        "iloveyouiloveyou",
        "a" * 1024,
        "20262026202620",
        EMAIL,
        EMAIL.upper() + "1",
        "Ana.Lopez2026!",
        "Lopez-Ana-2026",
        "lakeside.lopez",
        "lopezlopezlopez",
        "viralguardrails",
        "Viral Guardrails 1",
        "V1r4lGu4rdr41ls",
        "guardrails2026",
        "viral-engine-dashboard",
    ],
)
def test_what_is_guessed_first_is_refused_in_a_sentence(password: str) -> None:
    with pytest.raises(WeakPasswordError, match=r"too easy to guess.*three or four words"):
        check_password(password, EMAIL)


@pytest.mark.parametrize(
    "password", ["correct horse battery", "another horse battery", "kJ8#vQ2!zR5@wL9$", "vier Bücher am Fluss"]
)
def test_what_is_hard_to_guess_is_taken(password: str) -> None:
    check_password(password, EMAIL)


def test_random_passwords_are_taken() -> None:
    for _ in range(200):
        check_password(secrets.token_urlsafe(12), EMAIL)
        check_password(secrets.token_hex(32), EMAIL)


def count_calls(work: Callable[[], None]) -> int:
    calls = 0

    def count(*_event: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "signs", ["4@({[<69311!|70$5+7%2", "4@|!17$5693", "4a@8b(c{[<e3g69i1!|l17o0s$5t+7x%z2", "ab1!"]
)
def test_no_password_keeps_the_check_busy(signs: str) -> None:
    usual = count_calls(lambda: check_password("vier Bücher am Fluss", EMAIL))

    def check() -> None:
        with suppress(WeakPasswordError):
            check_password((signs * 256)[:1024], EMAIL)

    assert count_calls(check) < 100 * usual
