"""A posted list is cut in work that grows with its length."""

import pytest

from metrics_api.api.batch_items import split_lines, split_list
from metrics_api.api.problems import ProblemError


def test_a_body_of_line_ends_is_gone_through_once() -> None:
    assert list(split_lines(b"\n" * 1_000_000 + b"0\r\n\r\r1")) == [(1_000_001, b"0"), (1_000_004, b"1")]


@pytest.mark.parametrize(
    "item", [b"[" + b"[]," * 100_000 + b"0]", b'"' + b'\\"' * 100_000 + b'"', b" 0" + b" " * 99_999]
)
def test_an_item_longer_than_what_is_matched_at_once_is_cut_where_it_ends(item: bytes) -> None:
    assert list(split_list(b'{"events":[0,' + item + b",1]}", "events")) == [b"0", item.strip(), b"1"]


@pytest.mark.parametrize("item", [b"[[[[[[" + b'"a",' * 100_000, b'"' + b"a" * 100_000, b'"' + b"a" * 65_534 + b"\\"])
def test_a_long_item_without_an_end_is_refused(item: bytes) -> None:
    with pytest.raises(ProblemError, match="is cut off"):
        list(split_list(b'{"events":[' + item, "events"))
