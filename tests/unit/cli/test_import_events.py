"""Files of every kind are read row by row with the line that each row begins at, and no row is lost."""

import gzip
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from viral_cli.csv_rows import CsvHeaderError
from viral_cli.event_source import Record, UnreadableFileError, open_source
from viral_cli.import_events import EventFile, open_events
from viral_cli.text_encodings import find_named

KNOWN = {"id", "name", "at"}
TWO_ROWS = [Record(2, {"id": "1", "name": "Ana"}), Record(3, {"id": "2", "name": "b, c"})]


def read(tmp_path: Path, content: bytes, encoding: str | None = None) -> list[Record]:
    return read_with_layout(tmp_path, content, encoding)[0]


def read_with_layout(tmp_path: Path, content: bytes, encoding: str | None = None) -> tuple[list[Record], EventFile]:
    (tmp_path / "file").write_bytes(content)
    with open_source(tmp_path / "file", find_named(encoding) if encoding else None) as source:
        file = open_events(source, KNOWN, "at")
        return list(file.read_records()), file


def split(records: list[Record]) -> tuple[list[Any], dict[int, str]]:
    """The ids of the rows that can be read, and the problems of the others by line."""
    return [record.values["id"] for record in records if not record.problem], {
        record.line: record.problem for record in records if record.problem
    }


class TestCsv:
    @pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    def test_every_end_of_line(self, newline: bytes, mark: bytes, tmp_path: Path) -> None:
        assert read(tmp_path, mark + newline.join([b"id,name", b"1,Ana", b'2,"b, c"', b""])) == TWO_ROWS

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_every_separator(self, separator: str, tmp_path: Path) -> None:
        text = separator.join(["id", "name"]) + f'\n1{separator}Ana\n2{separator}"b, c"\n'
        assert read(tmp_path, text.encode()) == TWO_ROWS

    @pytest.mark.parametrize(
        ("content", "header_line"),
        [
            ("\n \n\nid,name\n7,x\n", 4),
            ("sep=;\nid;name\n7;x\n", 2),
            ('"sep=^"\r\nid^name\r\n7^x\r\n', 2),
            ("id, name\n7, x\n", 1),
            ("id | name\n7  | x\n", 1),
            ("id,name\n7,x,\n", 1),
            ("id,name,\n7,x,\n", 1),
            ("id,name\n7,x\n\x1a", 1),
        ],
    )
    def test_what_surrounds_rows(self, content: str, header_line: int, tmp_path: Path) -> None:
        assert read(tmp_path, content.encode()) == [Record(header_line + 1, {"id": "7", "name": "x"})]

    @pytest.mark.parametrize(
        ("content", "message"), [("id,name,id\n", "Duplicate column names: id"), ('"id,name\n1,x\n', "Line 1 .* quote")]
    )
    def test_a_header_that_does_not_name_the_columns_is_refused(
        self, content: str, message: str, tmp_path: Path
    ) -> None:
        with pytest.raises(CsvHeaderError, match=message):
            read(tmp_path, content.encode())

    def test_a_row_over_several_lines_has_the_number_of_its_first(self, tmp_path: Path) -> None:
        records = read(tmp_path, b'id,name\n1,"two\nlines"\n2,next\n')
        assert [(record.line, record.values["id"]) for record in records] == [(2, "1"), (4, "2")]

    @pytest.mark.parametrize(
        ("content", "line", "problem"),
        [
            (b"id,name\n1\n2,Ana\n", 2, "has 1 values for 2 columns"),
            (b"id,name\n1,a,b\n2,Ana\n", 2, "has 3 values for 2 columns"),
            (b"id,name\n,\n2,Ana\n", 2, "is empty"),
            (b'id,name\n1,"a"b\n2,Ana\n', 2, "is not valid CSV: ',' expected after '\"'"),
            (b"id,name\n1," + b"x" * 200_000 + b"\n2,Ana\n", 2, "is not valid CSV: field larger"),
            (b'id,name\n1,"a\n2,Ana\n', 2, "is not valid CSV: unexpected end of data"),
        ],
    )
    def test_a_row_that_cannot_be_read_does_not_spoil_the_others(
        self, content: bytes, line: int, problem: str, tmp_path: Path
    ) -> None:
        records = read(tmp_path, content)
        [bad] = [record for record in records if record.problem]
        assert bad.line == line
        assert bad.problem
        assert bad.problem.startswith(problem)
        assert [record.values for record in records if not record.problem] == [{"id": "2", "name": "Ana"}]

    @pytest.mark.parametrize("stray", [{0}, {57}, {99}, {3, 40}, {3, 4, 5}, set(range(100))])
    @pytest.mark.parametrize("quoted", ['"text', '"'])
    def test_a_stray_quote_costs_its_own_row_only(self, stray: set[int], quoted: str, tmp_path: Path) -> None:
        """Two quotes that happen to fit together do not hide the rows between them either."""
        rows = [f"{n},2026-01-02T03:04:05Z,{quoted if n in stray else 'text'}\n" for n in range(100)]
        ids, problems = split(read(tmp_path, ("id,at,name\n" + "".join(rows)).encode()))
        assert sorted(problems) == sorted(n + 2 for n in stray)
        assert ids == [str(n) for n in range(100) if n not in stray]


class TestEncodings:
    @pytest.mark.parametrize(
        ("codec", "label"),
        [
            ("utf-8", "UTF-8"),
            ("utf-8-sig", "UTF-8 with a byte order mark"),
            ("utf-16", "UTF-16"),
            ("utf-16-le", "UTF-16"),
            ("utf-16-be", "UTF-16"),
            ("utf-32", "UTF-32"),
            ("latin-1", "Latin-1 (Windows-1252)"),
        ],
    )
    def test_it_is_found_and_named(self, codec: str, label: str, tmp_path: Path) -> None:
        records, file = read_with_layout(tmp_path, "id,name\n1,José\n2,Zoë\n".encode(codec))
        assert [record.values["name"] for record in records] == ["José", "Zoë"]
        assert file.description.endswith(f"encoding {label}")

    def test_another_one_is_named_by_its_user(self, tmp_path: Path) -> None:
        [record] = read(tmp_path, "id,name\n1,Анна\n".encode("cp1251"), "cp1251")
        assert record.values["name"] == "Анна"

    @pytest.mark.parametrize("cut", [b"\xf0\x9f\x98", b"\xe2\x82", b"\xc3", b"Zo\xc3\xab \xff"])
    def test_bytes_that_are_no_character_are_not_taken_for_another_encoding(self, cut: bytes, tmp_path: Path) -> None:
        first, second = read(tmp_path, b"id,name\n1," + cut + b"\n2,Ana\n")
        assert "\udcff" in first.values["name"]
        assert second.values["name"] == "Ana"


class TestJson:
    ROWS: tuple[dict[str, Any], ...] = ({"id": 1}, {"id": 2, "metadata": {"a": [{"b": "x]}"}]}}, {"id": 3})

    @pytest.mark.parametrize(
        "content",
        [
            "\n\n".join(map(json.dumps, ROWS)),
            "".join(map(json.dumps, ROWS)),
            "\n".join(json.dumps(row, indent=2) for row in ROWS),
            json.dumps(ROWS),
            json.dumps(ROWS, indent=2),
            json.dumps({"events": ROWS}),
            json.dumps({"count": 3, "data": {"tags": ["id"], "events": ROWS}, "next": None}, indent=1),
            json.dumps({"clicks": ROWS[:1], "others": ROWS[1:]}),
            "\n".join(json.dumps({"events": [row]}) for row in ROWS),
        ],
    )
    def test_every_way_to_write_rows(self, content: str, tmp_path: Path) -> None:
        assert [record.values for record in read(tmp_path, content.encode())] == list(self.ROWS)

    @pytest.mark.parametrize(
        ("content", "ids", "lines"),
        [
            ('{"id": \n{"id": 2}\n', [2], [1]),
            ('{"id": 2}\n[1]\nword\n{"id": \n', [2], [2, 3, 4]),
            ('[{"id": 1},\n2, null, "x", [3],\n{"id": 4}]', [1, 4], [2, 2, 2, 2]),
            ('[{"id": 1,\n{"id": 2},\n{"id": 3}]', [2, 3], [1]),
            ('[{"id": "1},\n{"id": 2}]', [2], [1]),
            ('[{"id": 1},\n{"id"', [1], [2]),
            ('[{"id": 1},\n', [1], [1]),
            ('{"id": NaN}\n{"id": 2}\n{"id": 3, "id": 4}\n', [2], [1, 3]),
            ('{"id": ' + "[" * 100_000 + '\n{"id": 2}\n', [2], [1]),
            ('{"id": ' + "9" * 5_000 + '}\n{"id": 2}\n', [2], [1]),
        ],
    )
    def test_a_broken_row_does_not_spoil_the_others(
        self, content: str, ids: list[int], lines: list[int], tmp_path: Path
    ) -> None:
        records = read(tmp_path, content.encode())
        assert [record.values["id"] for record in records if not record.problem] == ids
        assert [record.line for record in records if record.problem] == lines

    def test_rows_are_found_however_the_text_is_cut_into_pieces(self, tmp_path: Path) -> None:
        """The text of a row stands across the end of the first piece, with an escaped quote there."""
        filler = "x" * (1024 * 1024 - 30)
        for shift in range(12):
            rows = [{"id": 1, "name": filler + "x" * shift}, {"id": 2, "name": 'a\\"b'}]
            assert [record.values for record in read(tmp_path, json.dumps(rows).encode())] == rows


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n \n", b"id,name\n", b"[]", b'{"events": []}'])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_empty_file_has_no_rows(content: bytes, compress: Any, tmp_path: Path) -> None:
    assert read(tmp_path, compress(content)) == []


def test_a_pipe_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(gzip.compress(b'id,name\n1,Ana\n2,"b, c"\n')))
    writer.start()
    with open_source(pipe, None) as source:
        file = open_events(source, KNOWN, "at")
        assert (list(file.read_records()), list(file.read_records())) == (TWO_ROWS, TWO_ROWS)
    writer.join()
    assert file.description == "CSV separated by commas, from a pipe, gzip, encoding UTF-8"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"id,name\n" * 1000, mtime=0)[:-9], "is corrupted"),
        (gzip.compress(gzip.compress(b"id", mtime=0), mtime=0), "compressed by gzip twice"),
        (b"PK\x03\x04 and so on", "is a ZIP archive or an Excel workbook"),
    ],
)
def test_a_file_that_is_no_text_says_what_it_is(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=message):
        read(tmp_path, content)


def test_a_source_is_identified_by_its_content(tmp_path: Path) -> None:
    contents = {"a": b"id\n1\n", "b": b"id\n1\n", "c": b"id\n2\n", "d": gzip.compress(b"id\n1\n")}
    found = {}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with open_source(tmp_path / name, None) as source:
            found[name] = source.sha256, source.lines
    assert found["a"] == found["b"] == found["d"] != found["c"]
    assert found["a"][1] == 2
