"""Drafts of thresholds: what was tried, and what runs beside the live settings."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint
from dashboard.components.controls import build_folded
from dashboard.components.dates import build_dates
from dashboard.components.table import Column, build_wide_table
from dashboard.drafts.settings import format_change
from dashboard.drafts.tabs import build_tabs
from dashboard.formats import format_minute
from dashboard.guardrails.thresholds import GROUPS, KNOBS, Knob
from dashboard.links import RULES_PATH, draft_path
from dashboard.lists.page import build_page, build_save
from dashboard.lists.view import Done, Drawn, Form, ListPage, RefusedError, Wanted, build_next, check
from dashboard.period import read_search
from dashboard.shared_views import SharedViews
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.drafts import Draft, DraftRequest
from viral_contract.models.people import Scope
from viral_reports.dates import format_period
from viral_reports.figures import format_counted

_SLUG = "drafts"
_ROWS = 50
_DEFAULT_DAYS = 30
_DETECTORS = ("Fraud Detection", "Bot Detection", "Conversion Anomalies")
_COLUMNS = (
    Column("Draft"),
    Column("Changes"),
    Column("Replayed"),
    Column("State"),
    Column("Created", is_minor=True),
)


def draw(api: MetricsApi, wanted: Wanted) -> Drawn:
    """Every draft, newest first; those that run as shadows have a list of their own."""
    answer = api.fetch_drafts(limit=_ROWS, cursor=wanted.get("cursor"))
    shadows = [draft for draft in answer.drafts if draft.shadow_since]
    return {
        "tabs": [build_tabs(RULES_PATH)],
        **({"shadows": [_build_table("Drafts that run as shadows", shadows)]} if shadows else {}),
        "list": _build_list(answer.drafts, answer.total_drafts, wanted, answer.next_cursor),
    }


def _build_list(drafts: Sequence[Draft], total: int, wanted: Wanted, next_cursor: str | None) -> list[Component]:
    if not drafts:
        return [html.P("No drafts yet. Try other thresholds on the past before you change them.", className="nothing")]
    more = build_next(RULES_PATH, wanted, next_cursor, f"{_ROWS} drafts")
    return [build_hint(f"{format_counted(total, 'draft')}, newest first"), _build_table("Drafts", drafts), *more]


def _build_table(caption: str, drafts: Sequence[Draft]) -> Component:
    return build_wide_table(caption, _COLUMNS, [_build_row(draft) for draft in drafts])


def _build_row(draft: Draft) -> list[Component | str]:
    changes = [format_change(name, value) for name, value in draft.settings.items()]
    return [
        dcc.Link(draft.name, href=draft_path(draft.id)),
        " · ".join(changes) or "None",
        format_period(draft.period),
        format_state(draft),
        f"{format_minute(draft.created_at)}, {draft.created_by}",
    ]


def format_state(draft: Draft) -> str:
    """How far the draft is, in words."""
    if draft.status == "promoted":
        return "Promoted"
    if draft.status == "replaying":
        return f"Replaying {draft.done_days} of {draft.total_days} days"
    return f"Shadow since {draft.shadow_since:%-d %b}" if draft.shadow_since else "Replayed"


def _build_form() -> list[Component]:
    name = dmc.TextInput(
        id="drafts-name", label="Name", placeholder="Less noise from small schools", required=True, withAsterisk=False
    )
    dates = html.Div([html.Label("Period to replay", htmlFor="drafts-dates"), build_dates("drafts-dates")])
    detectors = [knob for group in _DETECTORS for knob in GROUPS[group]]
    others = html.Div([_build_setting(knob) for knob in KNOBS if knob not in detectors], className="draft-settings")
    return [
        build_hint(f"Empty settings stay as they are live. Without dates, the last {_DEFAULT_DAYS} days are replayed."),
        html.Div([name, dates], className="filters"),
        html.Div([_build_setting(knob) for knob in detectors], className="draft-settings"),
        build_folded("More settings", "of the score and alerts", others),
        build_save(_SLUG, "form", "Create draft"),
    ]


def _build_setting(knob: Knob) -> Component:
    low, high = knob.limits
    return dmc.NumberInput(
        id=f"drafts-{knob.name}", label=knob.label, placeholder="As live", min=low, max=high, step=knob.step
    )


def create(api: MetricsApi, name: str | None, dates: Sequence[str | None] | None, **settings: Any) -> Done:
    """Create a draft, which is replayed at once."""
    if not name:
        raise RefusedError("Enter a name.")
    given = {knob: value for knob, value in settings.items() if value not in (None, "")}
    start, end = parse_dates(dates, today=datetime.now(UTC).date())
    draft = check(DraftRequest, {"name": name, "settings": given, "start": start, "end": end})
    draft_id = api.create_draft(draft)
    link = dcc.Link("Open the draft", href=draft_path(draft_id), className="button")
    return Done(f"{name} was created and is being replayed.", once=[link])


def parse_dates(dates: Sequence[str | None] | None, *, today: date) -> tuple[str, str]:
    """The first and last date that were chosen, or the last 30 dates."""
    first, last = dates or (None, None)
    if first and last:
        return first, last
    return (today - timedelta(days=_DEFAULT_DAYS - 1)).isoformat(), today.isoformat()


_NAMES = tuple(knob.name for knob in KNOBS)
LISTED = ListPage(
    path=RULES_PATH,
    slug=_SLUG,
    title="Rules and drafts",
    about="A draft shows what other thresholds would have flagged. As a shadow it judges new events, without effect.",
    draw=draw,
    cards=(
        ("tabs", "Rules"),
        ("shadows", "Running as shadows"),
        ("list", "Drafts"),
        Form(
            "form",
            "New draft",
            _build_form,
            fields=("name", "dates", *_NAMES),
            empty={"name": "", "dates": [None, None], **dict.fromkeys(_NAMES, "")},
            save=create,
        ),
    ),
    scope=Scope.ALERTS_WRITE,
)


def _fill_in_settings(app: Dash, _views: SharedViews) -> None:
    """A link from the what-if page fills in what was tried."""

    def fill_in(search: str | None) -> list[Any]:
        given = read_search(search)
        return [_parse_number(given.get(name, "")) for name in _NAMES]

    app.callback(
        [Output(f"drafts-{name}", "value", allow_duplicate=True) for name in _NAMES],
        Input("url", "search"),
        prevent_initial_call="initial_duplicate",
    )(fill_in)


def _parse_number(given: str) -> float | str:
    """A number for its field; "" for what is none."""
    try:
        number = float(given)
    except ValueError:
        return ""
    return "" if not isfinite(number) else int(number) if number.is_integer() else number


PAGE = build_page(LISTED, icon="sliders", group="Detection", scope=Scope.METRICS_READ, add_own=_fill_in_settings)
