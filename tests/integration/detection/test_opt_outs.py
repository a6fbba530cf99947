"""Opt-out rates: what was shared and nobody opened, by the day of creation and the views of now."""

from typing import Any

import pytest

from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks, build_event, build_link
from tests.support.content_builders import DAY, build_reel, build_session, build_share, save, save_reels, save_shares

ONE_DAY = {"start": DAY, "end": DAY}


def read_opt_outs(api: Api, **query: Any) -> dict[str, Any]:
    return api.read("/v1/guardrails/opt-outs", **(query or ONE_DAY))


def save_links(api: Api, *ids: str) -> None:
    save(api, "links", *(build_link(name, inserted_at=NOON.isoformat()) for name in ids))


def test_3_of_10_shares_unviewed_is_a_rate_of_0_3(api: Api) -> None:
    save_shares(api, *(build_share(f"s-{number}", view_count=max(number - 2, 0)) for number in range(10)))
    assert read_opt_outs(api)["parent_shares"] == {"total": 10, "never_viewed": 3, "opt_out_rate": 0.3}


def test_without_anything_every_rate_is_0(api: Api) -> None:
    answer = read_opt_outs(api)
    assert answer["parent_shares"] == {"total": 0, "never_viewed": 0, "opt_out_rate": 0}
    assert answer["attribution_links"] == {"total": 0, "zero_clicks": 0, "opt_out_rate": 0}
    assert answer["study_sessions"] == {"total": 0, "avg_participants": 0}


def test_where_one_kind_is_empty_the_other_counts_alone(api: Api) -> None:
    save_links(api, "l-1", "l-2")
    answer = read_opt_outs(api)
    assert answer["attribution_links"] == {"total": 2, "zero_clicks": 2, "opt_out_rate": 1}
    assert answer["parent_shares"]["opt_out_rate"] == 0
    deductions = api.read("/v1/guardrails/health", **ONE_DAY)["deductions"]
    assert deductions["opt_out_rate"] == 10


def test_a_link_is_no_opt_out_any_more_once_it_was_clicked_whenever_that_was(api: Api) -> None:
    save_links(api, "l-1", "l-2", "l-3", "l-4")
    api.post_events(*build_clicks(2, link_id="l-1", at=NOON.replace(month=5)), build_event("visit", link_id="l-2"))
    assert read_opt_outs(api)["attribution_links"] == {"total": 4, "zero_clicks": 3, "opt_out_rate": 0.75}


def test_a_share_counts_with_its_views_of_now_on_the_day_of_its_creation(api: Api) -> None:
    save_shares(api, build_share("s", view_count=0))
    assert read_opt_outs(api)["parent_shares"]["never_viewed"] == 1
    save_shares(api, build_share("s", view_count=3, inserted_at=None))
    assert read_opt_outs(api)["parent_shares"] == {"total": 1, "never_viewed": 0, "opt_out_rate": 0}


def test_sessions_have_an_average_of_distinct_participants(api: Api) -> None:
    save(api, "study-sessions", build_session("a", "anna", "ben", "carl"), build_session("b", "anna", "anna"))
    assert read_opt_outs(api)["study_sessions"] == {"total": 2, "avg_participants": 2}


def test_only_what_was_created_in_the_period_counts(api: Api) -> None:
    for day in range(1, 6):
        save_shares(api, build_share(f"s-{day}", view_count=0, inserted_at=f"2026-03-0{day}T23:59:59Z"))
    answer = read_opt_outs(api, start="2026-03-02", end="2026-03-04")
    assert answer["parent_shares"]["total"] == 3
    assert answer["period"] == {"start": "2026-03-02", "end": "2026-03-04", "days": 3}


def test_reels_have_no_opt_out_rate(api: Api) -> None:
    save_reels(api, build_reel("r"))
    answer = read_opt_outs(api)
    assert (answer["parent_shares"]["total"], answer["attribution_links"]["total"]) == (0, 0)


@pytest.mark.parametrize("query", [{"limit": 5}, {"days": 400}, {"days": 7, "start": DAY}, {"alert_opt_out_rate": 2}])
def test_a_query_that_makes_no_sense_is_refused(api: Api, query: dict[str, Any]) -> None:
    assert api.refuse(422, "GET", "/v1/guardrails/opt-outs", query_string=query)["code"] == "invalid"


def test_the_share_and_link_rates_make_the_deduction(api: Api) -> None:
    save_shares(api, *(build_share(f"s-{number}", view_count=max(number - 2, 0)) for number in range(10)))
    save_links(api, "l-1", "l-2")
    api.post_events(*build_clicks(1, link_id="l-1"))
    health = api.read("/v1/guardrails/health", **ONE_DAY)
    assert health["deductions"]["opt_out_rate"] == 8
    assert health["components"]["opt_outs"]["parent_shares"]["opt_out_rate"] == 0.3
    overridden = api.read("/v1/guardrails/health", **ONE_DAY, health_score_opt_out_multiplier=5)
    assert overridden["deductions"]["opt_out_rate"] == 2
    assert overridden["thresholds"]["health_score_opt_out_multiplier"] == 5
