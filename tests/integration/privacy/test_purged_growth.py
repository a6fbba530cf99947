"""Growth over dates that were purged: totals stay exact, who invited is no longer known."""

from datetime import timedelta

from sqlalchemy import Connection

from metrics_api.db.database import Database
from tests.support.api_fixtures import Api
from tests.support.batches import rebuild
from tests.support.brute_force import fetch_facts
from tests.support.builders import build_event
from tests.support.purging import NEW, NEW_IP, NIGHT, OLD, OLD_IP, post_of, purge


def test_growth_keeps_its_totals_and_knows_no_k_of_purged_dates(api: Api, database: Database) -> None:
    post_of(api, "old", OLD, OLD_IP)
    api.post_events(build_event("conversion", at=OLD, user_id="nobody-is-credited"))
    day = {"start": str(OLD.date()), "end": str(OLD.date())}
    before = {path: api.read(f"/v1/growth/{path}", **day) for path in ("k-factor", "loops", "timeline")}
    purge(database)
    after = {path: api.read(f"/v1/growth/{path}", **day) for path in before}
    totals = ("total_invites", "total_clicks", "total_conversions", "conversion_rate")
    assert [before["k-factor"][name] for name in totals] == [1, 12, 1, 1 / 12]
    assert [after["k-factor"][name] for name in totals] == [1, 12, 1, 1 / 12]
    assert (before["k-factor"]["is_partial"], before["k-factor"]["active_users"]) == (False, 1)
    unknown = (
        "is_partial",
        "active_users",
        "k_factor",
        "k_factor_clean",
        "avg_invites_per_user",
        "trend",
        "change_pct",
    )
    assert [after["k-factor"][name] for name in unknown] == [True, 0, 0, 0, 0, "stable", None]
    for listed in (after["loops"]["loops"], after["timeline"]["points"]):
        assert [(row["invites"], row["clicks"], row["active_users"], row["k_factor"]) for row in listed] == [
            (1, 12, 0, 0)
        ]
    assert [point["conversions"] for point in after["timeline"]["points"]] == [1]


def test_k_is_of_the_kept_dates_and_not_compared_with_purged_ones(api: Api, database: Database) -> None:
    for age, at in (("old", OLD), ("new", NEW)):
        post_of(api, age, at, NEW_IP)
    kept = {"start": str(NEW.date()), "end": str(NEW.date())}
    before = api.read("/v1/growth/k-factor", **kept)
    purge(database)
    both = api.read("/v1/growth/k-factor", start=str(OLD.date()), end=str(NEW.date()))
    after = api.read("/v1/growth/k-factor", **kept)
    assert (both["total_conversions"], both["active_users"], both["k_factor"]) == (2, 1, before["k_factor"])
    assert (after["k_factor"], after["is_partial"], after["previous"]["is_partial"]) == (
        before["k_factor"],
        False,
        True,
    )
    assert (after["trend"], after["change_pct"], after["why"]["verdict"]) == ("stable", None, "too_few_to_say")


def test_events_of_purged_dates_that_come_late_do_not_change_the_totals(api: Api, database: Database) -> None:
    for night in (NIGHT, NIGHT + timedelta(days=1)):
        post_of(api, "old", OLD, OLD_IP)
        purge(database, night)
    answer = api.read("/v1/growth/k-factor", start=str(OLD.date()), end=str(OLD.date()))
    assert (answer["total_clicks"], answer["total_conversions"], answer["active_users"]) == (12, 1, 0)


def test_a_week_of_which_only_a_program_is_kept_is_nobodys(
    api: Api, database: Database, connection: Connection
) -> None:
    api.post_events(
        build_event(at=NEW, user_id="gone"),
        build_event(at=NEW + timedelta(days=1), user_id="gone", http_method="HEAD"),
        build_event(at=NEW, user_id="back"),
        build_event(at=NEW + timedelta(days=1), user_id="back"),
    )
    purge(database, NIGHT + timedelta(days=1))
    kept = fetch_facts(connection)["active_weeks"]
    assert [person for _week, person in kept] == ["user:back"]
    rebuild(api)
    assert fetch_facts(connection)["active_weeks"] == kept
