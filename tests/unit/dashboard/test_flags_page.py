"""Feature flags: who sees how they stand, and what pages say whose feature is off."""

from typing import Any

import httpx
import pytest

from dashboard.admin.flags import LISTED
from dashboard.lists.view import show as show_page
from tests.chart.rendering import render
from tests.support.answers import NOW
from tests.unit.dashboard.callbacks import call
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.tree import find, text_of
from viral_contract.models.flags import FLAGS, Flag, FlagsAnswer, FlagState
from viral_contract.models.people import Role, SignedInPerson

PATH = "/v1/flags"
SWITCHED_OFF = httpx.Response(404, json={"code": "feature_disabled", "detail": "The feature is turned off."})


def build_state(name: Flag, **state: Any) -> FlagState:
    meaning = FLAGS[name]
    standing = {"on": meaning.default, "percentage": 100 * meaning.default, "has_rule": False, **state}
    return FlagState(
        name=name, default=meaning.default, decided_by=meaning.decided_by, off_means=meaning.off_means, **standing
    )


def build_answer(*flags: FlagState, **file: Any) -> FlagsAnswer:
    return FlagsAnswer(flags=list(flags), **{"path": "/etc/flags.json", "read_at": NOW, "problem": None, **file})


def show(api: FakeApi, answer: FlagsAnswer) -> str:
    api.answers["GET", PATH] = answer
    return " ".join(text_of(shown_to(api)).split())


def shown_to(api: FakeApi) -> list[Any]:
    """The page as the viewer gets it."""
    shown = show_page(LISTED, api.connect(), "", now=NOW)
    return [shown["notice"], *shown["bodies"].values()]


@pytest.fixture
def admin(view_as: Any) -> None:
    view_as(Role.ADMIN)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_others_than_admins_get_a_sentence(api: FakeApi, view_as: Any, role: Role) -> None:
    view_as(role)
    assert "Only admins" in text_of(shown_to(api))
    assert api.asked == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (build_state(Flag.GUARDRAIL_DASHBOARD), "Default: On On for you On for 100% of people"),
        (build_state(Flag.GUARDRAIL_DASHBOARD, on=False, percentage=25), "On Off for you On for 25% of people"),
        (build_state(Flag.EMAIL_DELIVERY), "Default: Off Off On for 0% of reports"),
        (build_state(Flag.AI_INSIGHTS, on=None, percentage=25), "Default: Off Differs On for 25% of reports"),
        (
            build_state(Flag.PERFORMANCE_REPORTS, percentage=0, has_rule=True),
            "On for 0% of people, except those named by a rule",
        ),
        (build_state(Flag.PERFORMANCE_REPORTS, percentage=None, has_rule=True), "A rule decides which people"),
    ],
)
@pytest.mark.usefixtures("admin")
def test_an_admin_sees_for_whom_a_flag_is_on(api: FakeApi, state: FlagState, said: str) -> None:
    shown = show(api, build_answer(state))
    assert said in shown
    assert f"Off: {state.off_means}" in shown


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({}, "File /etc/flags.json In effect since 31 Mar 10:28 UTC"),
        ({"path": None, "read_at": None}, "There is no flags file"),
        ({"problem": "it is not JSON"}, "The file is invalid: it is not JSON. The last valid flags stay in effect."),
        ({"problem": "it is not JSON", "read_at": None}, "Every flag uses its default"),
    ],
)
@pytest.mark.usefixtures("admin")
def test_an_admin_sees_the_state_of_the_file(api: FakeApi, file: dict[str, Any], said: str) -> None:
    assert said in show(api, build_answer(build_state(Flag.AI_INSIGHTS), **file))


@pytest.mark.usefixtures("admin")
def test_an_admin_without_kubernetes_is_told_which_file_to_edit(api: FakeApi) -> None:
    shown = show(api, build_answer(build_state(Flag.AI_INSIGHTS), path="/srv/guardrails/flags.json"))
    assert "Edit /srv/guardrails/flags.json : defaultVariant" in shown
    assert "helm" not in shown
    assert "kubectl" not in shown


@pytest.mark.usefixtures("admin")
def test_an_admin_sees_how_a_flag_is_changed_and_nothing_to_change_it_here(api: FakeApi) -> None:
    shown = show(api, build_answer(build_state(Flag.AI_INSIGHTS), path=render().config("metrics-api")["FLAGS_FILE"]))
    assert "viral-engine flags set email_delivery on --percent 25 --namespace viral-engine" in shown
    assert "featureFlags:" in shown
    assert [text_of(button) for button in find(shown_to(api), "button")] == ["Copy", "Copy"]


@pytest.mark.usefixtures("admin")
def test_without_the_api_the_page_says_so(api: FakeApi) -> None:
    api.is_down = True
    assert "Data is temporarily unavailable" in text_of(shown_to(api))


@pytest.mark.parametrize(
    ("route", "output", "search"),
    [
        ("/v1/guardrails/health", "guardrails-notice.children", ""),
        ("/v1/guardrails/fraud", "flagged-networks-rows.children", ""),
        ("/v1/guardrails/bots", "flagged-devices-rows.children", ""),
        ("/v1/guardrails/what-if", "what-if-result.children", ""),
        ("/v1/guardrails/coppa/violations", "violations-rows.children", ""),
        ("/v1/investigations/devices/d1", "investigation-view.children", "?kind=device&id=d1"),
        ("/v1/reports", "reports-list.children", ""),
    ],
)
def test_every_page_says_that_its_feature_is_switched_off(
    browser: Browser, api: FakeApi, route: str, output: str, search: str
) -> None:
    api.answers["GET", route] = SWITCHED_OFF
    browser.resume("analyst1")
    assert "This feature is turned off" in str(call(browser, output, {"url.search": search}))


def test_viewers_with_other_flags_do_not_share_what_is_drawn(browser: Browser, api: FakeApi) -> None:
    browser.resume("viewer1")
    call(browser, "guardrails-notice.children", {})
    api.answers["GET", "/v1/session"] = SignedInPerson(id=2, email="viewer2@example.com", role=Role.VIEWER, flags=[])
    api.answers["GET", "/v1/guardrails/health"] = SWITCHED_OFF
    browser.resume("viewer2")
    assert "This feature is turned off" in str(call(browser, "guardrails-notice.children", {}))
