"""Files that pages offer: plain routes, so that the browser saves what it gets."""

from collections.abc import Callable

from flask import Response

from dashboard.errors import API_FAILURES, build_error, build_unavailable
from dashboard.period import InvalidPeriodError
from viral_contract.client.metrics_api import ApiProblemError


def answer_csv(build: Callable[[], tuple[str, str | bytes]]) -> Response:
    """The file that `build` makes, as (name, content); in words why there is none where it fails."""
    try:
        name, content = build()
    except InvalidPeriodError as error:
        return build_error(422, "invalid", "Invalid period", str(error))
    except ApiProblemError as error:
        return build_error(error.status, error.code, "Export failed", error.detail)
    except API_FAILURES:
        return build_unavailable()
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(content, headers=headers, content_type="text/csv; charset=utf-8")
