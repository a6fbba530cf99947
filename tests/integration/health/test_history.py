"""The score's history: what an evaluation leaves, and how a long one is thinned."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.context import Context
from metrics_api.health.history import MAX_POINTS, fetch_history
from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks
from tests.support.plans import watch_statements
from viral_contract.models.period import Period

DAY = timedelta(days=1)
PERIOD = {"start": "2026-03-01", "end": "2026-03-30"}


def evaluate(context: Context, now: datetime) -> None:
    """Evaluate as the reconciler would at that moment."""
    evaluate_guardrails(context, now=now)


def save_points(connection: Connection, first: str, last: str, apart: str) -> None:
    """A point at every step between two moments, with scores that count up."""
    connection.execute(
        text("""
            INSERT INTO health_history (computed_at, health_score, health_status, deductions)
            SELECT at, row_number() OVER (ORDER BY at) % 101, 'fair',
                '{"fraud": 1, "bot_behavior": 2, "opt_out_rate": 3, "coppa_violations": 4}'
            FROM generate_series(CAST(:first AS timestamptz), CAST(:last AS timestamptz), CAST(:apart AS interval)) at
        """),
        {"first": first, "last": last, "apart": apart},
    )


def test_every_evaluation_leaves_a_point(api: Api, context: Context) -> None:
    api.post_events(*build_clicks(11, apart=60, ip_address="203.0.113.7"))
    evaluate(context, NOON)
    evaluate(context, NOON + DAY)
    evaluate(context, NOON + 7 * DAY)
    answer = api.read("/v1/guardrails/history", **PERIOD)
    assert [(point["computed_at"], point["health_score"], point["has_data"]) for point in answer["points"]] == [
        ("2026-03-04T12:00:00Z", 98, True),
        ("2026-03-05T12:00:00Z", 98, True),
        ("2026-03-11T12:00:00Z", 100, False),
    ]
    first = answer["points"][0]
    assert first["health_status"] == "excellent"
    assert first["deductions"] == {"fraud": 2, "bot_behavior": 0, "opt_out_rate": 0, "coppa_violations": 0}


def test_without_evaluations_there_is_no_point(api: Api) -> None:
    answer = api.read("/v1/guardrails/history")
    assert (answer["points"], answer["period"]["days"]) == ([], 30)


def test_an_evaluation_on_demand_is_the_newest_point(api: Api) -> None:
    response = api.send("POST", "/v1/guardrails/evaluations")
    assert response.status_code == 200
    (point,) = api.read("/v1/guardrails/history", days=1)["points"]
    assert point == {name: response.get_json()[name] for name in point}


def test_a_point_from_before_the_score_by_share_stays_by_count(connection: Connection) -> None:
    save_points(connection, "2026-03-01 00:00+00", "2026-03-01 00:01+00", "2 minutes")
    (point,) = fetch_history(connection, Period.last_days(7, now=NOON), "share")
    assert (point.basis, point.health_score) == ("count", 1)


@pytest.mark.parametrize(
    ("start", "end", "points"),
    [("2026-03-30", "2026-03-30", 480), ("2026-03-01", "2026-03-30", MAX_POINTS), ("2025-04-01", "2026-03-30", 42)],
)
def test_a_long_history_is_thinned_and_keeps_the_newest_point(
    api: Api, connection: Connection, start: str, end: str, points: int
) -> None:
    save_points(connection, "2026-02-28 23:58+00", "2026-03-30 23:57+00", "3 minutes")
    listed = api.read("/v1/guardrails/history", start=start, end=end)["points"]
    moments = [datetime.fromisoformat(point["computed_at"]) for point in listed]
    assert len(moments) == pytest.approx(points, abs=1)
    assert moments == sorted(moments)
    assert moments[-1] == datetime(2026, 3, 30, 23, 55, tzinfo=UTC)
    assert moments[0] >= datetime.fromisoformat(start).replace(tzinfo=UTC)


def test_each_point_is_one_that_was_computed(api: Api, connection: Connection) -> None:
    save_points(connection, "2026-03-01 00:00+00", "2026-03-30 23:59+00", "7 minutes")
    listed = api.read("/v1/guardrails/history", **PERIOD)["points"]
    rows = connection.execute(text("SELECT computed_at, health_score FROM health_history"))
    stored = {row.computed_at: row.health_score for row in rows}
    assert {datetime.fromisoformat(p["computed_at"]): p["health_score"] for p in listed}.items() <= stored.items()
    assert len(listed) == MAX_POINTS


def test_the_history_of_a_year_is_read_by_look_ups_in_the_index(connection: Connection) -> None:
    save_points(connection, "2026-01-01 00:00+00", "2026-03-30 23:59+00", "5 minutes")
    connection.execute(text("ANALYZE health_history"))
    with watch_statements(connection) as statements:
        assert len(fetch_history(connection, Period.last_days(366, now=NOON), "count")) < MAX_POINTS
    (plan,) = statements.explain(connection)
    assert "idx_health_history_computed_at" in plan
    assert "Seq Scan on health_history" not in plan
