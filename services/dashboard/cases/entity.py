"""Who or what a case is about, in one cell: icon, id, and what is known beside it."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.words import KIND_ICONS, KINDS, name_rule
from dashboard.components.icons import build_icon
from dashboard.formats import format_masked
from dashboard.links import case_path
from viral_contract.models.cases import Case
from viral_contract.models.referrer_evidence import RuleEvidence
from viral_reports.figures import name_loop


def format_entity(case: Case) -> str:
    """The id as this viewer may see it; an address without the length that every address has."""
    return format_masked(case.entity, case.alias).removesuffix("/32")


def format_loop(case: Case) -> str:
    """The loop with most of its clicks, "" where there is none."""
    return name_loop(case.source) if case.source else ""


def build_entity(case: Case, *notes: str) -> Component:
    """The icon of its kind, named for readers, and the link to the case; `notes` stand below."""
    said = " · ".join(note for note in notes if note)
    link = dcc.Link(format_entity(case), href=case_path(case.id), className="figures")
    below = [html.P(said)] if said else []
    kind = html.Span(f"{KINDS[case.kind]} ", className="visually-hidden")
    return html.Div([build_icon(KIND_ICONS[case.kind]), html.Div([kind, link, *below])], className="entity")


def build_chips(evidence: list[RuleEvidence]) -> Component:
    """The names of the rules: solid where one flags, dashed where it is only worth a look."""
    return html.Span([build_rule_chip(found) for found in evidence], className="rule-chips")


def build_rule_chip(found: RuleEvidence) -> Component:
    """The name of one rule."""
    flags = found.strength == "flags"
    beside = [] if flags else [html.Span(" (worth a look)", className="visually-hidden")]
    name = name_rule(found.rule)
    return html.Span([name, *beside], className="rule-chip rule-flags" if flags else "rule-chip rule-looks")
