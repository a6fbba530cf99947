"""One draft: what it would change, and what is done with it."""

from datetime import UTC, datetime
from typing import Any, get_args

import structlog
from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate
from flask import Response

from dashboard.components.card import build_blank, build_hint
from dashboard.components.controls import build_segments
from dashboard.components.icons import build_icon
from dashboard.components.messages import build_failure, build_refresh_problem
from dashboard.components.page_header import build_page_header
from dashboard.drafts import changes
from dashboard.drafts.curve import add_curve, build_curve_frame
from dashboard.drafts.editing import add_editing, build_settings_card
from dashboard.drafts.list_page import format_state
from dashboard.drafts.settings import name_setting
from dashboard.drafts.tabs import ABOVE
from dashboard.errors import API_FAILURES, format_failure, is_final
from dashboard.export import answer_csv
from dashboard.links import RULES_PATH, draft_path, find_draft_id
from dashboard.lists.file import Records, format_file
from dashboard.live.page import add_tick, build_clock
from dashboard.page import Page
from dashboard.period import format_search
from dashboard.session import current_viewer
from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.drafts import CurveSetting, DraftAnswer, DraftRequest
from viral_contract.models.people import Scope
from viral_contract.models.period import PeriodQuery
from viral_reports.dates import format_period

_POLL_SECONDS = 3
_FILE_ROWS = 10_000
_DOWNLOAD = {"data-download": "true"}
_BUTTONS = ("draft-shadow", "draft-promote", "draft-discard")
_CURVES: tuple[CurveSetting, ...] = get_args(CurveSetting)
_HELM_ID = "draft-helm"
_OUTPUTS = {
    "head": Output("draft-head", "children"),
    "view": Output("draft-view", "children"),
    "actions": Output("draft-actions", "hidden"),
    "edit": Output("draft-edit", "hidden"),
    "loaded": Output("draft-loaded", "data"),
    "shadow": Output("draft-shadow", "children"),
    "rests": Output("draft-clock", "disabled"),
    "problem_hidden": Output("draft-refresh-problem", "hidden"),
    "shown": Output("draft-shown", "data"),
}
_KEPT = dict.fromkeys(_OUTPUTS, no_update)
_log = structlog.get_logger()


def build_layout(_settings: DashboardSettings) -> Component:
    """The frame; its buttons stand in it from the start, hidden until they are allowed."""
    return html.Div(
        [
            *build_clock("draft", _POLL_SECONDS),
            dcc.Store(id="draft-shown"),
            dcc.Store(id="draft-loaded"),
            build_refresh_problem("draft", "Could not refresh. Trying again."),
            html.Div(build_page_header("Draft", "", [], above=ABOVE), id="draft-head", className="stack"),
            html.P(id="draft-said", className="said", role="status"),
            html.Div([_build_curve_card(), build_settings_card()], className="draft-tries"),
            html.Div(build_blank(640), id="draft-view"),
            _build_actions(),
        ],
        className="draft",
    )


def _build_curve_card() -> Component:
    labels = {str(setting): name_setting(setting) for setting in _CURVES}
    return html.Section(
        [
            html.H2("What would be flagged at other values", className="card-heading"),
            build_segments("draft-setting", "Setting", labels, _CURVES[0]),
            build_curve_frame(),
        ],
        id="draft-curve",
        className="card",
    )


def _build_actions() -> Component:
    return html.Section(
        [
            html.H2("Decide", className="card-heading"),
            build_hint(
                "A shadow judges new events by this draft beside the live rules: no points, no alerts, no cases. "
                "Promoting does not change the cluster; apply the Helm values to do that."
            ),
            html.Div(
                [
                    html.Button("Run as shadow", id="draft-shadow", className="button"),
                    html.Button("Mark as promoted", id="draft-promote", className="button button-primary"),
                    html.Button("Discard draft", id="draft-discard", className="button"),
                ],
                className="filters",
            ),
        ],
        id="draft-actions",
        className="card",
        hidden=True,
    )


def add_callbacks(app: Dash, views: SharedViews, _settings: DashboardSettings) -> None:
    """One callback shows the draft, others its curve and its settings, one does what a button says."""

    def show(
        tick: float | None, path: str | None, said: Any, shown: int | None, loaded: dict[str, Any] | None
    ) -> dict[str, Any]:
        del tick, said  # Reasons to look again, which need no answer.
        draft_id = find_draft_id(path)
        return show_draft(views.api_of_viewer(), draft_id, shown, loaded) if draft_id else {**_KEPT, "rests": True}

    def do(presses: list[int | None], path: str | None) -> dict[str, Any]:
        draft_id = find_draft_id(path)
        # Buttons that are drawn call back, too.
        if draft_id is None or not any(presses):
            raise PreventUpdate
        return act(views.api_of_viewer(), draft_id, str(ctx.triggered_id))

    add_tick(app, "draft")
    app.callback(
        output=_OUTPUTS,
        inputs={
            "tick": Input("draft-tick", "data"),
            "path": Input("url", "pathname"),
            "said": Input("draft-said", "children"),
            "shown": State("draft-shown", "data"),
            "loaded": State("draft-loaded", "data"),
        },
    )(show)
    add_curve(app, views)
    add_editing(app, views)
    _add_file(app, views)
    app.callback(
        output={
            "said": Output("draft-said", "children"),
            "path": Output("url", "pathname", allow_duplicate=True),
        },
        inputs={
            "presses": [Input(button, "n_clicks") for button in _BUTTONS],
            "path": State("url", "pathname"),
        },
        prevent_initial_call=True,
    )(do)


def _add_file(app: Dash, views: SharedViews) -> None:
    """What would change as a file."""

    @app.server.get(f"{RULES_PATH}/drafts/<int:draft_id>.csv", endpoint="file_draft")
    def answer_file(draft_id: int) -> Response:
        return answer_csv(lambda: format_file(f"draft-{draft_id}.csv", list_changes(views.api_of_viewer(), draft_id)))


def list_changes(api: MetricsApi, draft_id: int) -> Records:
    """A line for everyone whom the draft or the live settings flag."""
    answer = api.fetch_draft(draft_id, rows=_FILE_ROWS)
    groups = {name: getattr(answer, name) for name in ("no_longer_flagged", "newly_flagged", "unchanged")}
    for change, difference in groups.items():
        for each in difference.first:
            record = each.model_dump(mode="json", include={"kind", "entity", "alias", "peak", "verdict"})
            yield {"change": change, **record}


def show_draft(
    api: MetricsApi, draft_id: int, shown: int | None, loaded: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The draft, by the names of the callback's outputs; a failed refresh leaves it where it was `shown`.

    Its settings are `loaded` once, so that a refresh leaves what is being changed.
    """
    try:
        answer = api.fetch_draft(draft_id)
    except API_FAILURES as error:
        _log.warning("draft_failed", draft_id=draft_id, reason=str(error))
        if shown == draft_id and not is_final(error):
            return {**_KEPT, "rests": False, "problem_hidden": False}
        failure = build_failure(error, draft_path(draft_id), what="Draft")
        header = build_page_header("Draft", "", [], above=ABOVE)
        return {**_KEPT, "head": [header], "view": [failure], "actions": True, "rests": is_final(error), "shown": None}
    may_change, now_loaded = current_viewer().may(Scope.ALERTS_WRITE), _describe(answer)
    return {
        "head": build_head(answer),
        "view": build_view(answer),
        "actions": not may_change,
        "edit": not may_change,
        "loaded": no_update if loaded == now_loaded else now_loaded,
        "shadow": "End shadow" if answer.shadow_since else "Run as shadow",
        "rests": answer.status != "replaying" and not answer.shadow_since,
        "problem_hidden": True,
        "shown": draft_id,
    }


def _describe(answer: DraftAnswer) -> dict[str, Any]:
    """What the curve and the settings need; the curve goes on `until` today while the draft runs as a shadow."""
    return {
        "id": answer.id,
        "name": answer.name,
        "shadow": answer.shadow_since is not None,
        "start": answer.replayed.start.isoformat(),
        "end": answer.replayed.end.isoformat(),
        "until": answer.period.end.isoformat(),
        "settings": answer.settings,
        "live": answer.live_settings,
    }


def build_head(answer: DraftAnswer) -> list[Component]:
    """Which draft it is, and what it means."""
    summary = [html.P(f"{format_state(answer)} · {format_period(answer.period)} · by {answer.created_by}")]
    header = build_page_header(answer.name, "", summary, above=ABOVE)
    return [header, *_build_progress(answer), changes.build_finding(answer)]


def build_view(answer: DraftAnswer) -> list[Component]:
    """What a draft changes."""
    search = format_search(PeriodQuery(start=answer.period.start, end=answer.period.end))
    cards = {
        "changes": ("What would change", [_build_file_link(answer.id), *changes.build_lists(answer, search)]),
        "score": ("Health Score by day", changes.build_days(answer.days, "health_score", "Health Score by day")),
        "k": ("K clean by day", changes.build_days(answer.days, "k_factor_clean", "K clean by day")),
        "helm": ("Helm values", _build_helm(answer)),
    }
    return [
        changes.build_figures(answer),
        html.Div([_build_card(slug, *card) for slug, card in cards.items()], className="cards draft-cards"),
    ]


def _build_file_link(draft_id: int) -> Component:
    label = [build_icon("download"), "CSV"]
    return html.A(
        label, href=f"{draft_path(draft_id)}.csv", className="button card-action", **{"data-download": "true"}
    )


def _build_card(slug: str, heading: str, body: list[Component]) -> Component:
    return html.Section(
        [html.H2(heading, id=f"draft-{slug}-heading", className="card-heading"), *body],
        className=f"card card-draft-{slug}",
        **{"aria-labelledby": f"draft-{slug}-heading"},
    )


def _build_progress(answer: DraftAnswer) -> list[Component]:
    if answer.status != "replaying":
        return []
    label = f"Replaying {answer.done_days} of {answer.total_days} days"
    bar = html.Progress(
        value=str(answer.done_days), max=str(answer.total_days), className="progress", **{"aria-label": label}
    )
    return [html.Div([html.P(label), bar], className="card draft-progress")]


def _build_helm(answer: DraftAnswer) -> list[Component]:
    refused = [
        build_hint(f"{name_setting(item.name)} can be tried but not applied. Allowed: {item.allowed}.")
        for item in answer.not_applicable
    ]
    if not answer.helm_values:
        return [html.P("Nothing to apply.", className="nothing"), *refused]
    return [
        # A long line scrolls, which the keyboard can do only where it has the focus.
        html.Pre(answer.helm_values, id=_HELM_ID, className="example", tabIndex="0"),
        html.Button("Copy", className="button", **{"data-copy": _HELM_ID}),
        *refused,
    ]


def act(api: MetricsApi, draft_id: int, button: str) -> dict[str, Any]:
    """Do what the button says; a refusal is explained. A discarded draft leads back to the list."""
    try:
        if button == "draft-discard":
            api.discard_draft(draft_id)
            return {"said": "Discarded.", "path": RULES_PATH}
        said = _promote(api, draft_id) if button == "draft-promote" else _toggle_shadow(api, draft_id)
    except API_FAILURES as error:
        _log.warning("draft_action_failed", action=button, reason=str(error))
        said = format_failure(error)
    return {"said": said, "path": no_update}


def _promote(api: MetricsApi, draft_id: int) -> str:
    api.promote_draft(draft_id)
    return "Marked as promoted. Apply the Helm values to make it live."


def _toggle_shadow(api: MetricsApi, draft_id: int) -> str:
    draft = api.fetch_draft(draft_id)
    starts = draft.shadow_since is None
    api.change_draft(
        draft_id,
        DraftRequest.model_validate(
            {
                "name": draft.name,
                "settings": draft.settings,
                "start": draft.replayed.start,
                "end": draft.replayed.end,
                "shadow": starts,
            }
        ),
    )
    return f"Runs as a shadow since {datetime.now(UTC):%H:%M} UTC." if starts else "No longer runs as a shadow."


PAGE = Page(f"{RULES_PATH}/drafts/<id>", "Draft", build_layout, add_callbacks)
