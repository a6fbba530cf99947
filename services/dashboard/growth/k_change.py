"""Why K changed: what is flagged of it and who is behind that, and what of the rest each factor and loop did."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint
from dashboard.components.table import build_link_to_all
from dashboard.components.trend import VERDICTS, format_unfinished
from dashboard.data import GrowthSnapshot
from dashboard.formats import format_percent
from dashboard.links import CASES_PATH
from dashboard.period import FILTERS
from viral_contract.models.growth import ComparedK, FactorEffects, HonestChange, KFactorAnswer, LoopEffect
from viral_reports.figures import format_count, format_counted, format_k, format_signed

_MOST_LOOPS = 4
_DECIMALS = 3


@dataclass(frozen=True)
class Effect:
    """How much one thing moved K; its look is that of the verdict unless it has one of its own."""

    name: str
    effect: float
    look: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scale:
    """Where effects are drawn, the same for all tables of the card: `zero` and one unit of K as shares of the track."""

    zero: float
    unit: float

    @classmethod
    def fit(cls, effects: Sequence[float]) -> "Scale":
        """The scale on which the smallest and the largest of the effects just fit."""
        low, high = min(0.0, *effects), max(0.0, *effects)
        span = high - low
        return cls(-low / span, 1 / span) if span else cls(0.5, 0)

    def place(self, effect: float) -> dict[str, str]:
        """Where its bar begins and how long it is."""
        width = abs(effect) * self.unit
        return {"left": f"{self.zero - (width if effect < 0 else 0):.2%}", "width": f"{width:.2%}"}


def build_body(snapshot: GrowthSnapshot) -> list[Component]:
    """The change, whether it may be called one, and its splits, or why there are none."""
    answer = snapshot.k_factor
    change, compared = answer.change, answer.compared
    reason = find_obstacle(answer, compares=snapshot.compares)
    if reason or change is None or compared is None:
        return [html.P(reason or "K can't be compared.", className="nothing")]
    return [
        html.P([format_finding(change, compared), *_build_flag(change)], className="change change-finding"),
        html.P(_build_verdict(change, compared, answer.why.sample), className="hint"),
        *([] if answer.is_over else [build_hint(format_unfinished(answer))]),
        *_build_splits(change),
        _build_foot(change),
    ]


def find_obstacle(answer: KFactorAnswer, *, compares: bool) -> str:
    """Why there is nothing to explain; "" where there is."""
    if not compares:
        return "Compare the period with another one to see why K changed."
    if not answer.total_invites and not answer.previous.total_invites:
        return "No invites in this period or the previous one."
    if answer.is_partial or answer.previous.is_partial:
        return "Only totals are kept for older dates, so K can't be compared."
    return "" if answer.compared else format_unfinished(answer)


def format_finding(change: HonestChange, compared: ComparedK) -> str:
    """What moved K, in one sentence: flagged conversions first, for what they add is no growth."""
    if change.raw > 0 and change.flagged >= change.raw / 2:
        part = "all" if change.flagged >= change.raw else format_percent(change.flagged / change.raw)
        return f"{format_k(compared.previous_k_factor)} → {format_k(compared.k_factor)}: {part} of it is flagged"
    if change.verdict in ("up", "down"):
        return f"K {'rose' if change.verdict == 'up' else 'fell'}, and it is real: {_format_effect(change.honest)}"
    return "No clear change"


def _build_flag(change: HonestChange) -> list[Component]:
    """The chip, where what is flagged is the largest part of the change."""
    is_most = abs(change.flagged) > abs(change.honest)
    return [html.Span("Flagged", className="rule-chip rule-flags")] if is_most and change.flagged_conversions else []


def _build_verdict(change: HonestChange, compared: ComparedK, sample: int) -> list[Component | str]:
    raw = f"Raw {format_k(compared.previous_k_factor)} → {format_k(compared.k_factor)}. "
    count = change.flagged_conversions
    without = f"Without {format_counted(count, 'flagged conversion')}" if count else "Nothing is flagged"
    clean = f"{format_k(change.previous_k_factor_clean)} → {format_k(change.k_factor_clean)}"
    return [
        f"{raw}{without}: {clean}. " if count else f"{raw}{without}. ",
        html.Strong(VERDICTS[change.verdict]),
        f" · smaller sample: {format_counted(sample, 'inviting user')}",
    ]


def _build_splits(change: HonestChange) -> list[Component]:
    whole = [
        Effect("Flagged conversions", change.flagged, "flagged", list_culprits(change)),
        Effect("Honest change", change.honest),
    ]
    factors, loops = split_by_factor(change.by_factor), split_by_loop(change.by_loop)
    scale = Scale.fit([each.effect for each in (*whole, *factors, *loops)] + [change.raw])
    is_clear = change.verdict in ("up", "down")
    together = Effect("Together", change.raw, "whole")
    return [
        build_effects("Raw K", whole, scale, is_clear=is_clear, together=together),
        build_effects("Honest change, by factor", factors, scale, is_clear=is_clear),
        build_effects("Honest change, by loop · same scale", loops, scale, is_clear=is_clear),
    ]


def list_culprits(change: HonestChange) -> tuple[str, ...]:
    """Who is credited with the flagged conversions, the most first: "usr_1: 11"."""
    named = tuple(f"{each.referrer_id}: {format_count(each.conversions)}" for each in change.culprits)
    others = change.total_culprits - len(named)
    return (*named, format_counted(others, "other referrer")) if others else named


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


def build_effects(
    caption: str, effects: Sequence[Effect], scale: Scale, *, is_clear: bool, together: Effect | None = None
) -> Component:
    """Bars to the left of the line took from K, bars to the right added to it; gray unless the change is clear."""
    rows = [_build_row(each, scale, is_clear=is_clear) for each in effects]
    foot = [html.Tfoot(_build_row(together, scale, is_clear=is_clear))] if together else []
    return html.Table([html.Caption(caption), html.Tbody(rows), *foot], className="effects")


def _build_row(effect: Effect, scale: Scale, *, is_clear: bool) -> Component:
    name = html.Th([effect.name, *(html.Small(note) for note in effect.notes)], scope="row")
    bar = html.Td(_build_bar(effect, scale, is_clear=is_clear), className="effect-bar")
    return html.Tr([name, bar, html.Td(_format_effect(effect.effect), className="figures")])


def _build_bar(effect: Effect, scale: Scale, *, is_clear: bool) -> Component:
    clear = "up" if effect.effect >= 0 else "down"
    look = effect.look or (clear if is_clear else "unclear")
    line = html.Span(className="effect-line", style={"left": f"{scale.zero:.2%}"})
    fill = html.Span(className=f"effect-fill effect-{look}", style=scale.place(effect.effect))
    return html.Span([line, fill], className="effect-track", **{"aria-hidden": "true"})


def _build_foot(change: HonestChange) -> Component:
    cases = f"Review the {format_counted(change.open_cases, 'case')}" if change.open_cases > 1 else "Review the case"
    link = [build_link_to_all(cases, f"{CASES_PATH}?strength=flags")] if change.open_cases else []
    gray = [] if change.verdict in ("up", "down") else [build_hint("Gray: no clear change")]
    return html.Div([*link, *gray], className="card-foot")


def _format_effect(effect: float) -> str:
    return format_signed(effect, decimals=_DECIMALS)


CARD = Card("k-change", "Why K changed", 480, build_body, filters=FILTERS)
