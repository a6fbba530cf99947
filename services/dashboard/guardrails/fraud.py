"""Fraud Detection: networks with too many clicks on one day, apart those that many people share; or their referrers."""

from collections.abc import Sequence
from datetime import timedelta

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.card import NO_FIGURE, Card, build_hint, build_no_data, build_no_traffic, build_not_kept
from dashboard.components.table import (
    Column,
    RowGroup,
    build_grouped_table,
    build_link_to_all,
    build_suspect,
    build_table,
)
from dashboard.data import Snapshot
from dashboard.guardrails import fraud_referrers
from dashboard.links import EVIDENCE_PATH, TRUSTED_NETWORKS_PATH, trust_path
from viral_contract.models.flagged import FlaggedNetwork
from viral_contract.models.guardrails import FraudAnswer, SuspiciousIp, TrustedIp, TrustProposal, Verdict
from viral_reports.dates import format_day, format_day_of_year
from viral_reports.figures import format_count, format_counted, format_rate

PATH = "/dashboard/guardrails/fraud"
OPTION = "fraud"
"""The parameter of the page's address that says what the rows are about: referrer, or else networks."""
_PAGE_PATH = "/dashboard/guardrails"
TRUST_BUTTON = {"page": "guardrails", "action": "trust"}
_ROWS = 9
_SHARED_ROWS = 3
_UNKNOWN = "–"
FINDINGS: dict[Verdict, str] = {"flagged": "Flagged", "rotating": "Rotating", "shared_network": "Shared"}
_COLUMNS = (
    Column("Network"),
    Column("Finding"),
    Column("Date", is_minor=True),
    Column("Clicks", is_figure=True),
    Column("Devices", is_figure=True, is_minor=True),
    Column("Per device", is_figure=True, is_minor=True),
    Column("Referrers", is_figure=True, is_minor=True),
    Column("Top referrer", is_figure=True, is_minor=True),
)
_TRUSTED_COLUMNS = (Column("IP address"), Column("Date"), Column("Clicks", is_figure=True))


def build_body(snapshot: Snapshot) -> list[Component]:
    """The card's two groups with their worst rows, and what could be trusted."""
    if not snapshot.health.has_data:
        return [build_no_data()]
    if snapshot.health.is_partial:
        return [build_not_kept()]
    return [_build_ways(snapshot), *(_build_by_referrer if snapshot.fraud_referrers else _build_by_network)(snapshot)]


def _build_ways(snapshot: Snapshot) -> Component:
    """What the rows are about, which lives in the address."""
    by_referrer = snapshot.fraud_referrers is not None
    ways = [
        _build_way("By network", snapshot.search, is_shown=not by_referrer),
        _build_way("By referrer", f"{snapshot.search}&{OPTION}=referrer", is_shown=by_referrer),
    ]
    return html.Div(ways, className="ways", role="group", **{"aria-label": "Rows"})


def _build_way(word: str, search: str, *, is_shown: bool) -> Component:
    # dcc.Link has no aria-current; what surrounds it carries it instead.
    return html.Span(dcc.Link(word, href=_PAGE_PATH + search), **{"aria-current": "true"} if is_shown else {})


def _build_by_referrer(snapshot: Snapshot) -> list[Component]:
    answer, search = snapshot.fraud_referrers, snapshot.search
    if answer is None or not answer.referrers:
        return [build_no_traffic()]
    more = f"View all {format_counted(answer.total or 0, 'referrer')}"
    evidence = dcc.Link("Referrers with evidence", href=EVIDENCE_PATH + search, className="link-to-all")
    return [
        build_hint("Whose links were clicked from flagged networks; the share is of all clicks on their links"),
        fraud_referrers.build_referrers(answer, search),
        html.Div([build_link_to_all(more, fraud_referrers.PATH + search), evidence], className="card-links"),
    ]


def _build_by_network(snapshot: Snapshot) -> list[Component]:
    fraud, search = snapshot.health.components.fraud, snapshot.search
    shared = fraud.shared_networks[:_SHARED_ROWS]
    flagged = fraud.suspicious_ips[: _ROWS - len(shared)]
    worst = fraud.model_copy(update={"suspicious_ips": flagged, "shared_networks": shared})
    found = worst.suspicious_ips or worst.shared_networks
    links = [build_link_to_all("View all flagged addresses", PATH + search)] if found else []
    trusted = dcc.Link("Trusted networks", href=TRUSTED_NETWORKS_PATH, className="link-to-all")
    return [
        build_hint(_format_rule(fraud)),
        _build_found(worst, search),
        *build_trusted_ips(fraud.trusted_ips, search),
        *_build_proposal(fraud),
        html.Div([*links, trusted], className="card-links"),
    ]


def _format_rule(fraud: FraudAnswer) -> str:
    return f"Networks with more than {format_count(fraud.threshold_used)} clicks of people in one day (UTC)"


def _build_found(fraud: FraudAnswer, search: str) -> Component:
    groups = []
    if fraud.suspicious_ips:
        about = " · cost points, raise alerts, leave K clean"
        groups.append(_build_group(fraud.total_flagged_ips, "flagged", about, fraud.suspicious_ips, search))
    if fraud.shared_networks:
        number = fraud.total_shared_networks
        kind = "shared network" if number == 1 else "shared networks"
        about = " · many people behind one address; no points, no alert"
        groups.append(_build_group(number, kind, about, fraud.shared_networks, search))
    if not groups:
        return build_no_traffic()
    return build_grouped_table("Flagged and shared networks, most clicks first", _COLUMNS, groups)


def _build_group(number: int, kind: str, about: str, rows: Sequence[SuspiciousIp], search: str) -> RowGroup:
    heading = [html.Strong(f"{format_count(number)} {kind}"), html.Span(about, className="group-note")]
    return RowGroup(heading, [_build_row(row, search) for row in rows])


def _build_row(row: SuspiciousIp, search: str) -> tuple[Component | str, ...]:
    """One day and network with the evidence of that day."""
    evidence = row.evidence
    devices = evidence.devices if evidence else row.devices
    return (
        _build_network(row, search),
        build_finding(row),
        format_day(row.date),
        format_count(row.click_count),
        _UNKNOWN if devices is None else format_count(devices),
        f"{evidence.clicks_per_device:.1f}" if evidence and evidence.clicks_per_device is not None else _UNKNOWN,
        format_count(evidence.referrers) if evidence else _UNKNOWN,
        format_rate(evidence.top_referrer_share) if evidence else _UNKNOWN,
    )


def build_finding(row: SuspiciousIp | FlaggedNetwork) -> Component:
    """What a network is taken for, in a word."""
    return html.Span("Denied" if row.denied else FINDINGS[row.verdict], className=f"finding finding-{row.verdict}")


def _build_network(row: SuspiciousIp, search: str) -> Component:
    address = build_suspect("ip_address", row.ip_address, row.ref, search, row.alias)
    if row.hint != "shared_network" or row.devices is None:
        return address
    note = f"{format_counted(row.devices, 'device')}. Possibly a school or a family. "
    return html.Span([address, html.Span([note, *_build_trust_link(row.ip_address)], className="row-note")])


def _build_trust_link(address: str) -> list[Component | str]:
    """Only a whole address can be trusted; a masked one ends in `*`."""
    return [] if address.endswith("*") else [dcc.Link("Trust this network", href=trust_path(address))]


def find_proposals(fraud: FraudAnswer) -> dict[str, TrustProposal]:
    """What can be trusted with one click, by network; who sees it masked cannot."""
    whole = [row.proposal for row in fraud.shared_networks if not row.ip_address.endswith("*")]
    return {proposal.cidr: proposal for proposal in whole if proposal}


def format_last_day(proposal: TrustProposal) -> str:
    """The last day on which the proposed trust holds; it ends with that day."""
    return format_day_of_year((proposal.expires_at - timedelta(seconds=1)).date())


def _build_proposal(fraud: FraudAnswer) -> list[Component]:
    """The first network that looks like a school, with the button that trusts it until the end of the term."""
    for cidr, proposal in find_proposals(fraud).items():
        button = html.Button(
            f"Trust until {format_last_day(proposal)}", id={**TRUST_BUTTON, "row": cidr}, className="link-button"
        )
        return [html.P([f"{cidr.removesuffix('/32')} looks like a school. ", button], className="proposal")]
    return []


def build_trusted_ips(trusted: list[TrustedIp], search: str) -> list[Component]:
    """What would be flagged if its network were not trusted, folded away, so that nothing is hidden."""
    if not trusted:
        return []
    rows = [
        (
            build_suspect("ip_address", row.ip_address, row.ref, search, row.alias),
            format_day(row.date),
            format_count(row.click_count),
        )
        for row in trusted
    ]
    reasons = "; ".join(sorted({f"{row.cidr}: {row.reason}" for row in trusted}))
    summary = html.Summary(f"Trusted, not flagged ({format_count(len(trusted))})")
    table = build_table("IP addresses in trusted networks, most clicks first", _TRUSTED_COLUMNS, rows)
    return [html.Details([summary, build_hint(reasons), table], className="trusted")]


def format_figure(snapshot: Snapshot) -> str:
    """How many networks of each group there are."""
    fraud = snapshot.health.components.fraud
    flagged, shared = format_count(fraud.total_flagged_ips), format_count(fraud.total_shared_networks)
    return f"{flagged} flagged, {shared} shared" if snapshot.health.is_known else NO_FIGURE


CARD = Card("fraud", "Fraud Detection", 420, build_body, format_figure=format_figure)
