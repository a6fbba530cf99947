"""Set up Viral Guardrails: what stands on the guardrails page until the first event, from a token to a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.data import FirstRun, Snapshot
from dashboard.formats import format_clock, format_minute
from dashboard.links import PEOPLE_PATH, REPORTS_PATH

_WORDS = {"done": "Done", "now": "In progress", "next": "Not started"}
_HIDDEN = {"aria-hidden": "true"}
_WAITING = ["Waiting for the first event", html.Span("checked with every refresh", className="hint")]
# To be copied; API_ADDRESS stands for that of the metrics API.
_EVENT_SNIPPETS = {
    "curl": """# one click, as your app would send it
curl API_ADDRESS/v1/events \\
  -H "Authorization: Bearer $API_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"events": [{"event_type": "click",
        "ip_address": "203.0.113.9",
        "device_fingerprint": "test-device",
        "referrer_id": "usr_test", "source": "buddy_challenge"}]}'""",
    "Python": """# one click, as your app would send it
import json, os, urllib.request

click = {"event_type": "click",
         "ip_address": "203.0.113.9",
         "device_fingerprint": "test-device",
         "referrer_id": "usr_test", "source": "buddy_challenge"}
request = urllib.request.Request(
    "API_ADDRESS/v1/events",
    json.dumps({"events": [click]}).encode(),
    {"Authorization": f"Bearer {os.environ['API_TOKEN']}",
     "Content-Type": "application/json"})
with urllib.request.urlopen(request) as answer:
    print(answer.status, answer.read().decode())""",
    "Node.js": """// one click, as your app would send it
const click = {event_type: "click",
  ip_address: "203.0.113.9",
  device_fingerprint: "test-device",
  referrer_id: "usr_test", source: "buddy_challenge"};
fetch("API_ADDRESS/v1/events", {
  method: "POST",
  headers: {Authorization: `Bearer ${process.env.API_TOKEN}`,
    "Content-Type": "application/json"},
  body: JSON.stringify({events: [click]}),
}).then(async (answer) => console.log(answer.status, await answer.text()));""",
}
_LINK_SNIPPET = """curl API_ADDRESS/v1/links \\
  -H "Authorization: Bearer $API_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"items": [{"id": "test-link",
        "referrer_id": "usr_test", "source": "buddy_challenge"}]}'"""


@dataclass(frozen=True)
class Step:
    """One step of the list, and what to do about it."""

    title: str
    is_done: bool
    body: list[Component]


def begins(snapshot: Snapshot) -> bool:
    """Whether nothing was ever stored; a page that is open then keeps the list until it is left."""
    return snapshot.first_run is not None and not snapshot.first_run.setup.event


def build_body(snapshot: Snapshot) -> list[Component]:
    """The steps for who may do them; for others who does."""
    run = snapshot.first_run
    if run is None:
        return []
    if not run.may_set_up:
        return [html.P("An admin is setting this up.", className="setup setup-wait")] if begins(snapshot) else []
    steps = _list_steps(run, snapshot.health.last_event_at, snapshot.computed_at)
    done = sum(step.is_done for step in steps)
    looks = "setup" if run.setup.event else "setup setup-alone"
    return [
        html.Div(
            [
                build_hint(f"{done} of {len(steps)} done · about 10 minutes"),
                _build_progress(done, len(steps)),
                html.Ol(_build_steps(steps), className="setup-steps"),
            ],
            className=looks,
        )
    ]


def _list_steps(run: FirstRun, newest: datetime | None, now: datetime) -> list[Step]:
    setup, address = run.setup, run.api_address
    return [
        Step("Create a token", setup.token, _build_token(is_done=setup.token)),
        Step("Send your first event", setup.event, _build_event(address, newest, now, is_done=setup.event)),
        Step("Register your first link", setup.link, _build_link(address)),
        Step("Get your first report", setup.report, _build_report(has_event=setup.event)),
    ]


def _build_progress(done: int, steps: int) -> Component:
    values = {"aria-valuenow": str(done), "aria-valuemin": "0", "aria-valuemax": str(steps), "aria-label": "Setup"}
    bar = html.Div(style={"width": f"{100 * done / steps:.0f}%"})
    return html.Div(bar, className="setup-progress", role="progressbar", **values)


def _build_steps(steps: list[Step]) -> list[Component]:
    """Of those that are not done the first one is in progress."""
    now = next((step for step in steps if not step.is_done), None)
    return [
        _build_step(number, step, "done" if step.is_done else "now" if step is now else "next")
        for number, step in enumerate(steps, 1)
    ]


def _build_step(number: int, step: Step, state: str) -> Component:
    mark = html.Span(className="icon icon-check") if state == "done" else str(number)
    head = html.Div(
        [html.H3(step.title), html.Span(_WORDS[state], className=f"setup-state setup-{state}")], className="setup-head"
    )
    return html.Li(
        [html.Span(mark, className=f"setup-mark setup-{state}", **_HIDDEN), html.Div([head, *step.body])],
        **({"aria-current": "step"} if state == "now" else {}),
    )


def _build_token(*, is_done: bool) -> list[Component]:
    about = "Your app sends events with a token that has the scope events:write."
    return [build_hint(about), dcc.Link("Manage tokens" if is_done else "Create a token", href=PEOPLE_PATH)]


def _build_event(address: str, newest: datetime | None, now: datetime, *, is_done: bool) -> list[Component]:
    answers = build_hint(
        "A 202 answer with ", html.Code('"accepted": 1'), " means it is stored. ",
        "401: check the token. 422: the answer names the field.",
    )  # fmt: skip
    return [
        build_hint("Set API_TOKEN to the token you copied, then run this."),
        _build_tabs({name: text.replace("API_ADDRESS", address) for name, text in _EVENT_SNIPPETS.items()}),
        html.P([_format_received(newest, now)] if is_done else _WAITING, className="setup-waiting"),
        answers,
    ]


def _format_received(newest: datetime | None, now: datetime) -> str:
    """When the event happened, which is when it was received, but for events of the past."""
    if newest is None:
        return "Received"
    if newest.date() == now.date():
        return f"Received at {format_clock(newest)}"
    return f"Received. The newest event is of {format_minute(newest)} UTC"


def _build_tabs(snippets: Mapping[str, str]) -> Component:
    tabs = [dmc.TabsTab(name, value=name) for name in snippets]
    panels = [
        dmc.TabsPanel(_build_snippet(f"setup-event-{number}", name, text), value=name)
        for number, (name, text) in enumerate(snippets.items())
    ]
    return dmc.Tabs([dmc.TabsList(tabs, **{"aria-label": "Language"}), *panels], value="curl", className="setup-tabs")


def _build_snippet(element_id: str, language: str, text: str) -> Component:
    """The text, which scrolls by itself; the button stands apart, as it must not cover what it copies."""
    code = html.Pre(html.Code(text), id=element_id, className="example", tabIndex="0")
    return html.Div(
        [code, html.Button("Copy", className="button", **{"data-copy": element_id, "aria-label": f"Copy {language}"})],
        className="setup-snippet",
    )


def _build_link(address: str) -> list[Component]:
    snippet = _build_snippet("setup-link", "the link", _LINK_SNIPPET.replace("API_ADDRESS", address))
    return [
        build_hint("So that clicks and conversions are credited to a referrer and a loop."),
        html.Details([html.Summary("Show snippet"), snippet], className="setup-more"),
        html.A("API reference", href=f"{address}/docs", target="_blank", rel="noreferrer"),
    ]


def _build_report(*, has_event: bool) -> list[Component]:
    about = build_hint("Weekly on Mondays at 09:00 UTC, or now as soon as there is data.")
    if has_event:
        return [about, dcc.Link("Generate report", href=REPORTS_PATH, className="button")]
    needs = {"aria-describedby": "setup-report-needs"}
    button = html.Button("Generate report", className="button", disabled=True, **needs)
    needed = html.Span("needs an event", id="setup-report-needs", className="hint")
    return [about, html.Div([button, needed], className="setup-report")]


CARD = Card("setup", "Set up Viral Guardrails", 560, build_body, begins=begins)
