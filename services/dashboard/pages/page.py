"""What a page is."""

from collections.abc import Callable
from dataclasses import dataclass

from dash import Dash
from dash.development.base_component import Component

from dashboard.data import SharedViews
from viral_engine.settings import DashboardSettings


@dataclass(frozen=True)
class Page:
    """A page at a fixed path: a layout without data, and the callbacks that bring the data in.

    A page with an icon (`icon-<name>` in assets/20-base.css) stands in the navigation.
    """

    path: str
    title: str
    build_layout: Callable[[DashboardSettings], Component]
    add_callbacks: Callable[[Dash, SharedViews, DashboardSettings], None]
    icon: str | None = None
