"""The card in which a case is decided: the form, what each verdict changes, and afterwards what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.cases.linked import build_linked
from dashboard.cases.rows import build_state
from dashboard.cases.verdict_form import UNTIL
from dashboard.cases.words import CONSEQUENCES, REASONS, RULES, VERDICTS, build_undo_key, find_strongest
from dashboard.components.controls import build_select
from dashboard.components.terms import build_term
from dashboard.formats import format_age, format_minute
from viral_contract.models.cases import Case, CaseVerdict, VerdictEffect
from viral_reports.figures import format_count, format_counted, format_k

_CREDIBILITY = {"credible": "Credible", "doubtful": "Doubtful", "not_credible": "Not credible"}
_NONE = "–"


@dataclass(frozen=True)
class Effects:
    """What each verdict would change; `now` is what is so without one."""

    now: VerdictEffect
    fraud: VerdictEffect
    legitimate: VerdictEffect


def build_verdict_card() -> Component:
    """The card, hidden until it is known who looks and what was decided."""
    return html.Section(
        [
            html.H2("Verdict", id="case-verdict-heading", className="card-heading"),
            html.Div(id="case-decided", **{"data-decided": "true"}),
            html.Div(_build_form(), id="case-form", hidden=True),
        ],
        id="case-verdict",
        className="card verdict-card",
        hidden=True,
        **{"aria-labelledby": "case-verdict-heading"},
    )


def _build_form() -> list[Component]:
    reasons = {reason: reason for each in REASONS.values() for reason in each}
    return [
        dmc.RadioGroup(
            [_build_choice(verdict) for verdict in VERDICTS],
            id="case-choice",
            value="fraud",
            **{"aria-label": "Verdict"},
        ),
        build_select("case-reason", "Reason", reasons),
        dmc.Textarea(id="case-note", label="Note (optional)", placeholder="What should the next person know?"),
        build_select("case-until", "Until", UNTIL),
        html.Div(id="case-changes"),
        *build_linked(),
        html.P(id="case-problem", className="verdict-problem", role="alert"),
        html.Div(
            [
                html.Button("Save as fraud", id="case-save", className="button button-primary", type="button"),
                html.Button("Save, next", id="case-save-next", className="button", type="button"),
            ],
            className="verdict-actions",
        ),
        html.P("Audited. Undo restores every figure.", className="hint"),
    ]


def _build_choice(verdict: CaseVerdict) -> Component:
    words = html.Span([html.Strong(VERDICTS[verdict]), html.Small(CONSEQUENCES[verdict])])
    return dmc.RadioCard(
        [dmc.RadioIndicator(), words, html.Kbd(VERDICTS[verdict][0])],
        value=verdict,
        className="verdict-choice",
        **{"data-choice": verdict},
    )


def build_changes(case: Case, effects: Effects, chosen: CaseVerdict) -> list[Component]:
    """What is so now, and what it would be: the chosen verdict is tinted."""
    rows = [_build_row(name, values, chosen) for name, values in _list_changes(effects)]
    heads = (("Now", ""), ("Fraud", "fraud"), ("Legitimate", "legitimate"))
    head = html.Tr(
        [
            html.Th(html.Span("What", className="visually-hidden"), scope="col"),
            *[html.Th(name, scope="col", className=_look(verdict, chosen)) for name, verdict in heads],
        ]
    )
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="table changes")
    return [html.H3("What changes", className="sub-heading"), table, html.P(_format_note(case), className="hint")]


def _look(verdict: str, chosen: str) -> str:
    return "figure chosen" if verdict == chosen else "figure"


def _build_row(name: Component | str, values: tuple[str, str, str], chosen: CaseVerdict) -> Component:
    cells = zip(values, ("", "fraud", "legitimate"), strict=True)
    return html.Tr(
        [
            html.Th(name, scope="row"),
            *[_build_cell(value, _look(verdict, chosen)) for value, verdict in cells],
        ]
    )


def _build_cell(value: str, look: str) -> Component:
    if "chosen" not in look:
        return html.Td(value, className=look)
    return html.Td(html.Strong(value, className="worse" if value == "Not credible" else None), className=look)


def _list_changes(effects: Effects) -> list[tuple[Component | str, tuple[str, str, str]]]:
    given = (effects.now, effects.fraud, effects.legitimate)
    counted = max(effect.conversions for effect in given)
    words = [_CREDIBILITY[effect.credibility] for effect in given]
    k_factor = (effects.now.k_factor_clean_now, effects.fraud.k_factor_clean, effects.legitimate.k_factor_clean)
    restated = [_format_restated(effect) for effect in given[1:]]
    return [
        (format_counted(counted, "reward"), (words[0], words[1], words[2])),
        (html.Span([build_term("k_clean", "K clean"), ", 7 days"]), _each(k_factor)),
        ("From now on", ("By rule", "Excluded", "Counted")),
        ("Marked as", ("Review", "Fraud", "No mark")),
        ("Restated", (_NONE, restated[0], restated[1])),
    ]


def _each(values: tuple[float, float, float]) -> tuple[str, str, str]:
    return format_k(values[0]), format_k(values[1]), format_k(values[2])


def _format_restated(effect: VerdictEffect) -> str:
    return format_counted(len(effect.restated_reports), "report") if effect.restated_reports else "None"


def _format_note(case: Case) -> str:
    """Which of the two verdicts moves K."""
    strongest, count = find_strongest(case), format_count(case.stake.conversions)
    if case.strength == "flags" and strongest:
        return f"{RULES[strongest]} already keeps the {count} out of K clean; “Fraud” makes that final."
    return "Nothing is left out of K clean until you decide: “Fraud” leaves these conversions out."


def build_decided(case: Case, *, may_decide: bool, now: datetime) -> list[Component]:
    """What was decided, by whom, why and until when, with the way back; nothing without a verdict."""
    decision = case.decision
    if decision is None:
        return [] if may_decide else [html.P("Not decided yet", className="hint")]
    until = f"{format_minute(decision.until)} UTC" if decision.until else "No end"
    facts = {"Reason": decision.reason, **({"Note": decision.note} if decision.note else {}), "Until": until}
    key = build_undo_key(case.id, decision)
    undo = html.Button("Undo", className="button", type="button", **{"data-undo": key})
    change = html.Button("Change", className="button", type="button", **{"data-change": "true"})
    return [
        build_state(decision.verdict, VERDICTS[decision.verdict]),
        html.P(f"by {decision.decided_by} {format_age(decision.decided_at, now=now)}", className="hint"),
        html.Dl([part for name, value in facts.items() for part in (html.Dt(name), html.Dd(value))], className="facts"),
        *([html.Div([undo, change], className="verdict-actions")] if may_decide else []),
    ]


def describe_choice(verdict: CaseVerdict, reason: str) -> Mapping[str, object]:
    """What the form offers for a verdict, `reason` at first."""
    return {
        "reasons": list(REASONS[verdict]),
        "reason": reason,
        "until": "90" if verdict == "legitimate" else "none",
        "save": f"Save as {VERDICTS[verdict].lower()}",
    }
