"""Sends bodies to the application in processes of their own and says how much memory each took.

`python -m tests.support.memory_probe ROUTE...`, with DATABASE_URL, REDIS_URL and TOKEN in the environment, prints for
each route and body a line of JSON: the answer's status, the body's size as the application reads it, the peak above
what the process had before, and what of it is left afterwards.
"""

import gc
import gzip
import json
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from metrics_api.api.routing import Operation
from metrics_api.malloc import keep_few_heaps
from tests.support.api_fixtures import Api, build_app
from tests.support.operations import build_path, list_operations, name_operation
from viral_contract.models.people import Scope

MIB = 1024 * 1024
LARGEST = 16 * MIB
# Of commas and brackets a single body may hold 80,000.
_VALUES = 79_000
_ASTRAL = "x" * 2000 + "\N{GRINNING FACE}"
_LISTS = '{"a":[' + "[]," * 21_000 + "[]]}"
_FINDINGS = json.dumps({f"a{n}@example.com": f"b{n}@example.com" for n in range(1_500)})
_NUMBERS = '{"a":[' + "0," * 31_000 + "0]}"


def _fill(unit: str, field: str, most: int = 10_000) -> bytes:
    """A batch of this item, as often as fits; of short ones the last is made longer by blanks."""
    encoded = unit.encode()
    number = min(most, (LARGEST - 100) // (len(encoded) + 1))
    body = b'{"' + field.encode() + b'":[' + b",".join([encoded] * number) + b"]}"
    return body.ljust(LARGEST)


def _unknown_fields(number: int) -> str:
    return ",".join(f'"x{each}":0' for each in range(number))


def _build_items(write: Callable[[int], str], most: int = 10_000) -> bytes:
    """Items of their own ids, as many as fit."""
    number = min(most, LARGEST // (len(write(most).encode()) + 1) - 1)
    return b'{"items":[' + ",".join(map(write, range(number))).encode() + b"]}"


def _share(data: str) -> Callable[[int], str]:
    return lambda number: f'{{"id":"{number}","view_count":0,"share_data":{data}}}'


def _reel(data: str) -> Callable[[int], str]:
    return lambda number: f'{{"id":"{number}","reel_data":{data}}}'


def _session(number: int) -> str:
    return json.dumps({"id": str(number), "participant_ids": [f"{number}-{each}" for each in range(150)]})


EVENTS: dict[str, Callable[[], bytes]] = {
    "unknown fields": lambda: _fill(f'{{"event_type":"click",{_unknown_fields(225)}}}', "events", most=9_000),
    "small events": lambda: _fill('{"event_type":"click"}', "events"),
    "full events": lambda: _fill(
        f'{{"event_type":"click","user_agent":"{"x" * 1500}","metadata":{{"a":0}}}}', "events"
    ),
    "events with astral texts": lambda: _fill(f'{{"event_type":"click","user_agent":"{_ASTRAL[-1650:]}"}}', "events"),
    "events with nested metadata": lambda: _fill(
        f'{{"event_type":"click","metadata":{{"a":{"[" * 150}{"]" * 150},"b":[{"{}," * 400}0]}}}}', "events"
    ),
    "events with one long key": lambda: _fill(f'{{"event_type":"click","{"k" * 1600}":0}}', "events"),
    "one event with a long key": lambda: _fill(f'{{"event_type":"click","{"k" * (MIB - 100)}":0}}', "events"),
    "tiny events": lambda: _fill("[]", "events", most=LARGEST),
    "zeros": lambda: _fill("0", "events", most=LARGEST),
    "one event of lists": lambda: _fill('{"metadata":[' + "[]," * 5_500_000 + "0]}", "events"),
}
ITEMS: dict[str, dict[str, Callable[[], bytes]]] = {
    "POST /v1/links": {
        "full links": lambda: _build_items(
            lambda n: f'{{"id":"{n}","referrer_id":"r","source":"s","target_url":"{_ASTRAL[-1560:]}"}}'
        ),
    },
    "POST /v1/parent-shares": {
        "shares of lists": lambda: _build_items(_share(_LISTS)),
        "shares of numbers": lambda: _build_items(_share(_NUMBERS)),
        "shares of findings": lambda: _build_items(_share(_FINDINGS)),
        "shares of one finding": lambda: _build_items(_share('{"a":"b@example.com ' + "x" * 1500 + '"}')),
        "shares with astral texts": lambda: _build_items(_share(f'{{"a":"{_ASTRAL[-1550:]}"}}')),
        "shares of media": lambda: _build_items(
            lambda n: _share("{}")(n)[:-1] + ',"media":[' + ",".join(['{"kind":"photo","of_child":true}'] * 45) + "]}"
        ),
    },
    "POST /v1/progress-reels": {
        "reels of numbers": lambda: _build_items(_reel(_NUMBERS)),
        "reels of findings": lambda: _build_items(_reel(_FINDINGS)),
        "reels with astral texts": lambda: _build_items(_reel(f'{{"a":"{_ASTRAL[-1550:]}"}}')),
    },
    "POST /v1/study-sessions": {"full sessions": lambda: _build_items(_session)},
}


def _list_batches(name: str, field: str) -> dict[str, Callable[[], bytes]]:
    """Bodies for a route that takes many, as JSON and as lines."""
    if field == "items":
        return ITEMS[name]
    several = {
        "unknown fields of items": lambda: _fill(f"{{{_unknown_fields(225)}}}", field),
        "items of many unknown fields": lambda: _fill(f"{{{_unknown_fields(_VALUES)}}}", field),
        "empty objects": lambda: _fill("{}", field, most=LARGEST),
        "lines of 0": lambda: (b"0\n" * 10_000).ljust(LARGEST, b"\n"),
        "too many lines": lambda: b"0\n" * (LARGEST // 2),
        "one long line": lambda: b'{"a":"' + b"x" * (LARGEST - 10) + b'"}',
        "opened lists": lambda: b'{"' + field.encode() + b'":' + b"[" * (LARGEST - 20),
    }
    return {**several, **EVENTS}


def _list_wrong_values() -> dict[str, Callable[[int], str]]:
    """Values of at most so many bytes, which are wrong under most fields, and in very many places."""
    return {
        "numbers": lambda size: "[" + "0," * min(_VALUES, size // 2 - 2) + "0]",
        "texts": lambda size: "[" + ",".join(f'"{n:x}"' for n in range(min(_VALUES, size // 9))) + "]",
        "objects of unknown fields": lambda size: f"[{{{_unknown_fields(min(_VALUES, size // 11))}}}]",
        "an astral text": lambda size: f'"{"x" * (size - 10)}\N{GRINNING FACE}"',
    }


def _write_fields(fields: Iterable[str], write: Callable[[int], str], size: int) -> bytes:
    """Each field alone takes much; together they share the body and the number of values."""
    names = list(fields)
    share = min(size // len(names), 9 * _VALUES // len(names)) - 40
    return ("{" + ",".join(f'"{name}":{write(share)}' for name in names) + "}").encode()


def list_bodies(operation: Operation) -> dict[str, Callable[[], bytes]]:
    """Bodies that may be hard on a route, each about as large as it takes them."""
    size, name = operation.max_body_bytes, name_operation(operation)
    if operation.scope != Scope.EVENTS_WRITE:
        return {"unknown fields": lambda: f"{{{_unknown_fields(min(_VALUES, size // 11))}}}".encode().ljust(size)}
    if size == LARGEST:
        return _list_batches(name, "events" if name.endswith("/events") else "items")
    bodies: dict[str, Callable[[], bytes]] = {
        "unknown fields": lambda: f"{{{_unknown_fields(min(_VALUES, size // 11))}}}".encode(),
        "too many values": lambda: b"[" + b"0," * (size // 2 - 2) + b"0]",
    }
    assert operation.body is not None
    for kind, write in _list_wrong_values().items():
        bodies[kind] = lambda fields=operation.body.model_fields, write=write: _write_fields(fields, write, size)  # type: ignore[misc]
    good = {"share_data": '"view_count":0,"share_data":', "reel_data": '"reel_data":'}
    for field in good.keys() & operation.body.model_fields:
        for kind, data in {"lists": _LISTS, "findings": _FINDINGS}.items():
            bodies[f"{field} of {kind}"] = lambda field=field, data=data: f"{{{good[field]}{data}}}".encode()  # type: ignore[misc]
    return {body: lambda build=build: build().ljust(size) for body, build in bodies.items()}  # type: ignore[misc]


def _read(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def _measure(api: Api, operation: Operation, name: str, body: bytes) -> dict[str, object]:
    """Measure one body; those called lines are sent as such, some are compressed."""
    path = build_path(operation) + ("?partial=true" if operation.max_body_bytes == LARGEST else "")
    content_type = "application/x-ndjson" if "line" in name else "application/json"
    sent, headers = body, {}
    if "astral" in name or "unknown" in name:
        sent, headers = gzip.compress(body, 1), {"Content-Encoding": "gzip"}
    for warm in (b'{"items":[0]}', b'{"share_data":{"a":"b@example.com"}}'):
        api.send(operation.method, path, data=warm, content_type="application/json")
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _read("VmRSS")
    response = api.send(operation.method, path, data=sent, headers=headers, content_type=content_type)
    peak, left = _read("VmHWM") - before, _read("VmRSS") - before
    return {"body": name, "status": response.status_code, "size": len(body), "peak": peak, "left": left}


def main(*routes: str) -> None:
    """Measure the bodies of these routes, each in a process that has done nothing before."""
    keep_few_heaps()
    operations = {name_operation(each): each for each in list_operations()}
    urls = {"database_url": os.environ["DATABASE_URL"], "redis_url": os.environ["REDIS_URL"]}
    for route in routes:
        for name, build in list_bodies(operations[route]).items():
            child = os.fork()
            if not child:
                api = Api(build_app(**urls, pii_scan_seconds=0.1), os.environ["TOKEN"])
                measured = {"route": route, **_measure(api, operations[route], name, build())}
                sys.stdout.write(json.dumps(measured) + "\n")
                sys.stdout.flush()
                os._exit(0)
            os.waitpid(child, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
