"""Bot Detection: devices that clicked faster than people do."""

from dash.development.base_component import Component

from dashboard.components.card import (
    NO_FIGURE,
    Card,
    build_hint,
    build_kpis,
    build_no_data,
    build_no_traffic,
    build_not_kept,
)
from dashboard.components.table import Column, build_link_to_all, build_suspect, build_table
from dashboard.data import Snapshot
from dashboard.formats import format_percent, format_seconds
from viral_contract.models.guardrails import BotAnswer, BotLikeDevice
from viral_reports.figures import format_count

PATH = "/dashboard/guardrails/bots"
_ROWS = 4
_COLUMNS = (Column("Device"), Column("Clicks", is_figure=True), Column("Fastest burst (s)", is_figure=True))


def build_body(snapshot: Snapshot) -> list[Component]:
    """The card's figures and its worst rows."""
    if not snapshot.health.has_data:
        return [build_no_data()]
    if snapshot.health.is_partial:
        return [build_not_kept()]
    bots = snapshot.health.components.bots
    share = next(item.quantity for item in snapshot.health.by_share.deduction_items if item.name == "bot_behavior")
    figures = build_kpis(
        (format_count(bots.total_flagged_devices), "Flagged devices"), (format_percent(share / 100), "of clicks")
    )
    hint = build_hint(f"{format_burst(bots)} of one person")
    if not bots.bot_like_devices:
        return [hint, figures, build_no_traffic()]
    worst = bots.model_copy(update={"bot_like_devices": bots.bot_like_devices[:_ROWS]})
    all_devices = build_link_to_all("View all flagged devices", PATH + snapshot.search)
    return [hint, figures, _build_flagged_devices(worst, snapshot.search), all_devices]


def format_fastest(device: BotLikeDevice) -> str:
    """The time of its fastest burst, or that it needs none to be flagged."""
    return "Denied" if device.fastest_seconds is None else format_seconds(device.fastest_seconds)


def format_burst(bots: BotAnswer) -> str:
    """The rule in words: "3 clicks within 1 s"."""
    rule = bots.detection_params
    return f"{rule.min_clicks} clicks within {rule.time_window_seconds} s"


def _build_flagged_devices(bots: BotAnswer, search: str) -> Component:
    """One row a device, with the shortest time that it took for the rule's clicks."""
    rows = [
        (
            build_suspect("device", device.device_fingerprint, device.ref, search, device.alias),
            format_count(device.total_clicks),
            format_fastest(device),
        )
        for device in bots.bot_like_devices
    ]
    return build_table("Flagged devices, most clicks first", _COLUMNS, rows)


def format_figure(snapshot: Snapshot) -> str:
    """How many devices are flagged."""
    flagged = snapshot.health.components.bots.total_flagged_devices
    return f"{format_count(flagged)} flagged" if snapshot.health.is_known else NO_FIGURE


CARD = Card("bots", "Bot Detection", 420, build_body, format_figure=format_figure)
