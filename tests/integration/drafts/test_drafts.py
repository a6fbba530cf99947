"""Drafts: thresholds replayed over the past by the code that judges the present."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from metrics_api.context import Context
from metrics_api.drafts import replay
from metrics_api.drafts.replay import SHADOW_EVERY, replay_next
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event
from viral_contract.models.people import Scope

NOW = datetime.now(UTC)
TODAY = NOW.date()
FIRST = TODAY - timedelta(days=9)


def at_noon(day: date) -> datetime:
    """Noon of the date; of today a moment that has passed."""
    return min(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), NOW - timedelta(hours=1))


def draft(**changes: Any) -> dict[str, Any]:
    """A draft without any change over the last 10 dates."""
    return {"name": "Less noise", "settings": {}, "start": str(FIRST), "end": str(TODAY), **changes}


def create(api: Api, **changes: Any) -> int:
    """The id of a new draft."""
    response = api.send("POST", "/v1/drafts", json=draft(**changes))
    assert response.status_code == 201, response.get_data(as_text=True)
    return int(response.get_json()["id"])


@pytest.fixture
def fraud(api: Api) -> Api:
    """Six networks with 12 clicks and one with 30 on a date 5 days ago, two fast devices, an eager referrer."""
    noon = at_noon(TODAY - timedelta(days=5))
    for number in range(6):
        api.post_events(*build_clicks(12, at=noon, apart=60, ip_address=f"203.0.113.{number}"))
    api.post_events(*build_clicks(30, at=noon, apart=60, ip_address="203.0.113.100"))
    for device in ("fast", "faster"):
        api.post_events(*build_clicks(3, at=noon, apart=1, device_fingerprint=device))
    credited = {"referrer_id": "maria", "at": noon + timedelta(hours=1)}
    api.post_events(*[build_event(kind, **credited) for kind in ["click", "conversion"] * 6])
    return api


def test_a_draft_without_changes_is_what_is_live(fraud: Api) -> None:
    answer = fraud.read(f"/v1/drafts/{create(fraud)}")

    assert (answer["status"], answer["done_days"], answer["total_days"], answer["is_live"]) == ("done", 10, 10, True)
    assert [answer[name]["count"] for name in ("newly_flagged", "no_longer_flagged", "unchanged")] == [0, 0, 10]
    period = {"start": str(FIRST), "end": str(TODAY)}
    assert {(each["kind"], each["ref"] or each["entity"]) for each in answer["unchanged"]["first"]} == {
        *(("network", ip["ref"]) for ip in fraud.read("/v1/guardrails/fraud", **period)["suspicious_ips"]),
        *(("device", each["ref"]) for each in fraud.read("/v1/guardrails/bots", **period)["bot_like_devices"]),
        ("referrer", "maria"),
    }
    assert len(answer["days"]) == 10
    for day in answer["days"]:
        week = {"start": str(date.fromisoformat(day["date"]) - timedelta(days=6)), "end": day["date"]}
        assert day["health_score"] == day["live_health_score"]
        assert day["live_health_score"] == fraud.read("/v1/guardrails/health", **week)["health_score"]
        assert day["k_factor_clean"] == fraud.read("/v1/growth/k-factor", **week)["k_factor_clean"]
    assert answer["alerts"] == answer["live_alerts"]
    assert answer["helm_values"] == ""


def test_shows_who_is_no_longer_flagged_and_which_alerts_would_not_open(fraud: Api) -> None:
    answer = fraud.read(f"/v1/drafts/{create(fraud, settings={'fraud_ip_click_threshold': 15})}")

    dropped = answer["no_longer_flagged"]
    assert (dropped["count"], dropped["by_verdict"]["none"]) == (6, 6)
    assert {each["peak"] for each in dropped["first"]} == {12}
    assert (answer["newly_flagged"]["count"], answer["unchanged"]["count"]) == (0, 4)
    opened = TODAY - timedelta(days=5)
    assert [(each["type"], each["date"]) for each in answer["live_alerts"]] == [
        ("fraud_detection", str(opened)),
        ("conversion_anomaly", str(opened)),
    ]
    assert [each["type"] for each in answer["alerts"]] == ["conversion_anomaly"]
    assert answer["helm_values"] == "thresholds:\n  fraudIpClickThreshold: 15\n"
    assert (answer["cases_per_week"], answer["live_cases_per_week"]) == (4 * 7 / 10, 10 * 7 / 10)
    scores = {day["date"]: (day["live_health_score"], day["health_score"]) for day in answer["days"]}
    live, drafted = scores[str(opened)]
    assert live == drafted - 6 * 2


def test_shows_who_is_newly_flagged(fraud: Api) -> None:
    fraud.post_events(*build_clicks(8, at=at_noon(TODAY), apart=60, ip_address="198.51.100.1"))

    answer = fraud.read(f"/v1/drafts/{create(fraud, settings={'fraud_ip_click_threshold': 7})}")

    assert [(each["entity"], each["peak"]) for each in answer["newly_flagged"]["first"]] == [("198.51.100.1", 8)]


def test_masks_what_the_caller_may_not_see(fraud: Api, holder_of: Any) -> None:
    viewer = holder_of(Scope.METRICS_READ)
    draft_id = create(fraud, settings={"fraud_ip_click_threshold": 15})

    shown = viewer.read(f"/v1/drafts/{draft_id}")["no_longer_flagged"]["first"]

    assert {each["entity"] for each in shown} == {"203.0.113.*"}
    assert len({each["ref"] for each in shown}) == 6


def test_a_replay_goes_on_where_it_stopped(fraud: Api, context: Context, connection: Connection) -> None:
    draft_id = create(fraud)
    connection.execute(text("DELETE FROM draft_days WHERE day > :first"), {"first": FIRST})
    connection.execute(text("UPDATE drafts SET is_replayed = false"))
    before = fraud.read(f"/v1/drafts/{draft_id}")
    assert (before["status"], before["done_days"]) == ("replaying", 1)

    replayed = 0
    while replay_next(context, now=datetime.now(UTC)):
        replayed += 1

    assert replayed == 9
    assert fraud.read(f"/v1/drafts/{draft_id}")["status"] == "done"


def test_a_change_of_settings_is_replayed_and_a_change_of_the_name_is_not(fraud: Api, connection: Connection) -> None:
    draft_id = create(fraud)
    path, made = f"/v1/drafts/{draft_id}", text("SELECT max(computed_at) FROM draft_days")
    first = connection.execute(made).scalar_one()

    assert fraud.send("PUT", path, json=draft(name="Other")).status_code == 204
    assert connection.execute(made).scalar_one() == first

    assert fraud.send("PUT", path, json=draft(settings={"fraud_ip_click_threshold": 15})).status_code == 204
    assert connection.execute(made).scalar_one() > first
    assert fraud.read(path)["no_longer_flagged"]["count"] == 6


def test_a_shadow_follows_what_is_posted(fraud: Api, context: Context) -> None:
    yesterday = TODAY - timedelta(days=1)
    draft_id = create(fraud, settings={"fraud_ip_click_threshold": 15}, end=str(yesterday), shadow=True)
    path = f"/v1/drafts/{draft_id}"
    before = fraud.read(path)
    assert (before["shadow_since"], before["period"]["end"], before["days"][-1]["date"]) == (*[str(TODAY)] * 3,)

    for number in range(3):
        fraud.post_events(*build_clicks(12, at=at_noon(TODAY), apart=60, ip_address=f"198.51.100.{number}"))
    assert not replay_next(context, now=NOW)
    later = datetime.now(UTC) + SHADOW_EVERY + timedelta(seconds=1)
    while replay_next(context, now=later):
        pass

    after = fraud.read(path)
    assert after["no_longer_flagged"]["count"] == before["no_longer_flagged"]["count"] + 3
    assert after["days"][-1]["live_health_score"] == before["days"][-1]["live_health_score"] - 3 * 2
    assert after["days"][-1]["health_score"] == before["days"][-1]["health_score"]

    assert fraud.send("POST", f"{path}/promote").status_code == 204
    promoted = fraud.read(path)
    assert (promoted["status"], promoted["shadow_since"]) == ("promoted", None)


def test_the_curve_agrees_with_the_fraud_read_at_every_threshold(fraud: Api) -> None:
    period = {"start": str(FIRST), "end": str(TODAY)}
    curve = fraud.read("/v1/drafts/curve", setting="fraud_ip_click_threshold", **period)

    assert curve["live_value"] == 10
    assert [point["value"] for point in curve["points"]] == sorted(point["value"] for point in curve["points"])
    for point in curve["points"]:
        live = fraud.read("/v1/guardrails/fraud", threshold=int(point["value"]), **period)
        assert point["flagged"] == live["total_flagged_ips"], point


@pytest.mark.parametrize(
    ("setting", "kind", "flagged"),
    [
        ("bot_rapid_click_threshold", "device", 2),
        ("bot_rapid_click_window_seconds", "device", 2),
        ("conversion_anomaly_daily_threshold", "referrer", 1),
        ("conversion_anomaly_threshold", "referrer", 1),
    ],
)
def test_every_setting_has_a_curve(fraud: Api, setting: str, kind: str, flagged: int) -> None:
    curve = fraud.read("/v1/drafts/curve", setting=setting)

    live = next(point for point in curve["points"] if point["value"] == curve["live_value"])
    assert (curve["kind"], live["flagged"]) == (kind, flagged)


def test_lists_drafts_newest_first(api: Api) -> None:
    ids = [create(api, name=f"draft {number}") for number in range(3)]

    first = api.read("/v1/drafts", limit=2)
    second = api.read("/v1/drafts", limit=2, cursor=first["next_cursor"])

    assert [each["id"] for each in first["drafts"] + second["drafts"]] == ids[::-1]
    assert (first["total_drafts"], second["next_cursor"]) == (3, None)


def test_a_discarded_draft_is_gone(api: Api, connection: Connection) -> None:
    path = f"/v1/drafts/{create(api)}"

    assert api.send("DELETE", path).status_code == 204

    api.refuse(404, "GET", path)
    api.refuse(404, "DELETE", path)
    assert connection.execute(text("SELECT count(*) FROM draft_days")).scalar_one() == 0
    actions = [entry["action"] for entry in api.read("/v1/audit-entries", subject="draft:")["entries"]]
    assert actions == ["discard_draft", "create_draft"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"settings": {"fraud_ip_click_treshold": 15}}, "/settings/fraud_ip_click_treshold"),
        ({"start": str(TODAY), "end": str(FIRST)}, ""),
        ({"start": str(TODAY - timedelta(days=400))}, ""),
        ({"end": str(TODAY + timedelta(days=1))}, "/end"),
    ],
)
def test_says_what_is_wrong(api: Api, change: dict[str, Any], pointer: str) -> None:
    problem = api.refuse(422, "POST", "/v1/drafts", json=draft(**change))

    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_refuses_a_period_that_is_not_kept(api: Api, connection: Connection) -> None:
    kept = TODAY - timedelta(days=3)
    connection.execute(
        text(
            "INSERT INTO purges (started_at, events_from, content_from, audit_from) VALUES (now(), :kept, :kept, :kept)"
        ),
        {"kept": kept},
    )

    problem = api.refuse(422, "POST", "/v1/drafts", json=draft())

    assert problem["errors"] == [{"pointer": "/start", "detail": f"events are kept from {kept} on"}]


def test_only_so_many_drafts_run_as_shadows(api: Api) -> None:
    yesterday = str(TODAY - timedelta(days=1))
    for _ in range(5):
        create(api, start=yesterday, shadow=True)

    problem = api.refuse(409, "POST", "/v1/drafts", json=draft(start=yesterday, shadow=True))

    assert problem["code"] == "too_many_shadows"
    assert api.read("/v1/drafts")["total_drafts"] == 5


def test_a_viewer_cannot_create_one(holder_of: Any) -> None:
    holder_of(Scope.METRICS_READ).refuse(403, "POST", "/v1/drafts", json=draft())


def test_a_draft_that_is_changed_while_a_date_is_replayed_keeps_nothing_of_the_old_settings(
    fraud: Api, context: Context, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id = create(fraud)
    connection.execute(text("DELETE FROM draft_days"))
    connection.execute(text("UPDATE drafts SET is_replayed = false"))
    judge = replay.replay_day

    def change_meanwhile(*given: Any, **named: Any) -> Any:
        connection.execute(text("UPDATE drafts SET settings = '{\"alert_fraud_ips\": 9}'"))
        return judge(*given, **named)

    monkeypatch.setattr(replay, "replay_day", change_meanwhile)
    replay_next(context, now=datetime.now(UTC), draft_id=draft_id)

    assert connection.execute(text("SELECT count(*) FROM draft_days")).scalar_one() == 0
