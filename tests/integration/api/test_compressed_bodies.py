"""Bodies that come compressed: read as what they hold, bounded by what they hold."""

import gzip
import json
import zlib
from typing import Any

import httpx
import pytest

from tests.support.api_fixtures import Api

EVENTS = json.dumps({"events": [{"event_type": "click"}] * 3}).encode()
MIB = 1024 * 1024


def post(api: Api, body: bytes, coding: str, path: str = "/v1/events", method: str = "POST") -> Any:
    headers = {"Content-Encoding": coding}
    return api.send(method, path, data=body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_a_gzip_body_is_what_it_holds(api: Api, coding: str) -> None:
    assert post(api, gzip.compress(EVENTS), coding).get_json() == {"accepted": 3, "duplicates": 0}


def test_a_gzip_body_may_have_several_members(api: Api) -> None:
    assert post(api, gzip.compress(EVENTS[:20]) + gzip.compress(EVENTS[20:]), "gzip").get_json()["accepted"] == 3


def test_identity_is_no_coding(api: Api) -> None:
    assert post(api, EVENTS, "identity").get_json()["accepted"] == 3


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/links/l", {"referrer_id": "r", "source": "s"}),
        ("POST", "/v1/links", {"items": [{"id": "l", "referrer_id": "r", "source": "s"}]}),
        ("PUT", "/v1/parent-shares/s", {"share_data": {}, "view_count": 0}),
        ("POST", "/v1/parent-shares", {"items": [{"id": "s", "share_data": {}, "view_count": 0}]}),
        ("PUT", "/v1/progress-reels/r", {"reel_data": {}}),
        ("POST", "/v1/progress-reels", {"items": [{"id": "r", "reel_data": {}}]}),
        ("PUT", "/v1/study-sessions/s", {"participant_ids": []}),
        ("POST", "/v1/study-sessions", {"items": [{"id": "s", "participant_ids": []}]}),
    ],
)
def test_every_write_takes_gzip(api: Api, method: str, path: str, body: dict[str, Any]) -> None:
    response = post(api, gzip.compress(json.dumps(body).encode()), "gzip", path, method)
    assert response.status_code in (200, 201), response.get_data(as_text=True)


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "compress"])
def test_another_coding_is_refused_by_name(api: Api, coding: str) -> None:
    response = post(api, EVENTS, coding)
    assert (response.status_code, response.get_json()["code"]) == (415, "unsupported_content_coding")
    assert coding in response.get_json()["detail"]
    assert response.headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        EVENTS,
        gzip.compress(EVENTS, mtime=0)[:-9],
        gzip.compress(EVENTS, mtime=0)[:4],
        gzip.compress(EVENTS, mtime=0) + b"more",
        gzip.compress(EVENTS, mtime=0)[:-8] + bytes(8),
        zlib.compress(EVENTS),
    ],
)
def test_a_body_that_is_no_whole_gzip_is_refused(api: Api, body: bytes) -> None:
    response = post(api, body, "gzip")
    assert (response.status_code, response.get_json()["code"]) == (400, "not_gzip")


def bomb(size: int) -> bytes:
    return gzip.compress(b'{"events":[{"event_type":"click"}]}' + b" " * (size - 35))


def test_a_body_may_have_16_mib_once_decompressed_and_no_more(http: httpx.Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert http.post("/v1/events", content=bomb(16 * MIB), headers=headers).json()["accepted"] == 1
    for size in (16 * MIB + 1, 512 * MIB):
        response = http.post("/v1/events", content=bomb(size), headers=headers)
        assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_a_bomb_of_many_members_is_refused(http: httpx.Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = http.post("/v1/events", content=bomb(MIB) * 64, headers=headers)
    assert response.status_code == 413
