"""Why K changed: what each factor and each loop added or took; either list adds up to the change."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.trend import VERDICTS, format_unfinished
from dashboard.data import GrowthSnapshot
from viral_contract.models.growth import KChange, LoopEffect
from viral_reports.figures import format_counted, format_k, format_signed

_MOST_LOOPS = 6
_DECIMALS = 3


@dataclass(frozen=True)
class Effect:
    """How much one thing moved K."""

    name: str
    effect: float


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The change, whether it may be called one, and its two splits."""
    answer = snapshot.k_factor
    why = answer.why
    if not snapshot.compares:
        return [html.P("Compare the period with another one to see why K changed.", className="nothing")]
    if not answer.total_invites and not answer.previous.total_invites:
        return [html.P("No invites in this period or the previous one.", className="nothing")]
    if answer.is_partial or answer.previous.is_partial:
        return [html.P("Only totals are kept for older dates, so K can't be compared.", className="nothing")]
    compared = answer.compared
    if compared is None:
        return [html.P(format_unfinished(answer), className="nothing")]
    change = (
        f"From {format_k(compared.previous_k_factor)} to {format_k(compared.k_factor)}: {_format_effect(why.total)}"
    )
    sample = f"smaller sample: {format_counted(why.sample, 'inviting user')}"
    return [
        html.P(change, className="change"),
        build_hint(f"{VERDICTS[why.verdict]} · {sample}"),
        *([] if answer.is_over else [build_hint(format_unfinished(answer))]),
        build_effects("By factor", split_by_factor(why), why.total),
        build_effects("By loop", split_by_loop(why.loop_effects), why.total),
    ]


def split_by_factor(why: KChange) -> list[Effect]:
    """The two factors of K."""
    return [
        Effect("Invites per user", why.invites_per_user_effect),
        Effect("Conversions per invite", why.conversions_per_invite_effect),
    ]


def split_by_loop(loops: Sequence[LoopEffect]) -> list[Effect]:
    """The loops that moved K most, and the sum of the others."""
    first = [Effect(loop.name, loop.effect) for loop in loops[:_MOST_LOOPS]]
    others = loops[_MOST_LOOPS:]
    if not others:
        return first
    return [*first, Effect(f"{format_counted(len(others), 'other loop')}", sum(loop.effect for loop in others))]


def build_effects(caption: str, effects: Sequence[Effect], total: float) -> Component:
    """Bars to the left of the middle took from K, bars to the right added to it."""
    most = max((abs(each.effect) for each in effects), default=0) or 1
    rows = [_build_row(each.name, _build_bar(each.effect / most), each.effect) for each in effects]
    together = _build_row("Total", html.Span(), total)
    return html.Table(
        [html.Caption(caption), html.Tbody(rows), html.Tfoot(together)],
        className="effects",
    )


def _build_row(name: str, bar: Component, effect: float) -> Component:
    return html.Tr([html.Th(name, scope="row"), html.Td(bar, className="effect-bar"), html.Td(_format_effect(effect))])


def _build_bar(share: float) -> Component:
    """`share` is between -1 and 1, of the half to its side."""
    side = "effect-fill effect-up" if share >= 0 else "effect-fill effect-down"
    left = 50 if share >= 0 else 50 + share * 50
    fill = html.Span(className=side, style={"left": f"{left:.2f}%", "width": f"{abs(share) * 50:.2f}%"})
    return html.Span(fill, className="effect-track", **{"aria-hidden": "true"})


def _format_effect(effect: float) -> str:
    return format_signed(effect, decimals=_DECIMALS)


CARD = Card("k-change", "Why K changed", 300, build_body)
