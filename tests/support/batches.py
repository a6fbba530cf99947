"""Batches done step by step, as a worker does them."""

from sqlalchemy import Connection, text

from tests.support.api_fixtures import Api

REBUILD = {"kind": "rebuild_facts"}


def rebuild(api: Api) -> int:
    """Do every step; how many there were."""
    batch = api.send("POST", "/v1/batches", json=REBUILD).get_json()
    done = 0
    while batch["status"] != "done":
        batch = api.send("POST", f"/internal/batches/{batch['id']}/step").get_json()
        done += 1
        assert batch["done_steps"] == done
    assert batch["total_steps"] == done
    return done


def finish_batches(api: Api, connection: Connection) -> None:
    """Do every step that is left of what an erasure has started."""
    for batch_id in connection.execute(text("SELECT id FROM batches")).scalars():
        while api.send("POST", f"/internal/batches/{batch_id}/step").get_json()["status"] != "done":
            pass
