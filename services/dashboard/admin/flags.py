"""Feature flags: admins see the state of each, what off means, and how to change it."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.formats import format_minute, format_number
from dashboard.links import FLAGS_PATH
from dashboard.lists.page import build_page
from dashboard.lists.view import Drawn, ListPage, Wanted
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.flags import FlagsAnswer, FlagState

_CASES = {"person": "people", "report": "reports", "rule": "notification rules"}
_COMMAND_ID, _VALUES_ID = "flags-command", "flags-values"
_COMMAND = "viral-engine flags set email_delivery on --percent 25 --namespace viral-engine"
_VALUES = """\
featureFlags:
  emailDelivery: {enabled: true, rolloutPct: 25}"""
_CHART_FOLDER = "/etc/viral-engine/flags/"


def draw(api: MetricsApi, _wanted: Wanted) -> Drawn:
    """One entry a flag, the file they come from, and how to change them, which is not by this page."""
    answer = api.fetch_flags()
    is_own_file = answer.path is not None and not answer.path.startswith(_CHART_FOLDER)
    return {
        "list": [html.Ul([_build_flag(flag) for flag in answer.flags], className="violations")],
        "source": _build_file(answer),
        "change": [
            build_hint("This page is read-only. A change takes effect within 10 seconds; nothing restarts."),
            *(_build_edit(answer.path or "") if is_own_file else _build_commands()),
        ],
    }


def _build_edit(path: str) -> list[Component]:
    change = ["Edit ", html.Code(path), ": ", html.Code("defaultVariant"), ' is "on" or "off" for everyone.']
    return [html.P(change)]


def _build_commands() -> list[Component]:
    return [
        html.H3("Right away", className="sub-heading"),
        *_build_command(_COMMAND_ID, _COMMAND),
        html.H3("To keep the change, in the values file of the release", className="sub-heading"),
        *_build_command(_VALUES_ID, _VALUES),
        build_hint("The next helm upgrade resets flags to the values file."),
    ]


def format_share(flag: FlagState) -> str:
    """How much the flag is on for: "On for 25% of people"."""
    cases = _CASES[flag.decided_by]
    if flag.percentage is None:
        return f"A rule decides which {cases}"
    named = ", except those named by a rule" if flag.has_rule else ""
    return f"On for {format_number(flag.percentage)}% of {cases}{named}"


def _build_file(answer: FlagsAnswer) -> list[Component]:
    if answer.path is None:
        return [html.P("There is no flags file (FLAGS_FILE is not set), so every flag uses its default.")]
    path = html.P(["File ", html.Code(answer.path)])
    since = f"In effect since {format_minute(answer.read_at)} UTC" if answer.read_at else "Every flag uses its default"
    if answer.problem is None:
        return [path, build_hint(since)]
    kept = "The last valid flags stay in effect." if answer.read_at else "No valid file was read yet."
    broken = f"The file is invalid: {answer.problem}. {kept}"
    return [html.P(broken, className="refresh-problem", role="alert"), path, build_hint(since)]


def _build_flag(flag: FlagState) -> Component:
    name = html.Div([html.H3(flag.name), html.P(f"Default: {_format_switch(flag.default)}", className="row-note")])
    return html.Li(
        [
            name,
            _build_state(flag),
            html.Div(format_share(flag)),
            html.P(f"Off: {flag.off_means}", className="row-note"),
        ],
        className="violation flag",
    )


def _build_state(flag: FlagState) -> Component:
    if flag.on is None:
        return html.Span("Differs", className="badge")
    suffix = " for you" if flag.decided_by == "person" else ""
    return html.Span(f"{_format_switch(flag.on)}{suffix}", className="badge flag-on" if flag.on else "badge")


def _format_switch(on: bool) -> str:
    return "On" if on else "Off"


def _build_command(element_id: str, command: str) -> list[Component]:
    # A long line scrolls, which the keyboard can do only where it has the focus.
    return [
        html.Pre(command, id=element_id, className="example", tabIndex="0"),
        html.Button("Copy", className="button", **{"data-copy": element_id}),
    ]


LISTED = ListPage(
    path=FLAGS_PATH,
    slug="flags",
    title="Feature flags",
    about="Flags turn features on for everyone, for a share, or for certain people, without a new release.",
    only="Only admins can view feature flags.",
    draw=draw,
    cards=(("list", "Flags"), ("source", "Source"), ("change", "Change a flag")),
)
PAGE = build_page(LISTED, icon="flag", group="Administration")
