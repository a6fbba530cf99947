"""Subscriptions: who gets the weekly and the monthly report by email, and which addresses get no email anymore."""

from typing import get_args

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.controls import build_segments
from dashboard.links import SUBSCRIPTIONS_PATH
from dashboard.lists.page import build_button, build_page, build_save
from dashboard.lists.view import Done, Drawn, Form, ListPage, RefusedError, Wanted, build_next
from dashboard.reports.email import build_refusal
from viral_contract.client.metrics_api import ApiProblemError, MetricsApi
from viral_contract.models.people import Scope
from viral_contract.models.recipients import split_addresses
from viral_contract.models.subscriptions import ScheduledType, Subscription, Suppression
from viral_reports.dates import format_day
from viral_reports.figures import format_counted
from viral_reports.written import TITLES

ROWS = 100
_SLUG = "subscriptions"
_WHEN: dict[ScheduledType, str] = {
    "weekly": "Emailed when it is ready, Mondays from 09:00 UTC",
    "monthly": "Emailed when it is ready, on the 1st from 10:00 UTC",
}
_SUPPRESSED = (
    "Mail servers permanently rejected these addresses, so they get no email of any kind. Allow one again once its "
    "mailbox works."
)


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """The recipients of each report, and the suppressed addresses."""
    lists = {kind: _build_subscribers(api, kind, wanted) for kind in get_args(ScheduledType)}
    return {**lists, "suppressed": _build_suppressed(api, wanted)}


def _build_subscribers(api: MetricsApi, kind: ScheduledType, wanted: Wanted) -> list[Component]:
    answer = api.fetch_subscriptions(report_type=kind, limit=ROWS, cursor=wanted.get(kind))
    hint = build_hint(f"{_WHEN[kind]} · {format_counted(answer.total_subscriptions, 'recipient')}")
    if not answer.subscriptions:
        return [hint, html.P("No recipients yet", className="nothing")]
    entries = _build_list([_build_subscriber(each) for each in answer.subscriptions])
    return [hint, entries, *build_next(SUBSCRIPTIONS_PATH, wanted, answer.next_cursor, f"{ROWS} addresses", kind)]


def _build_subscriber(subscription: Subscription) -> Component:
    added = f"since {format_day(subscription.created_at.date())}, by {subscription.created_by}"
    who = [html.H3(subscription.email), html.P(added, className="row-note")]
    if subscription.suppressed:
        who.append(html.P("Gets no email: this address is suppressed, see below.", className="run-reason"))
    return html.Li(
        [html.Div(who), build_button(_SLUG, "remove", str(subscription.id), "Remove", f" {subscription.email}")],
        className="recipient",
    )


def _build_suppressed(api: MetricsApi, wanted: Wanted) -> list[Component]:
    answer = api.fetch_suppressions(limit=ROWS, cursor=wanted.get("suppressed"))
    if not answer.suppressions:
        return [build_hint(_SUPPRESSED), html.P("No suppressed addresses", className="nothing")]
    return [
        build_hint(_SUPPRESSED),
        build_hint(format_counted(answer.total_suppressions, "address", "addresses")),
        _build_list([_build_suppression(each) for each in answer.suppressions]),
        *build_next(SUBSCRIPTIONS_PATH, wanted, answer.next_cursor, f"{ROWS} addresses", "suppressed"),
    ]


def _build_suppression(suppression: Suppression) -> Component:
    """The address, with what its mail server said."""
    said = html.P(suppression.reason, className="reason")
    since = html.P(f"since {format_day(suppression.created_at.date())}", className="row-note")
    allow = build_button(_SLUG, "allow", suppression.email, "Allow again", f" {suppression.email}")
    return html.Li([html.Div([html.H3(suppression.email), said, since]), allow], className="recipient")


def _build_list(entries: list[Component]) -> Component:
    return html.Ul(entries, className="violations recipients-list")


def _build_form() -> list[Component]:
    recipients = dmc.Textarea(
        id="subscriptions-recipients",
        label="Email addresses",
        description="Separate addresses with commas, semicolons or new lines",
        placeholder="ana@example.com, ben@example.com",
        autosize=True,
        maxRows=8,
        className="recipients",
    )
    kinds = {kind: kind.capitalize() for kind in get_args(ScheduledType)}
    kind = build_segments("subscriptions-kind", "Report", kinds, "weekly")
    return [html.Div([recipients, kind, build_save(_SLUG, "form", "Add recipients")], className="filters")]


def _subscribe(api: MetricsApi, recipients: str | None, kind: ScheduledType) -> Done:
    addresses = split_addresses(recipients or "")
    if not addresses:
        raise RefusedError("Enter at least one email address.")
    try:
        saved = api.save_subscriptions(addresses, kind)
    except ApiProblemError as error:
        raise RefusedError(build_refusal(error, addresses, done="changed")) from error
    return Done(f"Added {format_counted(len(saved.subscriptions), 'recipient')} to the {kind} report.")


def _act(api: MetricsApi, action: str, row: str) -> Done:
    if action == "remove" and row.isdecimal():
        api.delete_subscription(int(row))
        return Done("Recipient removed.")
    api.delete_suppression(row)
    return Done(f"{row} can receive email again.")


LISTED = ListPage(
    path=SUBSCRIPTIONS_PATH,
    slug=_SLUG,
    title="Subscriptions",
    about="Who gets the scheduled reports by email. Every email has an unsubscribe link.",
    only="Only analysts and admins can view and change who gets reports. Ask one of them for a subscription.",
    draw=draw,
    cards=(
        Form(
            "form",
            "Add recipients",
            _build_form,
            fields=("recipients", "kind"),
            empty={"recipients": ""},
            save=_subscribe,
        ),
        *((kind, TITLES[kind]) for kind in get_args(ScheduledType)),
        ("suppressed", "Suppressed addresses"),
    ),
    act=_act,
    scope=Scope.REPORTS_WRITE,
)
PAGE = build_page(LISTED, icon="mail", group="Messages", scope=Scope.REPORTS_WRITE)
