"""What a page is."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dash import Dash
from dash.development.base_component import Component

from dashboard.settings import DashboardSettings
from dashboard.shared_views import SharedViews
from viral_contract.models.people import Scope

Group = Literal["Detection", "Messages", "Administration"]


@dataclass(frozen=True)
class Page:
    """A page at a path, which may hold numbers as `<id>`: a layout without data, and callbacks that bring it in.

    A page with an icon (`icon-<name>` in assets/2-base.css) stands in the navigation of those who have its
    scope, under the heading of its group; what others see at its address is up to the page.
    """

    path: str
    title: str
    build_layout: Callable[[DashboardSettings], Component]
    add_callbacks: Callable[[Dash, SharedViews, DashboardSettings], None]
    icon: str | None = None
    scope: Scope = Scope.METRICS_READ
    group: Group | None = None

    def stands_at(self, path: str) -> bool:
        """Whether this page belongs to the path."""
        return bool(re.fullmatch(re.escape(self.path).replace("<id>", "[0-9]{1,18}"), path))
