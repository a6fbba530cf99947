"""Feature flags: how each one stands, what off means, and how to change it."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.formats import format_minute, format_number
from viral_contract.models.flags import FlagsAnswer, FlagState

_CASES = {"person": "people", "report": "reports", "rule": "notification rules"}
_COMMAND_ID, _VALUES_ID = "flags-command", "flags-values"
_COMMAND = "viral-engine flags set email_delivery on --percent 25 --namespace viral-engine"
_VALUES = """\
featureFlags:
  emailDelivery: {enabled: true, rolloutPct: 25}"""
_CHART_FOLDER = "/etc/viral-engine/flags/"


def build_file_card(answer: FlagsAnswer) -> Component:
    """Where the flags come from, since when they are in force, and what is wrong with the file."""
    heading = html.H2("Where they come from", className="card-heading")
    return html.Section([heading, *_build_file(answer)], className="card")


def build_flags_card(flags: list[FlagState]) -> Component:
    """One entry a flag."""
    heading = html.H2("How they stand", className="card-heading")
    listed = html.Ul([_build_flag(flag) for flag in flags], className="violations")
    return html.Section([heading, listed], className="card")


def build_change_card(path: str | None) -> Component:
    """How to change a flag, which is not by this page: `path` is the file that is read, the chart's or another."""
    is_own_file = path is not None and not path.startswith(_CHART_FOLDER)
    return html.Section(
        [
            html.H2("To change one", className="card-heading"),
            build_hint(
                "This page only shows them. Set as below, one takes effect within 10 seconds; nothing restarts."
            ),
            *(_build_edit(path or "") if is_own_file else _build_commands()),
        ],
        className="card",
    )


def _build_edit(path: str) -> list[Component]:
    change = ["Edit ", html.Code(path), ": ", html.Code("defaultVariant"), ' is "on" or "off" for everybody.']
    return [html.P(change)]


def _build_commands() -> list[Component]:
    return [
        html.H3("At once", className="sub-heading"),
        *_build_command(_COMMAND_ID, _COMMAND),
        html.H3("To keep it, in the values file of the release", className="sub-heading"),
        *_build_command(_VALUES_ID, _VALUES),
        build_hint("The next helm upgrade puts back what the values file says."),
    ]


def format_share(flag: FlagState) -> str:
    """For whom the flag is on: "25 % of people"."""
    cases = _CASES[flag.decided_by]
    if flag.percentage is None:
        return f"A rule decides for which {cases}"
    named = ", apart from those whom a rule names" if flag.has_rule else ""
    return f"On for {format_number(flag.percentage)} % of {cases}{named}"


def _build_file(answer: FlagsAnswer) -> list[Component]:
    if answer.path is None:
        return [html.P("There is no flags file (FLAGS_FILE is not set), so every flag has its default.")]
    path = html.P(["File ", html.Code(answer.path)])
    since = f"In force since {format_minute(answer.read_at)} UTC" if answer.read_at else "Every flag has its default"
    if answer.problem is None:
        return [path, build_hint(since)]
    kept = "The last good flags stay in force." if answer.read_at else "No good one was read yet."
    broken = f"The file is broken: {answer.problem}. {kept}"
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
    whom = " for you" if flag.decided_by == "person" else ""
    return html.Span(f"{_format_switch(flag.on)}{whom}", className="badge flag-on" if flag.on else "badge")


def _format_switch(on: bool) -> str:
    return "On" if on else "Off"


def _build_command(element_id: str, command: str) -> list[Component]:
    # A long line scrolls, which the keyboard can do only where it has the focus.
    return [
        html.Pre(command, id=element_id, className="example", tabIndex="0"),
        html.Button("Copy", className="button", **{"data-copy": element_id}),
    ]
