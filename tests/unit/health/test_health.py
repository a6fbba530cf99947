"""The score's formula; its table of cases is the one of docs/health-score-algorithm.md."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from metrics_api.access.identifiers import Identifiers, References
from metrics_api.db.paging import Page
from metrics_api.detection.content_totals import ContentTotals
from metrics_api.detection.coppa import format_coppa
from metrics_api.detection.opt_outs import format_opt_outs
from metrics_api.detection.query import Query
from metrics_api.health.score import (
    BASES,
    Findings,
    compute_score,
    itemise_deductions,
    rate_score,
    score_findings,
    sum_deductions,
)
from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.alerts import AlertType
from viral_contract.models.guardrails import Deductions, HealthBasis
from viral_contract.models.period import Period

DOCUMENT = (Path(__file__).parents[3] / "docs" / "health-score-algorithm.md").read_text()
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SETTINGS = DetectionSettings()
NOTHING_FOUND = Findings(0, 0, 0, 0, share_opt_out_rate=0, link_opt_out_rate=0, compliance_rate=1)


def read_table(first_heading: str) -> list[list[str]]:
    """The cells of the document's table whose first column has this heading."""
    table = DOCUMENT.split(f"\n| {first_heading} |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


@dataclass(frozen=True)
class Example:
    """A row of the worked examples."""

    findings: Findings
    points: list[float]
    score: str
    status: str

    @classmethod
    def read(cls, cells: list[str]) -> "Example":
        """The example that these cells describe."""
        ips, devices, shares, links, items, *points, score, status = cells[1:]
        return cls(
            build_findings(int(ips), int(devices), shares, links, items), [float(p) for p in points], score, status
        )


def build_findings(ips: int, devices: int, shares: str, links: str, items: str) -> Findings:
    """What the detectors answer where so many of so many were found."""
    unviewed, all_shares = parse_part(shares)
    unclicked, all_links = parse_part(links)
    violating, checked = parse_part(items)
    totals = {
        "parent_share": ContentTotals(items=all_shares, unopened=unviewed),
        "link": ContentTotals(items=all_links, unopened=unclicked),
    }
    opt_outs = format_opt_outs(totals, QUERY)
    coppa = format_coppa({"progress_reel": ContentTotals(checked=checked, violating=violating)}, violating, QUERY)
    return Findings(
        ips,
        devices,
        0,
        0,
        opt_outs.parent_shares.opt_out_rate,
        opt_outs.attribution_links.opt_out_rate,
        coppa.overall_compliance_rate,
    )


def parse_part(cell: str) -> tuple[int, int]:
    part, whole = cell.split(" of ")
    return int(part), int(whole)


QUERY = Query(
    period=Period.last_days(7, now=NOW),
    settings=SETTINGS,
    now=NOW,
    identifiers=Identifiers(References("a key"), whole=False),
    page=Page(limit=1),
    configured=SETTINGS,
)
EXAMPLES = read_table("case")
SHARE_EXAMPLES = read_table("by share, case")


@pytest.mark.parametrize("cells", EXAMPLES, ids=[cells[0] for cells in EXAMPLES])
def test_a_worked_example_of_the_document_is_computed_as_it_says(cells: list[str]) -> None:
    example = Example.read(cells)
    items = itemise_deductions(example.findings, SETTINGS, "count")
    assert [item.points for item in items] == example.points
    assert f"{compute_score(items):.1f}" == example.score
    assert rate_score(compute_score(items), SETTINGS) == example.status


@pytest.mark.parametrize("cells", SHARE_EXAMPLES, ids=[cells[0] for cells in SHARE_EXAMPLES])
def test_a_worked_example_by_share_is_computed_as_it_says(cells: list[str]) -> None:
    networks, devices, fraud, bots, score, status = cells[1:]
    found = replace(NOTHING_FOUND, network_click_share=int(networks) / 1000, device_click_share=int(devices) / 1000)
    by_share = score_findings(found, SETTINGS, "share")
    assert by_share.deductions == Deductions(
        fraud=float(fraud), bot_behavior=float(bots), opt_out_rate=0, coppa_violations=0
    )
    assert (f"{by_share.health_score:.1f}", by_share.health_status) == (score, status)


def test_the_counts_cost_nothing_by_share_and_the_shares_nothing_by_count() -> None:
    counted, clicked = replace(NOTHING_FOUND, flagged_ips=5), replace(NOTHING_FOUND, network_click_share=0.1)
    assert score_findings(counted, SETTINGS, "share").health_score == 100
    assert score_findings(clicked, SETTINGS, "count").health_score == 100


def test_opt_outs_and_violations_cost_the_same_on_both_bases() -> None:
    found = Findings(0, 0, 0, 0, share_opt_out_rate=0.4, link_opt_out_rate=0.2, compliance_rate=0.9)
    by_count, by_share = (score_findings(found, SETTINGS, basis) for basis in BASES)
    assert by_share.deduction_items[2:] == by_count.deduction_items[2:]
    assert by_share.health_score == by_count.health_score < 100


def test_an_item_by_share_says_which_share_by_which_formula() -> None:
    found = replace(NOTHING_FOUND, network_click_share=1 / 3, device_click_share=0.02)
    items = itemise_deductions(found, SETTINGS, "share")
    assert [(item.quantity, item.unit, item.formula) for item in items[:2]] == [
        (pytest.approx(33.333333333), "% of clicks", "min(100 × 0.3333 × 1, 30)"),
        (2, "% of clicks", "min(100 × 0.02 × 1, 20)"),
    ]


def test_all_four_deductions_are_itemised_even_where_nothing_was_found() -> None:
    items = itemise_deductions(NOTHING_FOUND, SETTINGS, "count")
    assert [item.name for item in items] == ["fraud", "bot_behavior", "opt_out_rate", "coppa_violations"]
    assert sum_deductions(items) == Deductions(fraud=0, bot_behavior=0, opt_out_rate=0, coppa_violations=0)


def test_an_item_says_what_how_many_by_which_formula_and_up_to_which_cap() -> None:
    findings = Findings(12, 1, 0, 0, share_opt_out_rate=0.3, link_opt_out_rate=1 / 3, compliance_rate=0.965)
    items = itemise_deductions(findings, SETTINGS, "count")
    assert [(item.quantity, item.unit, item.formula, item.cap) for item in items] == [
        (12, "flagged IPs", "min(2 × 12, 30)", 30),
        (1, "flagged devices", "min(2 × 1, 20)", 20),
        (pytest.approx(31.666666667), "% never opened", "min((0.3 + 0.3333) / 2 × 20, 20)", 20),
        (3.5, "% not compliant", "min((1 - 0.965) × 100 × 0.333, 30)", 30),
    ]


@pytest.mark.parametrize(
    ("basis", "change", "findings", "points"),
    [
        ("count", {"health_score_fraud_deduction": 3}, {"flagged_ips": 5}, [15, 0, 0, 0]),
        ("count", {"health_score_fraud_max": 8}, {"flagged_ips": 5}, [8, 0, 0, 0]),
        ("count", {"health_score_bot_deduction": 0.5}, {"flagged_devices": 5}, [0, 2.5, 0, 0]),
        ("count", {"health_score_bot_max": 1}, {"flagged_devices": 5}, [0, 1, 0, 0]),
        ("count", {"health_score_opt_out_multiplier": 40}, {"share_opt_out_rate": 0.5}, [0, 0, 10, 0]),
        ("count", {"health_score_opt_out_max": 2}, {"link_opt_out_rate": 1}, [0, 0, 2, 0]),
        ("count", {"health_score_coppa_multiplier": 0.5}, {"compliance_rate": 0.9}, [0, 0, 0, 5]),
        ("count", {"health_score_coppa_max": 0}, {"compliance_rate": 0}, [0, 0, 0, 0]),
        ("share", {"health_score_fraud_share_points": 2}, {"network_click_share": 0.05}, [10, 0, 0, 0]),
        ("share", {"health_score_fraud_max": 8}, {"network_click_share": 0.1}, [8, 0, 0, 0]),
        ("share", {"health_score_bot_share_points": 0.5}, {"device_click_share": 0.05}, [0, 2.5, 0, 0]),
        ("share", {"health_score_bot_max": 1}, {"device_click_share": 0.05}, [0, 1, 0, 0]),
    ],
)
def test_every_weight_and_cap_is_a_setting(
    basis: HealthBasis, change: dict[str, float], findings: dict[str, float], points: list[float]
) -> None:
    found = Findings(**{**NOTHING_FOUND.__dict__, **findings})
    items = itemise_deductions(found, SETTINGS.model_copy(update=change), basis)
    assert [item.points for item in items] == points


def test_the_score_does_not_fall_below_0_where_the_caps_would_let_it() -> None:
    settings = SETTINGS.model_copy(update={"health_score_fraud_max": 100})
    items = itemise_deductions(Findings(60, 60, 1, 1, 1, 1, 0), settings, "count")
    assert sum(item.points for item in items) == 170
    assert compute_score(items) == 0


def test_the_noise_of_binary_fractions_costs_nothing() -> None:
    items = itemise_deductions(Findings(0, 0, 0, 0, 0.1, 0.2, 0.97), SETTINGS, "count")
    assert [item.points for item in items] == [0, 0, 3, 0.999]


@pytest.mark.parametrize(
    ("score", "status"),
    [
        (100, "excellent"),
        (90, "excellent"),
        (89.9, "good"),
        (75, "good"),
        (74.9, "fair"),
        (60, "fair"),
        (59.9, "warning"),
        (40, "warning"),
        (39.9, "critical"),
        (0, "critical"),
    ],
)
def test_a_limit_belongs_to_the_better_status(score: float, status: str) -> None:
    assert rate_score(score, SETTINGS) == status


def test_the_document_names_every_setting_of_the_score_with_its_default() -> None:
    documented = {name: default for name, default, _ in read_table("setting")}
    values = {name: getattr(SETTINGS, name) for name in DetectionSettings.model_fields if name.startswith("health_")}
    assert documented == {
        f"`{name.upper()}`": value if isinstance(value, str) else f"{value:g}" for name, value in values.items()
    }


def test_the_document_states_the_formulas_and_limits_with_the_defaults() -> None:
    formulas = [re.sub(r"[^\d.,]+", " ", row[1]) for row in read_table("deduction")]
    assert [[float(number.strip(",")) for number in formula.split() if number != ","] for formula in formulas] == [
        [SETTINGS.health_score_fraud_deduction, SETTINGS.health_score_fraud_max],
        [SETTINGS.health_score_bot_deduction, SETTINGS.health_score_bot_max],
        [2, SETTINGS.health_score_opt_out_multiplier, SETTINGS.health_score_opt_out_max],
        [1, 100, SETTINGS.health_score_coppa_multiplier, SETTINGS.health_score_coppa_max],
    ]
    shares = [[float(number) for number in re.findall(r"[\d.]+", row[1])] for row in read_table("by share")]
    assert shares == [
        [100, SETTINGS.health_score_fraud_share_points, SETTINGS.health_score_fraud_max],
        [100, SETTINGS.health_score_bot_share_points, SETTINGS.health_score_bot_max],
    ]
    limits = [int(row[1].split()[1]) for row in read_table("status")]
    assert limits == [90, 75, 60, 40, 40]


def test_the_document_lists_every_alert_with_the_default_of_its_limit() -> None:
    rows = read_table("alert")
    assert {row[0] for row in rows} == set(get_args(AlertType))
    limits = re.findall(r"`(\w+)` \(([\d.]+)\)", "".join(row[2] for row in rows))
    assert {name: float(limit) for name, limit in limits} == {
        name: getattr(SETTINGS, name.lower())
        for name in (
            "ALERT_FRAUD_IPS",
            "ALERT_BOT_DEVICES",
            "ALERT_EVENT_PII",
            "ALERT_OPT_OUT_RATE",
            "DATA_STALE_MINUTES",
        )
    }
