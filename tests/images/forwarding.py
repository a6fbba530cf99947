"""Lets containers reach servers that listen on this machine's loopback address only."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from tests.support.tcp_proxy import join, loop_in_thread, run_in
from viral_cli.local.ports import find_free_port


@contextmanager
def forwarded(*ports: int) -> Iterator[list[int]]:
    """For each port another one, which is open on every address."""
    with loop_in_thread() as loop:
        outside = [find_free_port() for _ in ports]
        for port, inside in zip(outside, ports, strict=True):
            run_in(loop, asyncio.start_server(partial(join, inside), "0.0.0.0", port))  # noqa: S104 - a network of its own.
        yield outside
