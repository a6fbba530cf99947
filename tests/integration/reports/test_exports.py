"""Reports as files, from the API in this process; the report is written as a worker writes it."""

import codecs
import csv
import io
from collections.abc import Callable

import pytest
from pypdf import PdfReader
from sqlalchemy import Connection, text

from report_worker.writing import render_report, write_report_text
from tests.support.api_fixtures import Api
from tests.support.builders import build_event, build_link
from viral_contract.models.people import Scope
from viral_contract.models.reports import ReportFacts

DAY = {"report_type": "custom", "period_start": "2026-03-04", "period_end": "2026-03-04"}


@pytest.fixture
def report_id(api: Api) -> int:
    """A report of a day on which one of two invites converted."""
    links = [build_link(name, inserted_at="2026-03-04T10:00:00Z") for name in ("l1", "l2")]
    assert api.send("POST", "/v1/links", json={"items": links}).status_code == 200
    api.post_events(build_event(link_id="l1"), build_event("conversion", link_id="l1"))
    run_id: int = ask(api)
    claim = api.send("POST", f"/internal/report-runs/{run_id}/claim").get_json()
    proof = {"token": claim["token"]}
    snapshot = api.send("POST", f"/internal/report-runs/{run_id}/snapshot", json=proof)
    facts = ReportFacts.model_validate_json(snapshot.get_data())
    report = render_report(run_id, facts, write_report_text(facts, None)).model_dump(mode="json")
    result = api.send("POST", f"/internal/report-runs/{run_id}/result", json=proof | {"report": report})
    assert result.get_json() == {"status": "ready"}
    return run_id


def ask(api: Api) -> int:
    run_id: int = api.send("POST", "/v1/reports", json=DAY).get_json()["id"]
    return run_id


@pytest.mark.parametrize(
    ("export_format", "media_type"),
    [
        ("pdf", "application/pdf"),
        ("html", "text/html; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
    ],
)
def test_exports(api: Api, report_id: int, export_format: str, media_type: str) -> None:
    response = api.get(f"/v1/reports/{report_id}/export", format=export_format)
    assert response.status_code == 200
    assert response.content_type == media_type
    name = f"custom-report-2026-03-04-to-2026-03-04.{export_format}"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_the_files_hold_the_report(api: Api, report_id: int) -> None:
    path = f"/v1/reports/{report_id}/export"
    pdf = PdfReader(io.BytesIO(api.get(path).get_data()))
    assert "4 March 2026" in pdf.pages[0].extract_text()
    assert "K is 1.00" in api.get(path, format="html").get_data(as_text=True)
    table = api.get(path, format="csv").get_data()
    assert table.startswith(codecs.BOM_UTF8 + b"section,")
    rows = list(csv.reader(io.StringIO(table.decode("utf-8-sig"))))
    assert ["current", "", "k_factor", "1.0"] in rows
    assert api.get(path, format="json").get_json() == api.read(f"/v1/reports/{report_id}")


def test_the_pdf_is_kept(api: Api, report_id: int, connection: Connection) -> None:
    kept = text("SELECT pdf FROM report_runs WHERE id = :id")
    assert connection.execute(kept, {"id": report_id}).scalar_one() is None
    pdf = api.get(f"/v1/reports/{report_id}/export").get_data()
    assert bytes(connection.execute(kept, {"id": report_id}).scalar_one()) == pdf
    connection.execute(text("UPDATE report_runs SET pdf = 'kept'"))
    assert api.get(f"/v1/reports/{report_id}/export").get_data() == b"kept"


def test_a_report_without_its_referrers_is_rendered_anew(api: Api, report_id: int) -> None:
    path = f"/v1/reports/{report_id}/export"
    assert "maria" in api.get(path, format="html").get_data(as_text=True)
    request = {"kind": "erase", "subject_id": "maria"}
    asked = api.send("POST", "/v1/privacy/requests", json=request).get_json()
    assert api.send("POST", f"/v1/privacy/requests/{asked['id']}/erase").status_code == 200
    answer = api.get(path, format="html")
    assert answer.status_code == 200
    assert "maria" not in answer.get_data(as_text=True)


def test_what_is_not_ready_is_refused(api: Api) -> None:
    assert api.refuse(409, "GET", f"/v1/reports/{ask(api)}/export")["code"] == "not_ready"


def test_what_does_not_exist_is_refused(api: Api) -> None:
    assert api.refuse(404, "GET", "/v1/reports/99/export")["code"] == "not_found"


def test_an_unknown_format_is_refused(api: Api, report_id: int) -> None:
    api.refuse(422, "GET", f"/v1/reports/{report_id}/export?format=docx")


def test_readers_may_export_and_others_may_not(holder_of: Callable[..., Api], report_id: int) -> None:
    path = f"/v1/reports/{report_id}/export"
    assert holder_of(Scope.METRICS_READ).get(path).status_code == 200
    holder_of(Scope.JOBS_RUN).refuse(403, "GET", path)
