"""Answers about other thresholds, for pages that show them."""

from typing import Any

from metrics_api.settings.detection import DetectionSettings
from tests.support.answers import COMMON, build_basis_score, build_item
from viral_contract.models.thresholds import Overrides
from viral_contract.models.what_if import Outcome, RaisedAlert, WhatIfAnswer

CONFIGURED = {name: getattr(DetectionSettings(), name) for name in Overrides.model_fields if name != "fraud_rule"}
FRAUD = RaisedAlert(type="fraud_detection", severity="high", message="9 addresses")


def build_outcome(score: float = 72, **fields: Any) -> Outcome:
    """What one set of thresholds finds."""
    given = {
        "health_score": score,
        "health_status": "fair",
        "basis": "count",
        "by_count": build_basis_score(score),
        "by_share": build_basis_score(64.5),
        "deductions": {"fraud": 20, "bot_behavior": 8, "opt_out_rate": 0, "coppa_violations": 0},
        "deduction_items": [build_item("fraud", 20), build_item("bot_behavior", 8, cap=20)],
        "total_flagged_ips": 10,
        "total_flagged_devices": 4,
        "total_flagged_referrers": 0,
        "compliance_target_met": False,
        "alerts": [FRAUD],
    }
    return Outcome.model_validate({**given, **fields})


def build_what_if(changed: Outcome | None = None, **fields: Any) -> WhatIfAnswer:
    """The configured thresholds compared with others."""
    given = {
        "thresholds": CONFIGURED,
        "has_data": True,
        "configured": build_outcome(),
        "changed": changed or build_outcome(),
        "helm_values": "",
        "not_applicable": [],
    }
    return WhatIfAnswer.model_validate({**COMMON, **given, **fields})
