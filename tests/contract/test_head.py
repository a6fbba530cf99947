"""HEAD answers as GET on every route of the API, with the head alone."""

from flask import Flask

from tests.support.api_fixtures import Api
from tests.support.routes import list_path_values


def test_head_answers_as_get_on_every_route(app: Flask, api: Api) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    assert len(rules) > 30
    adapter = app.url_map.bind("localhost")
    for rule in rules:
        values = list_path_values(rule)
        path = adapter.build(rule.endpoint, values, method="GET")
        got, head = api.send("GET", path), api.send("HEAD", path)
        assert (head.status_code, head.mimetype) == (got.status_code, got.mimetype), path
        assert head.get_data() == b"", path
