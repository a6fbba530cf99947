"""The filters of the queue, which live in its address."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from dashboard.cases.words import KINDS, ORDERS, RULES, STATUSES, STRENGTHS
from dashboard.links import CASES_PATH
from viral_contract.models.cases import CaseCounts

ANY = "any"
DEFAULTS = {"status": "open", "q": "", "kind": ANY, "rule": ANY, "strength": ANY, "order": "stake"}
CHOICES: dict[str, dict[str, str]] = {
    "kind": {ANY: "All", **{str(kind): word for kind, word in KINDS.items()}},
    "rule": {ANY: "All", **{str(rule): word for rule, word in RULES.items()}},
    "strength": {ANY: "Any", **{str(strength): word for strength, word in STRENGTHS.items()}},
    "order": {str(order): word for order, word in ORDERS.items()},
}
LABELS = {"kind": "Kind", "rule": "Rule", "strength": "Strength", "order": "Order"}


def parse_filters(given: Mapping[str, str]) -> dict[str, str]:
    """What each filter is; the API says what is wrong with one that does not exist."""
    return {name: given.get(name) or default for name, default in DEFAULTS.items()}


def build_query(filters: Mapping[str, str]) -> dict[str, Any]:
    """The filters as the API takes them: what filters nothing is left out."""
    return {name: value for name, value in filters.items() if value not in ("", ANY)}


def format_address(filters: Mapping[str, str], **changes: str) -> str:
    """The page with these filters, of which some are changed."""
    wanted = {name: value for name, value in {**filters, **changes}.items() if value != DEFAULTS.get(name)}
    return f"{CASES_PATH}?{urlencode(wanted)}" if wanted else CASES_PATH


def format_filters(filters: Mapping[str, str]) -> str:
    """The filters in words: "“usr_zz”, rule Farm, open"."""
    text = [f"“{filters['q']}”"] if filters["q"] else []
    chosen = [
        f"{LABELS[name].lower()} {CHOICES[name].get(filters[name], filters[name])}"
        for name in ("kind", "rule", "strength")
        if filters[name] != ANY
    ]
    return ", ".join([*text, *chosen, STATUSES_IN_WORDS.get(filters["status"], filters["status"])])


def is_narrowed(filters: Mapping[str, str]) -> bool:
    """Whether anything but the tab and the order is chosen."""
    return any(filters[name] != DEFAULTS[name] for name in ("q", "kind", "rule", "strength"))


STATUSES_IN_WORDS = {str(status): word.lower() for status, word in STATUSES.items()}


def build_tabs(counts: CaseCounts | None = None) -> list[dict[str, str]]:
    """The tabs with their counts, as the control takes them."""
    return [
        {"value": status, "label": f"{word} {getattr(counts, status):,}" if counts else word}
        for status, word in STATUSES.items()
    ]
