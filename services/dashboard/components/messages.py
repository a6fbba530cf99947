"""What a page says instead of data."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_frame
from dashboard.errors import is_refused, is_switched_off
from dashboard.period import InvalidPeriodError
from viral_contract.client.metrics_api import ApiProblemError

NO_DATA_PROBLEM = "Could not load the data. Try again in a minute."


def build_refresh_problem(slug: str, text: str = NO_DATA_PROBLEM) -> Component:
    """What appears above old data while a refresh fails, hidden until then."""
    return html.P(text, id=f"{slug}-refresh-problem", className="refresh-problem", role="alert", hidden=True)


def build_failure(error: Exception, here: str, *, cleared: str | None = None, what: str = "") -> Component:
    """Says why there is nothing to show: what is wrong with the address, what the API refused, or that it is silent.

    `here` is the page's own address, `cleared` the one without values that may be wrong. `what` is not found where the
    API says so: "Report".
    """
    path = here.partition("?")[0] if cleared is None else cleared
    if isinstance(error, InvalidPeriodError):
        return _build_invalid_period(str(error), path)
    if is_switched_off(error):
        return _build_switched_off()
    if not isinstance(error, ApiProblemError):
        return build_unavailable(here)
    if is_refused(error):
        return _build_refused(error, path)
    if error.status == 403:
        return _build_refusal(error.detail)
    return build_not_found(what) if error.status == 404 and what else build_unavailable(here)


def build_unavailable(here: str) -> Component:
    """Says that there never was data to show, and offers to try again; `here` is the page's own address."""
    return build_frame(
        "message",
        "Data is temporarily unavailable",
        [
            html.P("The metrics API is not responding. No data has been lost.", className="hint"),
            html.A("Try again", href=here, className="button"),
        ],
    )


def _build_refused(error: ApiProblemError, path: str) -> Component:
    """Says in the API's words which values in the address are not allowed; `path` leads to the page without them."""
    reasons = [f"{each['pointer'].lstrip('#/?')} {each['detail']}." for each in error.errors if "pointer" in each]
    return build_frame(
        "message",
        "Invalid values",
        [
            *[html.P(f"In the address, {reason}", className="hint") for reason in reasons or [error.detail]],
            dcc.Link("Clear invalid values", href=path, className="button"),
        ],
    )


def _build_refusal(reason: str) -> Component:
    """Says in the API's words what this person may not see."""
    return build_frame(
        "message",
        "You don't have access to this page",
        [
            html.P(reason, className="hint"),
            dcc.Link("Go to Guardrails", href="/dashboard/guardrails", className="button"),
        ],
    )


def build_not_found(what: str) -> Component:
    """Says that nothing has the address; `what` begins the sentence: "Report"."""
    return build_frame(
        "message",
        f"{what} not found",
        [
            html.P("It may have been deleted, or the address may be wrong.", className="hint"),
            dcc.Link("Go to Guardrails", href="/dashboard/guardrails", className="button"),
        ],
    )


def _build_switched_off() -> Component:
    """Says that a flag switches off what the page shows."""
    return build_frame(
        "message",
        "This feature is turned off",
        [html.P("An admin can turn it on with its feature flag.", className="hint")],
    )


def _build_invalid_period(reason: str, path: str) -> Component:
    """Says what is wrong with the period in the address."""
    return build_frame(
        "message",
        "Invalid period",
        [
            html.P(f"In the address, {reason}.", className="hint"),
            html.P(
                ["Use ", html.Code("?days=14"), " or ", html.Code("?start=2015-05-17&end=2015-05-20"), "."],
                className="hint",
            ),
            dcc.Link("View last 7 days", href=path, className="button"),
        ],
    )


def format_refresh_problem(as_of: str, refresh_seconds: int) -> str:
    """What stands above old data while a refresh fails."""
    return f"Could not refresh. Showing data from {as_of}. Trying again in {refresh_seconds} s"
