"""Plants what rules find, and reads what follows from verdicts on it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from metrics_api.alerts.evaluate import evaluate_guardrails
from metrics_api.context import Context
from tests.support.api_fixtures import Api
from tests.support.builders import build_clicks, build_event, build_link

YESTERDAY = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
NETWORK, DEVICE = "203.0.113.7", "device-burst-1"
FRAUD = {"verdict": "fraud", "reason": "Fake accounts for a reward"}
LEGITIMATE = {"verdict": "legitimate", "reason": "A school"}


def plant_network(api: Api, network: str = NETWORK, *, conversions: int = 2, referrer: str = "maria") -> list[str]:
    """A network over the limit yesterday, from which so many credited conversions came; returns their ids."""
    converted = [
        build_event("conversion", at=YESTERDAY, ip_address=network, referrer_id=referrer, user_id=f"{network}-{number}")
        for number in range(conversions)
    ]
    clicks = build_clicks(11, at=YESTERDAY, apart=60, ip_address=network, referrer_id=referrer)
    api.post_events(*clicks, *converted)
    return [event["event_id"] for event in converted]


def plant_burst(api: Api, device: str = DEVICE, *, conversions: int = 1) -> list[str]:
    """A device that clicked 5 times within a second yesterday, and converted so many times; returns the ids."""
    converted = [
        build_event(
            "conversion", at=YESTERDAY, device_fingerprint=device, referrer_id="leo", user_id=f"{device}-{each}"
        )
        for each in range(conversions)
    ]
    api.post_events(*build_clicks(5, at=YESTERDAY, apart=0.2, device_fingerprint=device), *converted)
    return [event["event_id"] for event in converted]


def plant_self_referral(api: Api, referrer: str = "sam", *, conversions: int = 2) -> list[str]:
    """Conversions yesterday for which a user gave themselves the credit; returns their ids."""
    own = [
        build_event("conversion", at=YESTERDAY, referrer_id=referrer, user_id=referrer, conversion_value=each + 1)
        for each in range(conversions)
    ]
    clicks = build_clicks(4, at=YESTERDAY - timedelta(hours=1), apart=60, referrer_id=referrer, source="study_session")
    api.post_events(*clicks, *own)
    return [event["event_id"] for event in own]


def plant_invites(api: Api, *, at: datetime | None = None) -> None:
    """Links of the referrers, and a conversion that nothing flags, so that K has a value."""
    dated = {"inserted_at": at.isoformat()} if at else {}
    links = [build_link(f"link-{name}", referrer_id=name, **dated) for name in ("maria", "leo", "zoe")]
    api.send("POST", "/v1/links", json={"items": links})
    api.post_events(build_event("conversion", at=YESTERDAY, referrer_id="zoe", user_id="honest"))


def evaluate(context: Context, *, now: datetime | None = None) -> None:
    """One evaluation, as happens every minute."""
    evaluate_guardrails(context, now=now or datetime.now(UTC))


def read_figures(api: Api) -> dict[str, Any]:
    """Every figure that follows from cases: of growth, score, flags, cases and alerts."""
    days = {"days": 7}
    health = api.read("/v1/guardrails/health", **days)
    growth = api.read("/v1/growth/k-factor", **days)
    listed = {status: api.read("/v1/cases", status=status) for status in ("open", "decided", "closed")}
    return {
        "k": {name: growth[name] for name in ("k_factor", "k_factor_clean", "removed_conversions")},
        "timeline": [day["k_factor_clean"] for day in api.read("/v1/growth/timeline", **days)["points"]],
        "health": {name: health[name] for name in ("health_score", "by_share", "by_count", "flagged_share")},
        "networks": health["components"]["fraud"]["total_flagged_ips"],
        "devices": health["components"]["bots"]["total_flagged_devices"],
        "cases": {status: answer["cases"] for status, answer in listed.items()},
        "stake": [(answer["counts"], answer["stake"], answer["flagged_conversions"]) for answer in listed.values()],
    }
