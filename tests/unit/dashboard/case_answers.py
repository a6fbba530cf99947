"""Builds the API's answers about cases: defaults for everything, override what matters."""

from datetime import timedelta
from typing import Any

from tests.support.answers import NOW
from viral_contract.models.cases import (
    Case,
    CaseCounts,
    CaseGraph,
    CasesAnswer,
    CaseTimeline,
    Decision,
    Stake,
    VerdictEffect,
)
from viral_contract.models.referrer_evidence import RuleEvidence

FARM: dict[str, Any] = {
    "signs": ["devices", "networks"],
    "invitees": 11,
    "devices": 3,
    "networks": 2,
    "invitees_outside_shared_networks": 11,
    "active_again": 0,
    "active_again_known": 0,
    "others_active_again_share": 0.61,
}
TOO_GOOD = {"clicks": 41, "conversions": 11, "others_rate": 0.015}


def build_farm() -> RuleEvidence:
    """11 invitees on 3 devices."""
    return RuleEvidence(rule="farm", strength="flags", statistic=2, expected=2, n=11, evidence=FARM)


def build_too_good() -> RuleEvidence:
    """11 conversions where 0.6 are expected."""
    return RuleEvidence(
        rule="too_good", strength="looks", statistic=11, expected=0.6, p=8e-11, n=41, evidence=dict(TOO_GOOD)
    )


def build_case(case_id: int = 128, **fields: Any) -> Case:
    """An open case of a farm that is too good, too."""
    evidence = fields.pop("evidence", [build_farm(), build_too_good()])
    given: dict[str, Any] = {
        "id": case_id,
        "kind": "referrer",
        "entity": "usr_b5052d095268",
        "ref": None,
        "source": "buddy_challenge",
        "rules": [found.rule for found in evidence],
        "strength": evidence[0].strength if evidence else "looks",
        "status": "open",
        "verdict": None,
        "decision": None,
        "stake": Stake(clicks=41, conversions=11),
        "first_seen": NOW - timedelta(days=4, hours=3),
        "last_seen": NOW - timedelta(days=3),
        "opened_at": NOW - timedelta(days=2),
        "evidence": evidence,
    }
    return Case.model_validate({**given, **fields})


def build_decided_case(verdict: str = "fraud", *, status: str = "decided", **fields: Any) -> Case:
    """The case as Ana has decided it."""
    decision = Decision.model_validate(
        {
            "id": 5,
            "verdict": verdict,
            "reason": "Fake accounts for a reward",
            "note": "Same flat",
            "until": None,
            "decided_at": NOW - timedelta(minutes=1),
            "decided_by": "ana@example.com",
        }
    )
    return build_case(status=status, verdict=verdict, decision=decision, **fields)


def build_cases(cases: list[Case] | None = None, **fields: Any) -> CasesAnswer:
    """A page with one open case."""
    shown = [build_case()] if cases is None else cases
    given: dict[str, Any] = {
        "cases": shown,
        "total": len(shown),
        "counts": CaseCounts(open=len(shown), decided=37, closed=112),
        "stake": Stake(
            clicks=sum(case.stake.clicks for case in shown), conversions=sum(case.stake.conversions for case in shown)
        ),
        "flagged_conversions": sum(case.stake.conversions for case in shown if case.strength == "flags"),
        "computed_at": NOW,
        "next_cursor": None,
    }
    return CasesAnswer.model_validate({**given, **fields})


def build_effect(**fields: Any) -> VerdictEffect:
    """A verdict that leaves 11 conversions out of K clean."""
    given = {
        "k_factor_clean_now": 0.73,
        "k_factor_clean": 0.58,
        "conversions": 11,
        "credibility": "not_credible",
        "restated_reports": [],
    }
    return VerdictEffect.model_validate({**given, **fields})


def build_graph(invitees: int = 11, **fields: Any) -> CaseGraph:
    """A referrer, its invitees on 3 devices and 2 networks; one of the devices is the referrer's, too."""
    devices = [
        {"id": f"d{at}", "kind": "device", "label": f"831155e08a0ea4d{at}", "ref": f"ref-{at}"} for at in range(3)
    ]
    networks = [{"id": f"n{at}", "kind": "network", "label": f"198.51.100.3{at}", "ref": None} for at in range(2)]
    people = [{"id": f"i{at}", "kind": "invitee", "label": f"usr_{at}", "ref": None} for at in range(invitees)]
    referrer = {"id": "r", "kind": "referrer", "label": "usr_b5052d095268", "ref": None, "suspicious": True}
    tie = {"events": 4, "suspicious": False}
    edges = [
        *({"source": "r", "target": f"i{at}", **tie} for at in range(invitees)),
        *({"source": f"i{at}", "target": f"d{at % 3}", **tie} for at in range(invitees)),
        *({"source": f"d{at}", "target": f"n{at % 2}", **tie} for at in range(3)),
        {"source": "r", "target": "d2", "events": 3, "suspicious": True},
    ]
    given = {"nodes": [referrer, *people, *devices, *networks], "edges": edges, "left_out": 0}
    return CaseGraph.model_validate({**given, **fields})


def build_timeline() -> CaseTimeline:
    """Two days, a case that was opened and a rule that was added."""
    days = [{"date": f"2026-03-{27 + at}", "clicks": 20 - at, "conversions": 6 - at} for at in range(2)]
    entries = [
        {"at": NOW - timedelta(days=1), "kind": "rule", "text": "Rule Ring added", "actor": None},
        {"at": NOW - timedelta(days=2), "kind": "opened", "text": "Opened by the rule Farm", "actor": None},
    ]
    return CaseTimeline.model_validate({"days": days, "entries": entries})
