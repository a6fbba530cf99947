"""A list as a file: every row that the filters of its address leave, in its order, or those that are selected."""

from collections.abc import Callable, Iterator, Mapping

from dash import Dash
from flask import Response, request

from dashboard.export import answer_csv
from dashboard.period import read_search
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_reports.csv_file import BYTE_ORDER_MARK, format_lines

ROWS_AT_ONCE = 1000
MOST_ROWS = 100_000
CsvValue = str | int | float | None
Records = Iterator[Mapping[str, CsvValue]]


def add_file(
    app: Dash,
    views: SharedViews,
    path: str,
    slug: str,
    fetch: Callable[[MetricsApi, Mapping[str, str]], tuple[str, Records]],
) -> None:
    """Answer the path with `.csv` with the file; `fetch` gives its name and its lines."""

    @app.server.get(f"{path}.csv", endpoint=f"file_{slug}")
    def answer_file() -> Response:
        wanted = read_search(request.query_string.decode())
        return answer_csv(lambda: format_file(*fetch(views.api_of_viewer(), wanted)))


def format_file(name: str, records: Records) -> tuple[str, str]:
    """The file's name and text; the first line has the names of the columns."""
    lines: list[list[object]] = []
    for record in records:
        if not lines:
            lines.append(list(record))
        lines.append(list(record.values()))
        if len(lines) > MOST_ROWS:
            break
    return name, BYTE_ORDER_MARK + format_lines(lines)
