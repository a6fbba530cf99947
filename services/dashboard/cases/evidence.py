"""The evidence of a case rule by rule: what was measured here, the limit, and what it is for the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.cases.entity import build_rule_chip
from dashboard.cases.facts import Facts
from dashboard.cases.figures import format_chance, format_probability
from dashboard.cases.why import format_finding
from dashboard.cases.words import RULES, name_rule
from dashboard.components.card import build_hint
from dashboard.formats import format_percent, format_seconds
from dashboard.links import user_path
from viral_contract.models.cases import CaseKind, CaseRule
from viral_contract.models.referrer_evidence import RuleEvidence
from viral_reports.figures import format_count, format_rate

_UNKNOWN = "–"
_MOST_USERS = 12
_MATTERS = {
    "farm": "Real invitees bring a device each.",
    "ring": "People who invite friends also reach users outside their own devices.",
    "self_referral": "A reward for an invitation is for inviting somebody else.",
    "mutual": "Only one of two users can have invited the other.",
    "cycle": "Somebody in the circle signed up before being invited.",
    "duplicate": "One user converts once.",
    "too_fast": "People need longer to read and fill in a form.",
    "flood": "A click that is followed so late rarely led to the conversion.",
    "over_limit": "Few people and devices are behind these clicks; a school or family would show many.",
    "rotating": "People come back with the same device.",
    "burst": "A person needs longer between clicks.",
}
_OF_REFERRERS: tuple[CaseRule, ...] = (
    "farm",
    "ring",
    "self_referral",
    "mutual",
    "cycle",
    "duplicate",
    "too_fast",
    "flood",
    "clicks_without_conversions",
    "too_good",
)
_RULES_OF: dict[CaseKind, tuple[CaseRule, ...]] = {
    "referrer": _OF_REFERRERS,
    "network": ("over_limit", "rotating"),
    "device": ("burst",),
    "link": ("duplicate",),
}


@dataclass(frozen=True)
class Measure:
    """One line of a rule's numbers; the limit is where the rule speaks up."""

    name: str
    here: str
    limit: str
    others: str = _UNKNOWN


def build_evidence(kind: CaseKind, evidence: Sequence[RuleEvidence]) -> list[Component]:
    """Each rule with its own numbers, strongest first; then the rules that found nothing."""
    found = {each.rule for each in evidence}
    quiet = [RULES[rule] for rule in _RULES_OF[kind] if rule not in found]
    return [
        build_hint("Why this case is open, each rule with its own numbers"),
        *[_build_finding(each) for each in evidence],
        *([_build_quiet(quiet)] if quiet else []),
    ]


def _build_quiet(names: Sequence[str]) -> Component:
    rules = "rule" if len(names) == 1 else "rules"
    summary = html.Summary(f"{len(names)} {rules} without a finding")
    return html.Details([summary, html.P(", ".join(names), className="hint")], className="quiet-rules")


def _build_finding(found: RuleEvidence) -> Component:
    matters = _format_matter(found)
    text = html.P([html.Strong(f"{format_finding(found)}."), *([f" {matters}"] if matters else [])])
    met = html.Span("Worth a look" if found.strength == "looks" else _format_met(found), className="hint")
    head = html.Div([build_rule_chip(found), text, met], className="rule-finding-head")
    return html.Div(
        [head, _build_measures(found, list_measures(found)), *_build_users(found)], className="rule-finding"
    )


def _build_users(found: RuleEvidence) -> list[Component]:
    """The users whom a rule names, each with the way to what they referred."""
    try:
        users = Facts(found).texts("user_ids")
    except KeyError:
        return []
    named = [dcc.Link(user, href=path) if (path := user_path(user)) else user for user in users[:_MOST_USERS]]
    rest = [f" and {format_count(len(users) - _MOST_USERS)} more"] if len(users) > _MOST_USERS else []
    listed = [part for each in named for part in (", ", each)][1:]
    return [html.P(["Users: ", *listed, *rest], className="hint rule-users")]


def _format_matter(found: RuleEvidence) -> str:
    if found.rule in ("clicks_without_conversions", "too_good") and found.p is not None:
        return f"By chance, {format_chance(found.p)} referrers would differ as much."
    return _MATTERS.get(found.rule, "")


def _format_met(found: RuleEvidence) -> str:
    signs = found.evidence.get("signs")
    return f"{len(signs)} of 3 met, 2 needed" if isinstance(signs, list) else "Flags"


def _build_measures(found: RuleEvidence, measures: Sequence[Measure]) -> Component:
    heads = (("Measure", ""), ("Here", "figure"), ("Limit", "figure"), ("Others", "figure others"))
    head = html.Tr([html.Th(name, scope="col", className=look) for name, look in heads])
    rows = [
        html.Tr(
            [
                html.Th(measure.name, scope="row"),
                html.Td(measure.here, className="figure"),
                html.Td(measure.limit, className="figure quiet"),
                html.Td(measure.others, className="figure quiet others"),
            ]
        )
        for measure in measures
    ]
    caption = html.Caption(f"Numbers of the rule {name_rule(found.rule)}", className="visually-hidden")
    return html.Table([caption, html.Thead(head), html.Tbody(rows)], className="table measures")


def list_measures(found: RuleEvidence) -> list[Measure]:
    """The numbers of a rule; what it measured and the limit where its evidence has no others."""
    try:
        return _MEASURES[found.rule](Facts(found))
    except (KeyError, TypeError, ValueError):
        return [Measure("Looked at", format_count(found.n), _UNKNOWN), *_list_test(found)]


def _list_test(found: RuleEvidence) -> list[Measure]:
    return [] if found.p is None else [_chance(found.p)]


def _chance(p: float) -> Measure:
    return Measure("Probability by chance", format_probability(p), "< 0.001")


def _farm(facts: Facts) -> list[Measure]:
    invitees, outside = facts.count("invitees"), facts.count("invitees_outside_shared_networks")
    per_device = f"{facts.count('devices') / invitees:.2f}"
    per_network = f"{facts.count('networks') / outside:.2f}" if outside else _UNKNOWN
    others = facts.share("others_active_again_share") if facts.has("others_active_again_share") else None
    known = facts.count("active_again_known")
    back = f"{facts.count('active_again')} of {known}" if known else "not known yet"
    return [
        Measure("Devices per invitee", per_device, "≤ 0.50"),
        Measure("Networks per invitee", per_network, "≤ 0.20"),
        Measure(
            "Invitees active again within 7 days",
            back,
            "< ¼ of others",
            _UNKNOWN if others is None else f"{others:.0%}",
        ),
    ]


def _ring(facts: Facts) -> list[Measure]:
    return [
        Measure("Referrals inside the group", f"{facts.count('inside')} of {facts.n}", "≥ 80%"),
        Measure("Users connected", format_count(facts.count("users")), "≥ 3"),
        Measure("Devices they share", format_count(facts.count("devices")), _UNKNOWN),
    ]


def _self_referral(facts: Facts) -> list[Measure]:
    return [
        Measure("Under the same user id", format_count(facts.count("same_user")), "≥ 1"),
        Measure("On the referrer’s device", format_count(facts.count("same_device")), "≥ 1"),
        Measure("Signups and conversions", format_count(facts.n), _UNKNOWN),
    ]


def _mutual(facts: Facts) -> list[Measure]:
    return [Measure("Users who credit each other", format_count(facts.count("partners")), "≥ 1")]


def _cycle(facts: Facts) -> list[Measure]:
    return [
        Measure("Users in the circle", format_count(facts.count("length")), "3 to 5"),
        Measure("Days until it closed", f"{facts.share('days'):g}", "≤ 30"),
    ]


def _duplicate(facts: Facts) -> list[Measure]:
    return [
        Measure("Conversions of one user again", format_count(facts.count("repeated_conversions")), "≥ 1"),
        Measure("Same device, link and minute", format_count(facts.count("same_minute")), "≥ 1"),
    ]


def _too_fast(facts: Facts) -> list[Measure]:
    return _list_timing(facts, "Within 10 s of the click", "under_10_seconds")


def _flood(facts: Facts) -> list[Measure]:
    return _list_timing(facts, "Over an hour after the click", "over_1_hour")


def _list_timing(facts: Facts, name: str, hits: str) -> list[Measure]:
    here = f"{format_count(facts.count(hits))} of {format_count(facts.n)}"
    return [
        Measure(name, here, _UNKNOWN, format_rate(facts.expected)),
        Measure("As a share", format_rate(facts.statistic), _UNKNOWN, format_rate(facts.expected)),
        _chance(facts.p),
    ]


def _too_good(facts: Facts) -> list[Measure]:
    return _list_rates(facts, "3 × others")


def _too_few(facts: Facts) -> list[Measure]:
    return _list_rates(facts, _UNKNOWN)


def _list_rates(facts: Facts, limit: str) -> list[Measure]:
    conversions, clicks = facts.count("conversions"), facts.count("clicks")
    return [
        Measure("Conversions", format_count(conversions), limit, f"{facts.expected:.1f} expected"),
        Measure(
            "Clicks that convert", format_rate(conversions / clicks), limit, format_rate(facts.share("others_rate"))
        ),
        Measure("Probability by chance", format_probability(facts.p), "< 0.001", f"n = {format_count(clicks)}"),
    ]


def _over_limit(facts: Facts) -> list[Measure]:
    limit = format_count(facts.expected)
    return [Measure("Clicks on its peak day", format_count(facts.statistic), f"> {limit}"), *_list_network(facts)]


def _rotating(facts: Facts) -> list[Measure]:
    measures = [Measure("Devices per click", f"{facts.statistic:.2f}", f"> {facts.expected:.2f}")]
    if facts.has("new_device_share"):
        measures.append(Measure("Devices never seen before", format_percent(facts.share("new_device_share")), "≥ 90%"))
    return [*measures, *_list_network(facts)]


def _list_network(facts: Facts) -> list[Measure]:
    named = (("Devices on that day", "devices"), ("Referrers on that day", "referrers"))
    counts = [Measure(name, format_count(facts.count(key)), _UNKNOWN) for name, key in named if facts.has(key)]
    if facts.has("top_referrer_share"):
        counts.append(Measure("Share of its top referrer", format_rate(facts.share("top_referrer_share")), _UNKNOWN))
    return [*counts, Measure("Days over the limit", format_count(facts.count("days")), "≥ 1")]


def _burst(facts: Facts) -> list[Measure]:
    clicks = format_count(facts.count("clicks"))
    limit = f"≤ {format_seconds(facts.expected)} s"
    return [
        Measure(f"Fastest {clicks} clicks", f"{format_seconds(facts.share('seconds'))} s", limit),
        Measure("Days with a burst", format_count(facts.count("days")), "≥ 1"),
    ]


_MEASURES: dict[str, Callable[[Facts], list[Measure]]] = {
    "farm": _farm,
    "ring": _ring,
    "self_referral": _self_referral,
    "mutual": _mutual,
    "cycle": _cycle,
    "duplicate": _duplicate,
    "too_fast": _too_fast,
    "flood": _flood,
    "clicks_without_conversions": _too_few,
    "too_good": _too_good,
    "over_limit": _over_limit,
    "rotating": _rotating,
    "burst": _burst,
}
