"""Reads the one thing that Helm says in protobuf: the Secret that holds its record of a release."""

import base64
from collections.abc import Iterator
from typing import Any

MAGIC = b"k8s\x00"


def read_secret(body: bytes) -> dict[str, Any]:
    """The Secret in Kubernetes' envelope, as an object."""
    envelope = dict(_list_fields(body.removeprefix(MAGIC)))
    fields = list(_list_fields(envelope[2]))
    metadata = list(_list_fields(dict(fields)[1]))
    labels = dict(_read_entry(value) for number, value in metadata if number == 11)
    data = dict(_read_entry(value) for number, value in fields if number == 2)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": dict(metadata)[1].decode(),
            "labels": {key: value.decode() for key, value in labels.items()},
        },
        "type": dict(fields)[3].decode(),
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


def _read_entry(entry: bytes) -> tuple[str, bytes]:
    fields = dict(_list_fields(entry))
    return fields[1].decode(), fields.get(2, b"")


def _list_fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(message):
        tag, at = _read_number(message, at)
        size, at = _read_number(message, at)
        if tag & 7 == 2:
            yield tag >> 3, message[at : at + size]
            at += size


def _read_number(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
