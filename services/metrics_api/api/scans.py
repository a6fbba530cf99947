"""The scanner for personal information, on request; what is scanned is neither stored nor logged."""

from dataclasses import asdict
from http import HTTPStatus

from metrics_api.api.context import current_context
from metrics_api.api.problems import ProblemError
from metrics_api.api.routing import Resource
from metrics_api.pii_scanner.budget import BudgetExceededError, limit_scan
from metrics_api.pii_scanner.findings import Finding
from metrics_api.pii_scanner.scanner import scan_data, scan_text
from viral_contract.models.people import Scope
from viral_contract.models.pii import MAX_SCAN_BYTES, PiiFinding, ScanAnswer, ScanRequest

scans = Resource("scans")
# 64 KiB in JSON: at most 6 bytes for each byte, plus the object around them.
_MAX_BODY_BYTES = 6 * MAX_SCAN_BYTES + 1024


@scans.route(
    "POST",
    "/v1/pii/scan",
    scope=Scope.METRICS_READ,
    answers={HTTPStatus.OK: ScanAnswer},
    max_body_bytes=_MAX_BODY_BYTES,
)
def post_scan(body: ScanRequest) -> ScanAnswer:
    """Find personal information in a text or an object."""
    if body.scanned_bytes() > MAX_SCAN_BYTES:
        detail = f"At most {MAX_SCAN_BYTES // 1024} KiB can be scanned at once. Send it in smaller parts."
        raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", detail)
    settings = current_context().settings.api
    try:
        with limit_scan(settings.pii_scan_seconds):
            found = _scan(body, settings.pii_phone_region)
    except BudgetExceededError as error:
        most = f"{settings.pii_scan_seconds:g} s of processor time"
        detail = f"Not scanned: it takes more than {most}. Send it in smaller parts."
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "not_scanned", detail) from error
    return ScanAnswer(findings=[PiiFinding(**asdict(finding)) for finding in found])


def _scan(body: ScanRequest, phone_region: str) -> list[Finding]:
    if body.text is None:
        return scan_data(body.data, phone_region=phone_region)
    return scan_text(body.text, phone_region=phone_region)
