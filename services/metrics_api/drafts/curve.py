"""How many are flagged, by the value of one setting."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from metrics_api.detection.entity_lists import fetch_active_lists
from metrics_api.detection.query import Query
from metrics_api.drafts.answer import split_by_verdict
from metrics_api.drafts.flagged import fetch_flags
from metrics_api.drafts.verdicts import fetch_verdicts
from viral_contract.models.drafts import CurveAnswer, CurvePoint, CurveSetting, ReplayedKind

VALUES: Mapping[CurveSetting, tuple[ReplayedKind, Sequence[float]]] = {
    "fraud_ip_click_threshold": ("network", (5, 8, 10, 12, 15, 20, 30, 40, 60, 80, 100)),
    "bot_rapid_click_threshold": ("device", (2, 3, 4, 5, 6, 7, 8, 9, 10)),
    "bot_rapid_click_window_seconds": ("device", (3, 4, 5, 6, 7, 8, 9, 10)),
    "conversion_anomaly_daily_threshold": ("referrer", (3, 5, 8, 10, 12, 15, 20, 30, 50)),
    "conversion_anomaly_threshold": ("referrer", (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
}
"""What each setting flags, and the values at which the curve is drawn, beside the live one."""


def fetch_curve(connection: Connection, query: Query, setting: CurveSetting) -> CurveAnswer:
    """How many of the setting's kind are flagged in the period at each value, lowest value first."""
    kind, values = VALUES[setting]
    live = getattr(query.settings, setting)
    lists = fetch_active_lists(connection, query)
    flagged = {
        value: fetch_flags(
            connection,
            replace(query, settings=query.settings.model_copy(update={setting: value})),
            lists,
            (kind,),
        ).keys()
        for value in sorted({*values, live})
    }
    verdicts = fetch_verdicts(connection, {key for keys in flagged.values() for key in keys})
    return CurveAnswer(
        period=query.period,
        computed_at=query.now,
        setting=setting,
        kind=kind,
        live_value=live,
        points=[
            CurvePoint(value=value, flagged=len(keys), by_verdict=split_by_verdict(keys, verdicts))
            for value, keys in flagged.items()
        ],
    )
