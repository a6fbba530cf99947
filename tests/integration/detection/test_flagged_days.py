"""What is flagged of each date: equal to the lists of the dates, also of those without clicks."""

from datetime import timedelta

from tests.support.api_fixtures import Api
from tests.support.builders import NOON, build_clicks

PATH = "/v1/guardrails/flagged-days"
DAY = NOON.date()


def test_each_date_has_its_flagged_networks_and_their_share_of_the_clicks(api: Api) -> None:
    day_before = NOON - timedelta(days=1)
    api.post_events(*build_clicks(12, ip_address="203.0.113.7"), *build_clicks(15, ip_address="203.0.113.8"))
    api.post_events(
        *build_clicks(9, ip_address="203.0.113.9"), *build_clicks(4, at=day_before, ip_address="203.0.113.7")
    )
    days = api.read(PATH, start=DAY - timedelta(days=2), end=DAY)["days"]
    assert [tuple(day.values()) for day in days] == [
        (str(DAY - timedelta(days=2)), 0, 0, 0, 0),
        (str(DAY - timedelta(days=1)), 4, 0, 0, 0),
        (str(DAY), 36, 2, 27, 0.75),
    ]
    listed = api.read("/v1/guardrails/fraud", start=DAY, end=DAY)
    assert sum(row["click_count"] for row in listed["suspicious_ips"]) == 27


def test_thresholds_and_rule_of_the_request_decide(api: Api) -> None:
    api.post_events(*build_clicks(12, ip_address="203.0.113.7"))
    answer = api.read(PATH, start=DAY, end=DAY, fraud_ip_click_threshold=12)
    assert answer["days"][0]["flagged_networks"] == 0
    assert answer["thresholds"]["fraud_ip_click_threshold"] == 12
