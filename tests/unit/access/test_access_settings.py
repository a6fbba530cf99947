"""Settings about who gets in, and what they refuse."""

import pytest

from dashboard.settings import DashboardSettings
from email_worker.settings import WebhookSettings
from metrics_api.access.lockout import find_lock_end
from metrics_api.settings.access import LimitSettings, SingleSignOnSettings
from metrics_api.settings.api import BootstrapSettings
from tests.support.answers import NOW
from viral_contract.models.people import Role
from viral_runtime.settings.base import InvalidSettingsError, load_settings
from viral_runtime.settings.groups import ProxySettings


@pytest.mark.parametrize(
    ("name", "value", "model", "said"),
    [
        ("TRUSTED_PROXIES", "10.0.0.0/8, everybody", ProxySettings, "TRUSTED_PROXIES must be networks"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", ProxySettings, "has host bits set"),
        ("OIDC_ISSUER", "http://login.example.com", SingleSignOnSettings, "OIDC_ISSUER must be an https address"),
        ("OIDC_ISSUER", "http://login.example.com", DashboardSettings, "OIDC_ISSUER must be an https address"),
        ("WEBHOOK_ALLOWED_NETWORKS", "10.0.0.1/8", WebhookSettings, "WEBHOOK_ALLOWED_NETWORKS must be networks"),
        ("OIDC_ISSUER", "https://login.example.com", SingleSignOnSettings, "OIDC_CLIENT_ID is missing"),
    ],
)
def test_a_bad_setting_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, model: type, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettingsError, match=said):
        load_settings(model)


def test_a_secret_that_may_be_left_out_is_not_printed_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "too short")
    with pytest.raises(InvalidSettingsError) as refused:
        load_settings(BootstrapSettings)
    assert "ADMIN_PASSWORD is not valid" in str(refused.value)
    assert "too short" not in str(refused.value)


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        ([], None),
        (["sales"], None),
        (["guests"], Role.VIEWER),
        (["guests", "analysts"], Role.ANALYST),
        (["guests", "chiefs"], Role.ADMIN),
        (["Chiefs"], None),
    ],
)
def test_the_highest_role_of_all_groups_counts(groups: list[str], role: Role | None) -> None:
    settings = SingleSignOnSettings(
        oidc_admin_groups="owners, chiefs", oidc_analyst_groups="analysts", oidc_viewer_groups="guests"
    )
    assert settings.find_role(groups) is role


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, None), (4, None), (5, 30), (6, 60), (7, 120), (9, 480), (10, 900), (10_000, 900)]
)
def test_a_lock_doubles_with_every_failure_up_to_15_minutes(failures: int, seconds: int | None) -> None:
    until = find_lock_end(failures, LimitSettings(), now=NOW)
    assert (until and (until - NOW).total_seconds()) == seconds
