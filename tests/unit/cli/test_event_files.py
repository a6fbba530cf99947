"""CSV and NDJSON are read row by row with the line that each row begins at."""

from pathlib import Path

import pytest

from viral_engine.cli.event_files import Record, read_facts, read_records


def read(tmp_path: Path, content: bytes) -> list[Record]:
    (tmp_path / "file").write_bytes(content)
    return list(read_records(tmp_path / "file"))


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv(newline: bytes, mark: bytes, tmp_path: Path) -> None:
    content = mark + newline.join([b"id,name", b"1,Ana", b'2,"b, c"', b""])
    assert read(tmp_path, content) == [
        Record(2, {"id": "1", "name": "Ana"}),
        Record(3, {"id": "2", "name": "b, c"}),
    ]


def test_a_row_over_several_lines_has_the_number_of_its_first(tmp_path: Path) -> None:
    records = read(tmp_path, b'id,name\n1,"two\nlines"\n2,next\n')
    assert [(record.line, record.values["id"]) for record in records] == [(2, "1"), (4, "2")]


def test_ndjson(tmp_path: Path) -> None:
    assert read(tmp_path, b'{"id": 1}\n\n{"id": 2, "metadata": {"a": 1}}') == [
        Record(1, {"id": 1}),
        Record(3, {"id": 2, "metadata": {"a": 1}}),
    ]


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b"id,name\n1\n2,Ana\n", 2, "has 1 values for 2 columns"),
        (b"id,name\n1,a,b\n2,Ana\n", 2, "has 3 values for 2 columns"),
        (b'id,name\n1,"a"b\n2,Ana\n', 2, "is not CSV: ',' expected after '\"'"),
        (b"id,name\n1,\xff\n2,Ana\n", 2, "is not UTF-8"),
        (b'{"id": "2", "name": "Ana"}\n{"id": \n', 2, "is not JSON"),
        (b'{"id": "2", "name": "Ana"}\n[1]\n', 2, "is not a JSON object"),
    ],
)
def test_a_row_that_cannot_be_read_does_not_spoil_the_others(
    content: bytes, line: int, problem: str, tmp_path: Path
) -> None:
    records = read(tmp_path, content)
    [bad] = [record for record in records if record.problem]
    assert bad.line == line
    assert bad.problem
    assert bad.problem.startswith(problem)
    assert [record.values for record in records if not record.problem] == [{"id": "2", "name": "Ana"}]


def test_a_quote_that_never_ends_says_up_to_which_line(tmp_path: Path) -> None:
    [bad] = read(tmp_path, b'id,name\n1,"a\n2,b\n')
    assert bad.problem == "is not CSV: unexpected end of data (up to line 3)"


@pytest.mark.parametrize("content", [b"", b"id,name\n"])
def test_an_empty_file_has_no_rows(content: bytes, tmp_path: Path) -> None:
    assert read(tmp_path, content) == []


def test_facts_identify_the_content_and_count_the_lines(tmp_path: Path) -> None:
    for name, content in {"a": b"id\n1\n", "b": b"id\n1\n", "c": b"id\n2\n"}.items():
        (tmp_path / name).write_bytes(content)
    a, b, c = (read_facts(tmp_path / name) for name in "abc")
    assert a == b
    assert a.sha256 != c.sha256
    assert a.lines == 2
