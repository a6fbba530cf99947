"""One broken item takes nothing else with it, whatever is wrong with it; without `partial` it is named."""

import json
from typing import Any

import pytest
from sqlalchemy import Connection, text

from tests.support.api_fixtures import Api

JSON, NDJSON = "application/json", "application/x-ndjson"
DEEP, DEEPEST = "[" * 300 + "]" * 300, "[" * 100_000 + "]" * 100_000
BROKEN = {
    "a cut surrogate": r'{"event_type": "click", "landing_page": "/x?m=\ud83d"}',
    "a cut surrogate in a key": r'{"event_type": "click", "\udc00": 1}',
    "NaN": '{"event_type": "click", "conversion_value": NaN}',
    "Infinity": '{"event_type": "click", "metadata": {"a": [-Infinity]}}',
    "deep nesting": f'{{"event_type": "click", "metadata": {{"a": {DEEP}}}}}',
    "very deep nesting": f'{{"event_type": "click", "metadata": {{"a": {DEEPEST}}}}}',
    "a control character": '{"event_type": "click", "user_id": "a\x01b"}',
    "a bad escape": r'{"event_type": "click", "user_id": "a\qb"}',
    "a number out of range": f'{{"event_type": "click", "metadata": {{"a": {"9" * 5000}}}}}',
    "a missing comma": '{"event_type": "click" "user_id": "a"}',
    "a word": "click",
    "two objects": '{"event_type": "click"} {"event_type": "click"}',
    "single quotes": "{'event_type': 'click'}",
    "more than a MiB": f'{{"event_type": "click", "user_agent": "{"x" * 1024 * 1024}"}}',
    "a hundred thousand lists": f'{{"event_type": "click", "metadata": {{"a": [{"[]," * 100_000}[]]}}}}',
}
GOOD = '{"event_type": "click", "user_id": "s%d"}'


def count_events(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM attribution_events")).scalar_one())


def post(api: Api, body: str | bytes, media_type: str, *, partial: bool = True) -> Any:
    path = "/v1/events?partial=true" if partial else "/v1/events"
    return api.send("POST", path, data=body, content_type=media_type)


@pytest.mark.parametrize("media_type", [JSON, NDJSON])
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_the_valid_events_beside_a_broken_one_are_stored(
    api: Api, connection: Connection, broken: str, media_type: str
) -> None:
    items = [GOOD % 0, broken, GOOD % 2]
    body = "\n".join(items) if media_type == NDJSON else f'{{"events": [{", ".join(items)}]}}'
    refused = post(api, body, media_type, partial=False)
    assert 400 <= refused.status_code < 500
    assert ("Line 2" if media_type == NDJSON else "/events/1") in json.dumps(refused.get_json())
    assert count_events(connection) == 0
    answer = post(api, body, media_type)
    assert answer.status_code == 202, answer.get_data(as_text=True)
    (rejected,) = answer.get_json()["rejected"]
    assert (answer.get_json()["accepted"], rejected["index"], len(rejected["errors"])) == (2, 1, 1)
    assert rejected["errors"][0]["pointer"].startswith("/events/1")
    assert count_events(connection) == 2


@pytest.mark.parametrize(
    "cut", ['{"event_type": "cl', '{"event_type": "click", "metadata": {"a": [1', '"', "\\", "\xff"]
)
def test_a_line_that_was_cut_is_one_rejected_event(api: Api, connection: Connection, cut: str) -> None:
    body = f"{GOOD % 0}\n\n{GOOD % 1}\r\n{cut}".encode("latin-1")
    answer = post(api, body, NDJSON).get_json()
    (rejected,) = answer["rejected"]
    assert (answer["accepted"], rejected["index"]) == (2, 2)
    assert rejected["errors"][0]["detail"].startswith("Line 4: is not JSON: ")
    assert count_events(connection) == 2


def test_items_missing_between_commas_are_rejected_alone(api: Api) -> None:
    answer = post(api, f'{{"events": [{GOOD % 0},,{GOOD % 1},]}}', JSON).get_json()
    assert (answer["accepted"], [item["index"] for item in answer["rejected"]]) == (2, [1, 3])


@pytest.mark.parametrize(
    "body",
    [
        '{"events": [%s',
        '{"events": [%s]',
        '{"events": [%s]} x',
        '{"events": [%s, {"a": [}]}',
        '{"events": [%s, {"a": "]}',
        '{"events": [%s],}',
        '{"events": [%s] "a": 1}',
    ],
)
def test_a_list_whose_end_is_unknown_is_refused_whole(api: Api, connection: Connection, body: str) -> None:
    assert post(api, body % (GOOD % 0), JSON).get_json()["code"] == "not_json"
    assert count_events(connection) == 0


@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("/v1/links", {"referrer_id": "r", "source": "s"}),
        ("/v1/parent-shares", {"share_data": {"message": "hi"}, "view_count": 0}),
        ("/v1/progress-reels", {"reel_data": {"message": "hi"}}),
        ("/v1/study-sessions", {"participant_ids": ["a"]}),
    ],
)
def test_content_beside_a_broken_item_is_stored(api: Api, path: str, item: dict[str, Any]) -> None:
    items = [json.dumps({"id": "a", **item}), r'{"id": "\ud83d"}', json.dumps({"id": "c", **item})]
    body = f'{{"items": [{",".join(items)}]}}'
    answer = api.send("POST", f"{path}?partial=true", data=body, content_type=JSON).get_json()
    assert (answer["created"], answer["replaced"], [left["index"] for left in answer["rejected"]]) == (2, 0, [1])


def test_of_many_errors_a_hundred_are_listed_and_the_others_counted(api: Api, connection: Connection) -> None:
    wrong = {"event_type": "click", **{f"x{number}": 1 for number in range(7)}}
    events = [wrong] * 50 + [{"event_type": "visit"}]
    problem = api.refuse(422, "POST", "/v1/events", json={"events": events})
    assert (len(problem["errors"]), problem["more_errors"]) == (100, 250)
    assert "and 347 more" in problem["detail"]
    answer = api.post_events(*events, partial=True)
    assert [left["index"] for left in answer["rejected"]] == list(range(50))
    assert [len(left["errors"]) for left in answer["rejected"]] == [7] * 14 + [2] + [0] * 35
    assert (answer["accepted"], answer["more_errors"]) == (1, 250)
    assert count_events(connection) == 1


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
        ("1990-12-31T15:59:60-08:00", "1990-12-31T23:59:59+00:00"),
        ("2017-01-01T05:29:60.5+05:30", "2016-12-31T23:59:59.500000+00:00"),
        ("2015-06-30 23:59:60z", "2015-06-30T23:59:59+00:00"),
    ],
)
def test_a_leap_second_counts_as_the_last_second_before_it(
    api: Api, connection: Connection, given: str, stored: str
) -> None:
    assert api.post_events({"event_type": "click", "occurred_at": given})["accepted"] == 1
    occurred_at = connection.execute(text("SELECT occurred_at FROM attribution_events")).scalar_one()
    assert occurred_at.isoformat() == stored


@pytest.mark.parametrize("given", ["2016-12-31T23:59:61Z", "2016-12-31T23:60:60Z", "2016-12-31T23:59:600Z"])
def test_a_second_that_never_was_is_refused(api: Api, given: str) -> None:
    assert api.refuse_events({"event_type": "click", "occurred_at": given})[0]["pointer"] == "/events/0/occurred_at"
