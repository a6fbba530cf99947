"""Report runs that a test carries out itself, in place of a worker."""

from typing import Any

from tests.support.api_fixtures import Api

WRITTEN = {"insights": [], "recommendations": ["Go on."], "written_by": "rules", "html": "<p>report</p>"}


def make_report(api: Api, **period: str) -> dict[str, Any]:
    """Ask for a report and do by hand what a worker does."""
    request = {"report_type": "custom", "period_start": period["start"], "period_end": period["end"]}
    report_id = api.send("POST", "/v1/reports", json=request).get_json()["id"]
    return carry_out(api, report_id)


def carry_out(api: Api, report_id: int) -> dict[str, Any]:
    """Do by hand what a worker does with a run."""
    run = f"/internal/report-runs/{report_id}"
    token = api.send("POST", f"{run}/claim").get_json()["token"]
    assert api.send("POST", f"{run}/snapshot", json={"token": token}).status_code == 200
    api.send("POST", f"{run}/result", json={"token": token, "report": WRITTEN})
    return api.read(f"/v1/reports/{report_id}")
