"""Long work over stored data that is under way, and how far it has come."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.bars import build_bars
from dashboard.formats import format_percent
from viral_contract.models.batches import Batch, BatchKind
from viral_reports.blocks import Bar
from viral_reports.figures import format_count

_NAMES: dict[BatchKind, str] = {
    "rebuild_facts": "Rebuilding the facts",
    "rescan_content": "Scanning content again",
    "finish_scans": "Scanning content that takes long",
    "rebuild_days": "Rebuilding the days of erased data",
}


def build_batches(batches: Sequence[Batch]) -> list[Component]:
    """One bar each, the oldest first."""
    if not batches:
        return [html.P("No long work is under way.", className="nothing")]
    return [build_bars([_describe(batch) for batch in batches])]


def _describe(batch: Batch) -> Bar:
    share = batch.done_steps / batch.total_steps if batch.total_steps else 0
    steps = f"{format_count(batch.done_steps)} of {format_count(batch.total_steps)} steps"
    return Bar(label=_NAMES[batch.kind], value=format_percent(share), share=share, note=f"No. {batch.id}, {steps}")
