"""Facts with somebody to suspect: one referrer who is too good to be true, one who invites themselves, and bots."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from tests.support.builders import build_clicks, build_event, build_link
from viral_contract.client.metrics_api import MetricsApi

LUCKY, SELFISH = "usr_lucky", "usr_selfish"
BOTS = [f"bot-device-{number}" for number in range(1, 5)]
FARM = [f"198.51.100.{number}" for number in range(1, 8)]
_OTHERS = 20
_SOURCE = "buddy_challenge"


def save_suspects(api: MetricsApi, now: datetime) -> dict[str, str]:
    """Store a week of them among 20 ordinary referrers; returns the id of a conversion by its referrer."""
    noon = datetime.combine(now.date() - timedelta(days=1), time(12), UTC)
    names = [LUCKY, SELFISH, *(f"usr_other_{number}" for number in range(_OTHERS))]
    api.save_links(
        [
            build_link(
                f"lnk_{name}", referrer_id=name, source=_SOURCE, inserted_at=(noon - timedelta(days=5)).isoformat()
            )
            for name in names
        ]
    )
    others = [event for number in range(_OTHERS) for event in _build_referrer(f"usr_other_{number}", 20, 1, noon)]
    lucky = _build_referrer(LUCKY, 60, 24, noon)
    selfish = _build_referrer(SELFISH, 5, 0, noon)
    own = _build("conversion", SELFISH, 99, noon, user_id=SELFISH)
    bots = [
        click
        for device in BOTS
        for click in build_clicks(3, at=noon, apart=1, device_fingerprint=device, ip_address="203.0.113.9")
    ]
    farm = [click for address in FARM for click in build_clicks(11, at=noon, apart=60, ip_address=address)]
    api.save_events([*others, *lucky, *selfish, own, *bots, *farm])
    [conversion, *_] = [event for event in lucky if event["event_type"] == "conversion"]
    return {LUCKY: conversion["event_id"], SELFISH: own["event_id"]}


def _build_referrer(name: str, clicks: int, conversions: int, noon: datetime) -> list[dict[str, Any]]:
    """Clicks over 5 days, each of a person of their own, of whom some convert two minutes later."""
    events = []
    for number in range(clicks):
        at = noon - timedelta(days=number % 5, minutes=number)
        events.append(_build("click", name, number, at))
        if number < conversions:
            events.append(_build("conversion", name, number, at + timedelta(minutes=2)))
    return events


def _build(event_type: str, name: str, number: int, at: datetime, **fields: Any) -> dict[str, Any]:
    person = f"{name}-{number}"
    place = sum(name.encode()) % 200
    named = {
        "referrer_id": name,
        "link_id": f"lnk_{name}",
        "source": _SOURCE,
        "user_id": f"user-{person}",
        "device_fingerprint": f"device-{person}",
        "ip_address": f"10.{len(name)}.{place}.{number}",
    }
    return build_event(event_type, at=at, **{**named, **fields})
