"""What other thresholds would change: configured and changed side by side, and how to keep the change."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import build_hint, build_not_kept
from dashboard.components.table import Column, build_table
from dashboard.formats import format_deduction, format_number
from dashboard.guardrails.alerts import TITLES
from viral_contract.models.alerts import AlertType
from viral_contract.models.what_if import NotApplicable, Outcome, WhatIfAnswer
from viral_reports.dates import format_period
from viral_reports.figures import format_count, format_counted, format_points

_HELM_ID = "what-if-helm"
_STATUSES = ("critical", "warning", "fair", "good", "excellent")
_SAME = "the same"
_COLUMNS = (
    Column("Metric"),
    Column("Configured", is_figure=True),
    Column("Changed", is_figure=True),
    Column("Difference"),
)
Row = tuple[str, str, str, str]


def build_result(answer: WhatIfAnswer, configured_href: str, draft_href: str) -> list[Component]:
    """The comparison over the answer's period, the alerts, the Helm values, and the way to a draft of the same."""
    if answer.is_partial:
        compared = [build_not_kept()]
    elif not answer.has_data:
        compared = [html.P("No data in this period, so there is nothing to compare.", className="nothing")]
    else:
        compared = [
            build_hint(f"{format_period(answer.period)} · preview only, nothing is saved"),
            _build_rows("Configured vs. changed", format_figures(answer)),
            html.H3("Alerts", className="sub-heading"),
            *_build_alerts(answer),
        ]
    draft = dcc.Link("Save as a draft", href=draft_href, className="button")
    back = dcc.Link("Reset to configured", href=configured_href, className="button")
    return [
        html.Section([html.H2("What would change", className="card-heading"), *compared], className="card"),
        html.Section(
            [html.H2("Apply changes", className="card-heading"), *_build_helm(answer), draft, back], className="card"
        ),
    ]


def format_summary(answer: WhatIfAnswer) -> str:
    """The comparison in one sentence, to be read out when it changes."""
    before, after = answer.configured, answer.changed
    if answer.is_partial:
        return "Not available: only totals are kept for some dates in this period."
    if not answer.has_data:
        return "No data in this period."
    score = f"Health Score {format_points(before.health_score)} → {format_points(after.health_score)}"
    words = [f"{score}: {compare(before.health_score, after.health_score, 'higher', 'lower')}."]
    opens, closes = find_alert_changes(before, after)
    words += [f"{format_counted(len(opens), 'alert')} would open."] if opens else []
    words += [f"{format_counted(len(closes), 'alert')} would close."] if closes else []
    return " ".join(words)


def compare(before: float, after: float, more: str, less: str) -> str:
    """How much `after` differs, in words: "2 fewer"; "the same" where it does not."""
    difference = round(after - before, 2)
    if difference == 0:
        return _SAME
    return f"{format_number(abs(difference))} {more if difference > 0 else less}"


def format_figures(answer: WhatIfAnswer) -> list[Row]:
    """The rows of the comparison: (what, configured, changed, difference)."""
    before, after = answer.configured, answer.changed
    return [
        _format_score("Health Score", before.health_score, after.health_score),
        ("Status", before.health_status.capitalize(), after.health_status.capitalize(), _compare_status(before, after)),
        _format_other_basis(before, after),
        *_format_deductions(before, after),
        _format_found("Flagged IPs", before.total_flagged_ips, after.total_flagged_ips),
        _format_found("Flagged devices", before.total_flagged_devices, after.total_flagged_devices),
        _format_found("Flagged referrers", before.total_flagged_referrers, after.total_flagged_referrers),
        _format_target(before.compliance_target_met, after.compliance_target_met),
    ]


def find_alert_changes(before: Outcome, after: Outcome) -> tuple[list[AlertType], list[AlertType]]:
    """The types that would open, and those that would close."""
    was, becomes = {alert.type for alert in before.alerts}, {alert.type for alert in after.alerts}
    return [kind for kind in TITLES if kind in becomes - was], [kind for kind in TITLES if kind in was - becomes]


def _format_score(label: str, before: float, after: float) -> Row:
    return label, format_points(before), format_points(after), compare(before, after, "higher", "lower")


def _format_other_basis(before: Outcome, after: Outcome) -> Row:
    """The score on the basis that is not in use."""
    if before.basis == "share":
        return _format_score("Score by count", before.by_count.health_score, after.by_count.health_score)
    return _format_score("Score by share of clicks", before.by_share.health_score, after.by_share.health_score)


def _compare_status(before: Outcome, after: Outcome) -> str:
    steps = _STATUSES.index(after.health_status) - _STATUSES.index(before.health_status)
    return "better" if steps > 0 else "worse" if steps < 0 else _SAME


def _format_deductions(before: Outcome, after: Outcome) -> list[Row]:
    return [
        (
            f"{was.label}, points",
            format_deduction(was.points),
            format_deduction(becomes.points),
            compare(was.points, becomes.points, "more", "fewer"),
        )
        for was, becomes in zip(before.deduction_items, after.deduction_items, strict=True)
    ]


def _format_found(label: str, before: int, after: int) -> Row:
    return label, format_count(before), format_count(after), compare(before, after, "more", "fewer")


def _format_target(before: bool, after: bool) -> Row:
    words = {True: "met", False: "missed"}
    difference = _SAME if before == after else f"would be {words[after]}"
    return "COPPA target", words[before].capitalize(), words[after].capitalize(), difference


def _build_rows(caption: str, rows: list[Row]) -> Component:
    return build_table(caption, _COLUMNS, [(*row[:3], _build_difference(row[3])) for row in rows])


def _build_difference(words: str) -> Component:
    return html.Span(words, className="unchanged") if words == _SAME else html.Strong(words)


def _build_alerts(answer: WhatIfAnswer) -> list[Component]:
    before, after = answer.configured, answer.changed
    opens, closes = find_alert_changes(before, after)
    kept = [TITLES[alert.type] for alert in after.alerts if alert.type not in opens]
    changes = [
        _build_alert(kind, said) for kinds, said in ((opens, "would open"), (closes, "would close")) for kind in kinds
    ]
    listed = [html.Ul(changes, className="checks")] if changes else [build_hint("No alerts would open or close.")]
    return [*listed, *([build_hint(f"Stay open: {' · '.join(kept)}")] if kept else [])]


def _build_alert(kind: AlertType, said: str) -> Component:
    return html.Li([html.Span(TITLES[kind]), html.Span(said, className="check-value")], className="check")


def _build_helm(answer: WhatIfAnswer) -> list[Component]:
    refused = [html.P(_format_refused(item), className="hint") for item in answer.not_applicable]
    if not answer.helm_values:
        return [build_hint("No changes yet."), *refused]
    return [
        build_hint("To make these changes permanent, set these Helm values:"),
        # A long line scrolls, which the keyboard can do only where it has the focus.
        html.Pre(answer.helm_values, id=_HELM_ID, className="example", tabIndex="0"),
        html.Button("Copy", className="button", **{"data-copy": _HELM_ID}),
        *refused,
    ]


def _format_refused(item: NotApplicable) -> str:
    return f"{item.name} = {format_number(item.value)} can be previewed but not applied. Allowed: {item.allowed}."
