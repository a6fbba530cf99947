"""The reads that are measured, each with a path to ask for."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class Ask:
    """Asks the API for what a path needs of it."""

    get: Callable[[str], tuple[bytes, float]]

    def __call__(self, path: str) -> Any:
        """The answer of a path."""
        return json.loads(self.get(path)[0])


_OF_PERIOD = (
    "/v1/guardrails/fraud",
    "/v1/guardrails/flagged-days",
    "/v1/guardrails/bots",
    "/v1/guardrails/conversion-anomalies",
    "/v1/guardrails/opt-outs",
    "/v1/guardrails/coppa",
    "/v1/guardrails/coppa/violations",
    "/v1/guardrails/event-pii",
    "/v1/guardrails/traffic",
    "/v1/guardrails/referrers",
    "/v1/guardrails/health",
    "/v1/guardrails/what-if",
    "/v1/guardrails/history",
    "/v1/growth/k-factor",
    "/v1/growth/loops",
    "/v1/growth/timeline",
    "/v1/growth/referrers",
    "/v1/growth/funnel",
    "/v1/growth/cycle-time",
    "/v1/growth/series",
    "/v1/growth/spread",
    "/v1/growth/filters",
)
_OTHERS = (
    "/v1/guardrails/quality",
    "/v1/growth/cohorts",
    "/v1/growth/cohort-k",
    "/v1/growth/term",
    "/v1/alerts",
    "/v1/cases",
    "/v1/search?q=user-123",
)
_VARIANTS = {
    "/v1/guardrails/fraud, by network": ("/v1/guardrails/fraud", {"group_by": "network"}),
    "/v1/guardrails/fraud, 1,000 rows": ("/v1/guardrails/fraud", {"limit": "1000"}),
    "/v1/guardrails/health, compared": ("/v1/guardrails/health", {"compare": "previous"}),
    "/v1/growth/k-factor, of a loop": ("/v1/growth/k-factor", {"source": "buddy_challenge"}),
    "/v1/growth/k-factor, of a campaign": ("/v1/growth/k-factor", {"campaign": "campaign-3"}),
    "/v1/growth/referrers, by name": ("/v1/growth/referrers", {"sort": "referrer"}),
    "/v1/growth/referrers, ranked": ("/v1/growth/referrers", {"ranked": "true"}),
}


def list_paths(ask: Ask, start: date, end: date) -> dict[str, str]:
    """A path for each read by name; what is looked at closely is what stands first in the lists."""
    period = {"start": str(start), "end": str(end)}
    query = urlencode(period)
    return {
        **{path: f"{path}?{query}" for path in _OF_PERIOD},
        **{name: f"{path}?{urlencode({**period, **more})}" for name, (path, more) in _VARIANTS.items()},
        **{path.partition("?")[0]: path for path in _OTHERS},
        **_list_details(ask, period),
    }


def _list_details(ask: Ask, period: dict[str, str]) -> dict[str, str]:
    """What has most: of networks and devices those that are flagged first, else those of the first referrer."""
    query = urlencode(period)
    referrer = ask(f"/v1/growth/referrers?{query}")["referrers"][0]["referrer_id"]
    of_referrer = f"/v1/investigations/referrers/{quote(referrer)}?{query}"
    fraud, bots, related = (
        ask(f"/v1/guardrails/fraud?{query}"),
        ask(f"/v1/guardrails/bots?{query}"),
        ask(of_referrer)["related"],
    )
    network = _first(fraud["suspicious_ips"], fraud["shared_networks"], related["ip_addresses"]["entities"])
    device = _first(bots["bot_like_devices"], related["devices"]["entities"])
    reason = ask(f"/v1/guardrails/traffic?{query}")["reasons"][0]
    case = next((each["id"] for each in ask("/v1/cases")["cases"]), None)
    events = {**period, "reason": reason["reason"], "traffic_class": reason["traffic_class"]}
    parts = () if case is None else ("", "/graph", "/linked", "/timeline")
    return {
        "/v1/guardrails/traffic/events": f"/v1/guardrails/traffic/events?{urlencode(events)}",
        "/v1/investigations/ips/{given}": f"/v1/investigations/ips/{network}?{query}",
        "/v1/investigations/devices/{given}": f"/v1/investigations/devices/{device}?{query}",
        "/v1/investigations/referrers/{referrer_id}": of_referrer,
        **{f"/v1/cases/{{case_id}}{part}": f"/v1/cases/{case}{part}" for part in parts},
    }


def _first(*lists: list[dict[str, str]]) -> str:
    return next(each["ref"] for rows in lists for each in rows)
