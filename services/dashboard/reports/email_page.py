"""The email section of a report's page: its form, and what became of every message."""

from collections.abc import Mapping
from typing import Any

import structlog
from dash import Dash, Input, Output, State, no_update
from dash.development.base_component import Component

from dashboard.admin.deliveries import build_deliveries, is_in_progress
from dashboard.errors import API_FAILURES
from dashboard.links import find_report_id
from dashboard.live.page import add_tick, build_clock
from dashboard.live.view import find_digest
from dashboard.reports.email import REFUSED, build_refusal, describe_form, format_queued
from dashboard.session import current_viewer
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.recipients import split_addresses

# Holds whether the report is ready to be sent.
READY = "report-is-ready"
_POLL_SECONDS = 2
_ROWS = 100
_log = structlog.get_logger()
_FORM = {
    "form_hidden": Output("report-email-form", "hidden"),
    "badge_hidden": Output("report-email-badge", "hidden"),
    "about": Output("report-email-about", "children"),
    "button": Output("report-queue-email", "children"),
    "button_class": Output("report-queue-email", "className"),
    "button_off": Output("report-queue-email", "aria-disabled"),
    "recipients_off": Output("report-recipients", "disabled"),
    "refused_hidden": Output("report-email-refused", "hidden"),
}


def build_email_clock() -> list[Component]:
    """What asks again while messages are under way."""
    return build_clock("report-email", _POLL_SECONDS)


def add_email_callbacks(app: Dash, views: SharedViews) -> None:
    """One callback shows the form and the deliveries, one sends."""
    _add_show(app, views)
    _add_send(app, views)


def _add_show(app: Dash, views: SharedViews) -> None:
    def show(
        ready: bool | None, tick: float | None, said: object, path: str | None, shown: dict[str, Any] | None
    ) -> dict[str, Any]:
        del tick, said  # Reasons to look again, which need no answer.
        report_id = find_report_id(path)
        if not ready or report_id is None:
            return {**_keep(), "hidden": True, "rests": True, "problem_hidden": True}
        return show_email(views.api_of_viewer(), report_id, shown)

    add_tick(app, "report-email")
    app.callback(
        output={
            **_FORM,
            "hidden": Output("report-email", "hidden"),
            "deliveries": Output("report-deliveries", "children"),
            "shown": Output("report-email-shown", "data"),
            "rests": Output("report-email-clock", "disabled"),
            "problem_hidden": Output("report-email-problem", "hidden"),
        },
        inputs={
            "ready": Input(READY, "data"),
            "tick": Input("report-email-tick", "data"),
            "said": Input("report-email-said", "children"),
            "path": State("url", "pathname"),
            "shown": State("report-email-shown", "data"),
        },
    )(show)


def _add_send(app: Dash, views: SharedViews) -> None:
    def send(_: int | None, typed: str | None, path: str | None, shown: dict[str, Any] | None) -> dict[str, Any]:
        report_id = find_report_id(path)
        if report_id is None or shown is None:
            return {"said": no_update, "recipients": no_update, "invalid": no_update}
        return send_report(views.api_of_viewer(), report_id, typed or "", enabled=shown["enabled"])

    app.callback(
        output={
            "said": Output("report-email-said", "children"),
            "recipients": Output("report-recipients", "value"),
            "invalid": Output("report-recipients", "error"),
        },
        inputs={
            "_": Input("report-queue-email", "n_clicks"),
            "typed": State("report-recipients", "value"),
            "path": State("url", "pathname"),
            "shown": State("report-email-shown", "data"),
        },
        running=[(Output("report-queue-email", "disabled"), True, False)],
        prevent_initial_call=True,
    )(send)


def show_email(api: MetricsApi, report_id: int, shown: Mapping[str, Any] | None) -> dict[str, Any]:
    """What to change in a section that shows `shown`; it rests once nothing is under way any more."""
    try:
        answer = api.fetch_deliveries(report_id, limit=_ROWS)
    except API_FAILURES as error:
        _log.warning("deliveries_failed", report_id=report_id, reason=str(error))
        return {**_keep(), "hidden": False, "rests": False, "problem_hidden": False}
    drawn = build_deliveries(answer, report_id, readable=_may_send())
    digest = find_digest(drawn)
    is_same = shown is not None and shown["digest"] == digest
    return {
        **describe_form(enabled=answer.email_enabled, may_send=_may_send()),
        "hidden": False,
        "deliveries": no_update if is_same else drawn,
        "shown": {"enabled": answer.email_enabled, "digest": digest},
        "rests": not is_in_progress(answer.deliveries),
        "problem_hidden": True,
    }


def send_report(api: MetricsApi, report_id: int, typed: str, *, enabled: bool) -> dict[str, Any]:
    """Ask for deliveries to the addresses of a text, on a form that said whether email is enabled.

    A refusal is explained and keeps what was typed.
    """
    kept = {"recipients": no_update, "invalid": True}
    addresses = split_addresses(typed)
    try:
        if not _may_send():
            return {**kept, "invalid": False, "said": f"Nothing was queued. {REFUSED}"}
        if not addresses:
            return {**kept, "said": "Nothing was queued. Enter at least one email address."}
        if api.fetch_deliveries(report_id, limit=1).email_enabled != enabled:
            return {**kept, "invalid": False, "said": _format_switched(enabled=enabled)}
        answer = api.deliver_report(report_id, addresses)
    except ApiProblemError as error:
        return {**kept, "invalid": bool(error.errors), "said": build_refusal(error, addresses)}
    except API_FAILURES as error:
        _log.warning("delivery_failed", report_id=report_id, reason=str(error))
        said = "Nothing was queued. The metrics API is not responding. Try again in a minute."
        return {**kept, "invalid": False, "said": said}
    return {"said": format_queued(answer), "recipients": "", "invalid": False}


def _format_switched(*, enabled: bool) -> str:
    state, would = ("off", "only be recorded") if enabled else ("on", "actually be sent")
    return (
        f"Nothing was queued. Email delivery was turned {state} in the meantime, so this email would {would}. "
        "To continue, press the button again."
    )


def _keep() -> dict[str, Any]:
    return dict.fromkeys([*_FORM, "deliveries", "shown"], no_update)


def _may_send() -> bool:
    return current_viewer().may(Scope.REPORTS_WRITE)
