"""A report as a PDF, typeset by Typst with its own template and fonts; it loads nothing from a network."""

import json
from dataclasses import asdict
from pathlib import Path

import typst

from viral_reports.font_coverage import FOLDERS, show_missing
from viral_reports.page import build_page
from viral_reports.written import WrittenReport, facts_of

_FOLDER = Path(__file__).parent


def render_pdf(report: WrittenReport) -> bytes:
    """The report as PDF; the same report gives the same bytes. Raises NotWrittenError while it is not ready.

    All texts reach the template as JSON and are set as text, so none is read as markup. A character that no font has
    is shown by its number.
    """
    pdf = typst.compile(
        str(_FOLDER / "templates" / "report.typ"),
        root=str(_FOLDER / "templates"),
        format="pdf",
        font_paths=[str(folder) for folder in FOLDERS],
        ignore_system_fonts=True,
        sys_inputs={"page": show_missing(json.dumps(asdict(build_page(report)), ensure_ascii=False))},
        timestamp=int(facts_of(report).snapshot_at.timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise TypeError(f"Typst answered {type(pdf).__name__} instead of one PDF.")
    return pdf
