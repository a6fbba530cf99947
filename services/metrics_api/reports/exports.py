"""A finished report as a file. The PDF is rendered at the first export, and stored."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from metrics_api.db.database import Database
from viral_contract.models.reports import ExportFormat, Report
from viral_reports.csv_file import render_csv
from viral_reports.html_page import render_html
from viral_reports.pdf_file import render_pdf

_HTML = text("SELECT html FROM report_runs WHERE id = :run_id AND status = 'ready'")
_PDF = text("SELECT pdf FROM report_runs WHERE id = :run_id AND status = 'ready'")
_KEEP_PDF = text("UPDATE report_runs SET pdf = :pdf WHERE id = :run_id AND status = 'ready'")


@dataclass(frozen=True)
class Export:
    """A file's content and media type."""

    content: bytes
    media_type: str


def export_report(database: Database, report: Report, export_format: ExportFormat) -> Export:
    """A finished report as a file."""
    return _FORMATS[export_format](database, report)


def _export_pdf(database: Database, report: Report) -> Export:
    with database.read() as connection:
        pdf: bytes | None = connection.execute(_PDF, {"run_id": report.id}).scalar_one()
    if pdf is None:
        # Rendered between the transactions, so that no connection waits for it; two at once render the same bytes.
        pdf = render_pdf(report)
        with database.write() as connection:
            connection.execute(_KEEP_PDF, {"run_id": report.id, "pdf": pdf})
    return Export(pdf, "application/pdf")


def _export_html(database: Database, report: Report) -> Export:
    with database.read() as connection:
        html: str | None = connection.execute(_HTML, {"run_id": report.id}).scalar_one()
    # The stored page is gone after referrers were purged or erased; it is rendered again without them.
    return Export((html or render_html(report)).encode(), "text/html; charset=utf-8")


def _export_csv(_database: Database, report: Report) -> Export:
    return Export(render_csv(report).encode(), "text/csv; charset=utf-8")


def _export_json(_database: Database, report: Report) -> Export:
    return Export(report.model_dump_json(indent=2).encode(), "application/json")


_FORMATS: dict[ExportFormat, Callable[[Database, Report], Export]] = {
    "pdf": _export_pdf,
    "html": _export_html,
    "csv": _export_csv,
    "json": _export_json,
}
