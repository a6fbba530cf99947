"""Why K changed: what is flagged of it, and what each factor and each loop added to the rest or took."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.trend import VERDICTS, format_unfinished
from dashboard.data import GrowthSnapshot
from dashboard.formats import format_percent
from viral_contract.models.growth import FactorEffects, HonestChange, LoopEffect
from viral_reports.figures import format_counted, format_k, format_signed

_MOST_LOOPS = 6
_DECIMALS = 3


@dataclass(frozen=True)
class Effect:
    """How much one thing moved K; its look is that of the verdict unless it has one of its own."""

    name: str
    effect: float
    look: str = ""


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The change, whether it may be called one, and its two splits."""
    answer = snapshot.k_factor
    if not snapshot.compares:
        return [html.P("Compare the period with another one to see why K changed.", className="nothing")]
    if not answer.total_invites and not answer.previous.total_invites:
        return [html.P("No invites in this period or the previous one.", className="nothing")]
    if answer.is_partial or answer.previous.is_partial:
        return [html.P("Only totals are kept for older dates, so K can't be compared.", className="nothing")]
    compared = answer.compared
    if compared is None:
        return [html.P(format_unfinished(answer), className="nothing")]
    change, now, before = answer.change, compared.k_factor, compared.previous_k_factor
    if change is None:
        return [html.P("K can't be compared.", className="nothing")]
    sample = f"smaller sample: {format_counted(answer.why.sample, 'inviting user')}"
    parts = [Effect("Flagged conversions", change.flagged, "flagged"), Effect("Honest change", change.honest)]
    is_clear = change.verdict in ("up", "down")
    return [
        html.P(format_finding(change, before, now), className="change"),
        build_hint(f"From {format_k(before)} to {format_k(now)}: {_format_effect(change.raw)}"),
        build_hint(f"{VERDICTS[change.verdict]} · {sample}"),
        *([] if answer.is_over else [build_hint(format_unfinished(answer))]),
        build_effects("All of it", parts, change.raw, is_clear=is_clear),
        build_effects("Honest change by factor", split_by_factor(change.by_factor), change.honest, is_clear=is_clear),
        build_effects("Honest change by loop", split_by_loop(change.by_loop), change.honest, is_clear=is_clear),
    ]


def format_finding(change: HonestChange, before: float, now: float) -> str:
    """What moved K, in one sentence: flagged conversions first, for what they add is no growth."""
    if change.raw > 0 and change.flagged >= change.raw / 2:
        part = "all" if change.flagged >= change.raw else format_percent(change.flagged / change.raw)
        return f"{format_k(before)} → {format_k(now)}: {part} of it is flagged"
    if change.verdict in ("up", "down"):
        return f"K {'rose' if change.verdict == 'up' else 'fell'}, and it is real: {_format_effect(change.honest)}"
    return "No clear change"


def split_by_factor(effects: FactorEffects) -> list[Effect]:
    """The two factors of K."""
    return [
        Effect("Invites per user", effects.invites_per_user),
        Effect("Conversions per invite", effects.conversions_per_invite),
    ]


def split_by_loop(loops: Sequence[LoopEffect]) -> list[Effect]:
    """The loops that moved K most, and the sum of the others."""
    first = [Effect(loop.name, loop.effect) for loop in loops[:_MOST_LOOPS]]
    others = loops[_MOST_LOOPS:]
    if not others:
        return first
    return [*first, Effect(f"{format_counted(len(others), 'other loop')}", sum(loop.effect for loop in others))]


def build_effects(caption: str, effects: Sequence[Effect], total: float, *, is_clear: bool) -> Component:
    """Bars to the left of the middle took from K, bars to the right added to it; gray unless the change is clear."""
    most = max((abs(each.effect) for each in effects), default=0) or 1
    rows = [
        _build_row(each.name, _build_bar(each.effect / most, each.look or _find_look(each, is_clear)), each.effect)
        for each in effects
    ]
    together = _build_row("Total", html.Span(), total)
    return html.Table(
        [html.Caption(caption), html.Tbody(rows), html.Tfoot(together)],
        className="effects",
    )


def _build_row(name: str, bar: Component, effect: float) -> Component:
    return html.Tr([html.Th(name, scope="row"), html.Td(bar, className="effect-bar"), html.Td(_format_effect(effect))])


def _find_look(effect: Effect, is_clear: bool) -> str:
    if not is_clear:
        return "unclear"
    return "up" if effect.effect >= 0 else "down"


def _build_bar(share: float, look: str) -> Component:
    """`share` is between -1 and 1, of the half to its side."""
    left = 50 if share >= 0 else 50 + share * 50
    fill = html.Span(
        className=f"effect-fill effect-{look}", style={"left": f"{left:.2f}%", "width": f"{abs(share) * 50:.2f}%"}
    )
    return html.Span(fill, className="effect-track", **{"aria-hidden": "true"})


def _format_effect(effect: float) -> str:
    return format_signed(effect, decimals=_DECIMALS)


CARD = Card("k-change", "Why K changed", 300, build_body)
