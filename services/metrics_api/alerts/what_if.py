"""Compares the guardrails under other thresholds, with the configuration that would make these permanent."""

from dataclasses import replace
from decimal import Decimal

from pydantic import ValidationError
from sqlalchemy import Connection

from metrics_api.alerts.rules import find_alerts
from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.event_pii import fetch_event_pii
from metrics_api.detection.query import Query
from metrics_api.growth.clean import fetch_flagged_totals
from metrics_api.health.evaluation import fetch_state, rate_health
from metrics_api.settings.detection import DetectionSettings
from viral_contract.models.guardrails import EventPiiAnswer, HealthAnswer
from viral_contract.models.thresholds import Overrides
from viral_contract.models.what_if import NotApplicable, Outcome, RaisedAlert, WhatIfAnswer
from viral_runtime.settings.ranges import format_range


def fetch_what_if(connection: Connection, query: Query) -> WhatIfAnswer:
    """The period of the query under its thresholds and under the configured ones."""
    configured = query.configured
    state = fetch_state(connection, query.period, fetch_active_lists(connection, query))
    before, after = (
        rate_health(connection, each, state, fetch_flagged_totals(connection, each, state.lists))
        for each in (replace(query, settings=configured), query)
    )
    event_pii = fetch_event_pii(connection, query)
    not_applicable = find_not_applicable(query.settings)
    return WhatIfAnswer(
        period=query.period,
        computed_at=query.now,
        thresholds=query.used(*Overrides.model_fields),
        has_data=after.has_data,
        is_partial=after.is_partial,
        configured=format_outcome(before, configured, event_pii),
        changed=format_outcome(after, query.settings, event_pii),
        helm_values=format_helm_values(configured, query.settings, leave_out={item.name for item in not_applicable}),
        not_applicable=not_applicable,
    )


def format_outcome(
    health: HealthAnswer, settings: DetectionSettings, event_pii: EventPiiAnswer | None = None
) -> Outcome:
    """The summary of a health answer, with the alerts that it would open."""
    found = health.components
    return Outcome(
        health_score=health.health_score,
        health_status=health.health_status,
        basis=health.basis,
        by_count=health.by_count,
        by_share=health.by_share,
        deductions=health.deductions,
        deduction_items=health.deduction_items,
        total_flagged_ips=found.fraud.total_flagged_ips,
        total_flagged_devices=found.bots.total_flagged_devices,
        total_flagged_referrers=found.anomalies.total_flagged,
        compliance_target_met=found.coppa.target_met,
        alerts=[
            RaisedAlert(type=alert.type, severity=alert.severity, message=alert.message)
            for alert in find_alerts(health, settings, event_pii=event_pii)
        ],
    )


def find_not_applicable(settings: DetectionSettings) -> list[NotApplicable]:
    """The thresholds that a request may try but a setting does not allow."""
    try:
        DetectionSettings.model_validate(settings.model_dump())
    except ValidationError as error:
        ranges = DetectionSettings.model_json_schema()["properties"]
        wrong = {str(item["loc"][0]): item["input"] for item in error.errors() if item["loc"]}
        return [
            NotApplicable(name=name, value=value, allowed=format_range(ranges[name])) for name, value in wrong.items()
        ]
    return []


def format_helm_values(configured: DetectionSettings, changed: DetectionSettings, *, leave_out: set[str]) -> str:
    """The chart's values for the changed thresholds.

    For example `thresholds:` and below it `  fraudIpClickThreshold: 20`; empty if nothing differs.
    """
    lines = [
        f"  {_camel_case(name)}: {_format_value(getattr(changed, name))}\n"
        for name in Overrides.model_fields
        if name not in leave_out and getattr(changed, name) != getattr(configured, name)
    ]
    return "thresholds:\n" + "".join(lines) if lines else ""


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _format_value(value: float | str) -> str:
    return value if isinstance(value, str) else format(Decimal(repr(value)).normalize(), "f")
