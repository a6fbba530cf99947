"""Who gets which scheduled reports, and which addresses get nothing any more."""

from collections.abc import Callable, Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from viral_contract.models.subscriptions import (
    ScheduledType,
    Subscription,
    SubscriptionsAnswer,
    SuppressionsAnswer,
)
from viral_reports.dates import format_day
from viral_reports.figures import format_counted

ActionId = Callable[[str, str], dict[str, str]]
WHEN: dict[ScheduledType, str] = {
    "weekly": "Mailed when it is ready, Mondays from 09:00 UTC",
    "monthly": "Mailed when it is ready, on the 1st from 10:00 UTC",
}


def build_subscribers(report_type: ScheduledType, answer: SubscriptionsAnswer, action_id: ActionId) -> list[Component]:
    """One entry an address, with the button that ends its subscription."""
    hint = build_hint(f"{WHEN[report_type]} · {format_counted(answer.total_subscriptions, 'recipient')}")
    if not answer.subscriptions:
        return [hint, html.P("Nobody gets it by email yet.", className="nothing")]
    entries = [_build_subscriber(each, action_id) for each in answer.subscriptions]
    return [hint, html.Ul(entries, className="violations recipients-list")]


def _build_subscriber(subscription: Subscription, action_id: ActionId) -> Component:
    added = f"since {format_day(subscription.created_at.date())}, by {subscription.created_by}"
    who = [html.H3(subscription.email), html.P(added, className="row-note")]
    if subscription.suppressed:
        who.append(html.P("Gets nothing all the same: the address is suppressed, see below.", className="run-reason"))
    remove = html.Button(
        ["Remove", html.Span(f" {subscription.email}", className="visually-hidden")],
        id=action_id("remove", str(subscription.id)),
        className="button",
    )
    return html.Li([html.Div(who), remove], className="recipient")


def build_suppressed(answer: SuppressionsAnswer, action_id: ActionId) -> list[Component]:
    """One entry an address, with what its mail server said, and the button that allows it again."""
    if not answer.suppressions:
        return [html.P("No address is suppressed.", className="nothing")]
    entries = []
    for each in answer.suppressions:
        said = html.P(each.reason, className="reason")
        since = html.P(f"since {format_day(each.created_at.date())}", className="row-note")
        allow = html.Button(
            ["Allow again", html.Span(f" {each.email}", className="visually-hidden")],
            id=action_id("allow", each.email),
            className="button",
        )
        entries.append(html.Li([html.Div([html.H3(each.email), said, since]), allow], className="recipient"))
    return [build_hint(format_counted(answer.total_suppressions, "recipient")), _build_list(entries)]


def _build_list(entries: Sequence[Component]) -> Component:
    return html.Ul(list(entries), className="violations recipients-list")
