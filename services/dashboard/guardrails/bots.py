"""Bot Detection: devices that clicked faster than people do."""

from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_kpis, build_no_data, build_no_traffic, build_not_kept
from dashboard.components.table import Column, build_link_to_all, build_moment, build_suspect, build_table
from dashboard.data import Snapshot
from dashboard.formats import format_seconds
from viral_contract.models.guardrails import BotAnswer
from viral_reports.figures import format_count

PATH = "/dashboard/guardrails/bots"
_ROWS = 8
_COLUMNS = (
    Column("Device"),
    Column("Clicks", is_figure=True),
    Column("Fastest burst (s)", is_figure=True),
    Column("First seen", is_figure=True),
    Column("Last seen", is_figure=True),
)


def build_body(snapshot: Snapshot) -> list[Component]:
    """The card's figures and its worst rows."""
    if not snapshot.health.has_data:
        return [build_no_data()]
    if snapshot.health.is_partial:
        return [build_not_kept()]
    bots = snapshot.health.components.bots
    worst = bots.model_copy(update={"bot_like_devices": bots.bot_like_devices[:_ROWS]})
    if not worst.bot_like_devices:
        return build_rows(worst, snapshot.search)
    return [*build_rows(worst, snapshot.search), build_link_to_all("View all flagged devices", PATH + snapshot.search)]


def build_rows(bots: BotAnswer, search: str) -> list[Component]:
    """What was looked for, how much of it was found, and the answer's rows; `search` is the period in links."""
    rule = bots.detection_params
    burst = f"{rule.min_clicks} clicks within {rule.time_window_seconds} s"
    is_known = bool(bots.bot_like_devices) or bots.retained_from is None
    total = format_count(bots.total_flagged_devices) if is_known else "–"
    nothing = build_no_traffic() if is_known else build_not_kept()
    table = build_flagged_devices(bots, search) if bots.bot_like_devices else nothing
    return [
        build_hint("Devices clicking faster than a person can · most clicks first · times in UTC"),
        build_kpis((total, "Flagged devices"), (burst, "Rule")),
        table,
    ]


def build_flagged_devices(bots: BotAnswer, search: str) -> Component:
    """One row a device, with the shortest time that it took for the rule's clicks."""
    rows = [
        (
            build_suspect("device", device.device_fingerprint, device.ref, search, device.alias),
            format_count(device.total_clicks),
            format_seconds(device.fastest_seconds),
            build_moment(device.first_seen),
            build_moment(device.last_seen),
        )
        for device in bots.bot_like_devices
    ]
    return build_table("Flagged devices, most clicks first", _COLUMNS, rows)


CARD = Card("bots", "Bot Detection", 420, build_body)
