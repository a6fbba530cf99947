"""The filters of the queue, which live in its address."""

from collections.abc import Mapping
from urllib.parse import urlencode

from dashboard.cases.words import KINDS, ORDERS, RULES, STATUSES, STRENGTHS
from dashboard.links import CASES_PATH
from dashboard.lists.toolbar import ANY, Choice, Toolbar

SEEN = Choice("days", "Seen", {ANY: "Any time", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"})
TOOLBAR = Toolbar(
    search="Referrer, device, network, link",
    choices=(
        Choice("status", "Status", {str(each): word for each, word in STATUSES.items()}, are_tabs=True),
        Choice("kind", "Kind", {ANY: "All", **{str(each): word for each, word in KINDS.items()}}),
        Choice("rule", "Rule", {ANY: "All", **{str(each): word for each, word in RULES.items()}}),
        Choice("strength", "Strength", {ANY: "Any", **{str(each): word for each, word in STRENGTHS.items()}}),
        Choice("order", "Order", {str(each): word for each, word in ORDERS.items()}),
        SEEN,
    ),
)
_NARROWING = ("q", "kind", "rule", "strength", "days")


def find_status(filters: Mapping[str, str]) -> str:
    """The tab."""
    return filters.get("status", "open")


def find_order(filters: Mapping[str, str]) -> str:
    """What the rows are sorted by."""
    return filters.get("order", "stake")


def format_address(filters: Mapping[str, str], **changes: str) -> str:
    """The page with these filters, of which some are changed."""
    wanted = TOOLBAR.find_filters({**filters, **changes})
    return f"{CASES_PATH}?{urlencode(wanted)}" if wanted else CASES_PATH


def format_filters(filters: Mapping[str, str]) -> str:
    """The filters in words: "“usr_zz”, rule Farm, open"."""
    narrowing = {name: value for name, value in filters.items() if name in _NARROWING}
    return ", ".join([TOOLBAR.format_filters(narrowing), find_status(filters)])


def clear(filters: Mapping[str, str]) -> str:
    """The page of the same tab in the same order, with all its rows."""
    return format_address({name: value for name, value in filters.items() if name not in _NARROWING})


def is_narrowed(filters: Mapping[str, str]) -> bool:
    """Whether anything but the tab and the order is chosen."""
    return any(name in filters for name in _NARROWING)
