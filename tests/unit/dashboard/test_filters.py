"""The filters in the header of a page."""

from typing import Any

import pytest

from dashboard.components.filters import build_unfiltered, fetch_data, format_filters
from dashboard.period import FILTERS, format_search, keep_period
from dashboard.shared_views import SharedViews
from tests.support.answers import NOW
from tests.unit.dashboard.conftest import Browser
from tests.unit.dashboard.fake_api import FakeApi
from tests.unit.dashboard.open_page import Page
from tests.unit.dashboard.tree import text_of
from viral_contract.models.growth import FiltersAnswer, LoopChoice
from viral_contract.models.people import Role
from viral_contract.models.period import Period, PeriodQuery

PATH = "/v1/growth/filters"
ALL = {"value": "", "label": "All"}


@pytest.fixture
def views(api: FakeApi, view_as: Any) -> SharedViews:
    view_as(Role.VIEWER)
    api.answers["GET", PATH] = FiltersAnswer(
        period=Period.last_days(7, now=NOW),
        computed_at=NOW,
        loops=[LoopChoice(source="prep_pack", name="Prep pack")],
        campaigns=["spring"],
    )
    return SharedViews(api.connect(), seconds=60)


def test_there_are_loops_and_campaigns_to_choose_from(api: FakeApi, views: SharedViews) -> None:
    loops, campaigns = fetch_data(views, FILTERS, "?days=14")
    assert loops == [ALL, {"value": "prep_pack", "label": "Prep pack"}]
    assert campaigns == [ALL, {"value": "spring", "label": "spring"}]
    assert [dict(request.url.params) for request in api.asked] == [{"days": "14"}]


def test_what_is_chosen_is_among_the_choices_whatever_the_api_says(api: FakeApi, views: SharedViews) -> None:
    chosen = {"value": "old_loop", "label": "Old loop"}
    assert fetch_data(views, ("source",), "?source=old_loop")[0] == [
        ALL,
        chosen,
        {"value": "prep_pack", "label": "Prep pack"},
    ]
    api.is_down = True
    assert fetch_data(views, ("source",), "?days=3&source=old_loop") == [[ALL, chosen]]


def test_filters_stay_in_links() -> None:
    chosen = {"source": "prep_pack", "campaign": "spring", "metric": "clicks"}
    assert format_search(PeriodQuery(days=14), chosen) == "?days=14&source=prep_pack&campaign=spring"
    assert keep_period("?days=14&source=prep_pack&sort=clicks") == "?days=14&source=prep_pack"


def test_a_filter_is_named_and_so_is_what_it_leaves_alone() -> None:
    assert format_filters({"source": "prep_pack", "campaign": "spring"}) == "Loop: Prep pack · Campaign: spring"
    assert text_of(build_unfiltered(FILTERS)) == "All loops and campaigns"


def test_a_card_that_shows_everything_says_so(browser: Browser, api: FakeApi) -> None:
    changes = Page(browser, "viewer1").refresh("?days=7&source=prep_pack")
    bodies = {name: str(change.get("children")) for name, change in changes.items() if name.endswith("-body")}
    assert "All loops" in bodies["health-score-body"]
    assert "All loops" not in bodies["traffic-body"]
    assert "All loops" not in bodies["culprits-body"]
    assert "Clear filters" in str(changes["guardrails-summary"])
    asked = [request.url.params.get("source") for request in api.asked if request.url.path == "/v1/cases"]
    assert "prep_pack" in asked
