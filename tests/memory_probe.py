"""Sends one body to the application in a process of its own and says how much memory that took.

`python -m tests.memory_probe METHOD PATH BODY`, with DATABASE_URL, REDIS_URL and TOKEN in the environment, prints the
answer's status, the body's size, the peak above what the process had before, and what of it is left afterwards.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.api_fixtures import Api, build_app
from viral_engine.malloc import keep_few_heaps

MIB = 1024 * 1024
LARGEST = 16 * MIB


def _fill(unit: bytes, field: str, size: int = LARGEST, most: int = 10_000) -> bytes:
    """A batch of this item, as often as fits; of short ones the last is made longer by blanks."""
    number = min(most, (size - 100) // (len(unit) + 1))
    listed = b",".join([unit] * number)
    body = b'{"' + field.encode() + b'":[' + listed + b"]}"
    return body + b" " * (size - len(body))


def _number(items: list[bytes], field: str = "items") -> bytes:
    return b'{"' + field.encode() + b'":[' + b",".join(items) + b"]}"


def _share(number: int, data: str) -> bytes:
    return f'{{"id":"{number}","view_count":0,"share_data":{data}}}'.encode()


def _shares(data: str) -> bytes:
    size = len(data.encode()) + 60
    return _number([_share(number, data) for number in range(min(10_000, LARGEST // size))])


def _unknown_fields() -> bytes:
    fields = ",".join(f'"x{number}":0' for number in range(225))
    return _fill(f'{{"event_type":"click",{fields}}}'.encode(), "events", most=9_000)


_LISTS = '{"a":[' + "[]," * 21_000 + "[]]}"
_ASTRAL = "x" * 2000 + "\N{GRINNING FACE}"
BODIES: dict[str, Callable[[], bytes]] = {
    "unknown fields": _unknown_fields,
    "small events": lambda: _fill(b'{"event_type":"click"}', "events"),
    "full events": lambda: _fill(
        f'{{"event_type":"click","user_agent":"{"x" * 1500}","metadata":{{"a":0}}}}'.encode(), "events"
    ),
    "events with astral texts": lambda: _fill(
        f'{{"event_type":"click","user_agent":"{_ASTRAL[-1650:]}"}}'.encode(), "events"
    ),
    "tiny events": lambda: _fill(b"[]", "events", most=LARGEST),
    "zeros": lambda: _fill(b"0", "events", most=LARGEST),
    "one event of lists": lambda: _fill(b'{"metadata":[' + b"[]," * 5_500_000 + b"0]}", "events"),
    "full links": lambda: _number(
        [
            f'{{"id":"{n}","referrer_id":"r","source":"s","target_url":"{_ASTRAL[-1560:]}"}}'.encode()
            for n in range(10_000)
        ]
    ),
    "shares of lists": lambda: _shares(_LISTS),
    "one share of lists": lambda: f'{{"view_count":0,"share_data":{_LISTS}}}'.encode() + b" " * (MIB - 63_100),
    "one share too large": lambda: b'{"view_count":0,"share_data":{"a":[' + b"[]," * 340_000 + b"0]}}",
    "one share of texts": lambda: json.dumps(
        {"view_count": 0, "share_data": {"a": [f"{n:x}" for n in range(79_000)]}}
    ).encode(),
}


def _read(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def main(method: str, path: str, name: str) -> None:
    """Measure one body."""
    keep_few_heaps()
    urls = {"database_url": os.environ["DATABASE_URL"], "redis_url": os.environ["REDIS_URL"]}
    api = Api(build_app(**urls, pii_scan_seconds=0.1), os.environ["TOKEN"])
    body = BODIES[name]()
    for warm in (b'{"items":[0]}', b"0" * 100):
        api.send(method, path, data=warm, content_type="application/json")
    Path("/proc/self/clear_refs").write_text("5")
    before = _read("VmRSS")
    response = api.send(method, path, data=body, content_type="application/json")
    peak, left = _read("VmHWM") - before, _read("VmRSS") - before
    sys.stdout.write(json.dumps({"status": response.status_code, "size": len(body), "peak": peak, "left": left}))


if __name__ == "__main__":
    main(*sys.argv[1:])
