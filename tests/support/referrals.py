"""Signups and conversions that referrers get credit for, as the facts hold them, in stories whose truth is known."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text

from metrics_api.db.tables import activity_per_referrer_day, clicks_per_ip_day, device_users, referrals
from metrics_api.ingest.referrals import count_users_again

START = datetime(2026, 1, 8, 12, tzinfo=UTC)
END = START + timedelta(days=55)
"""The window of the rules for a period that ends on this date."""
SCHOOL = "192.0.2.1"
_ids = count(1)


@dataclass(frozen=True)
class Referral:
    """One signup or conversion; its click, if any, came `took` seconds before."""

    referrer: str
    user: str | None
    at: datetime
    kind: str = "conversion"
    device: str | None = None
    network: str | None = None
    link: str | None = None
    value: float | None = 1
    took: float | None = 600
    active_again: bool | None = True
    event_id: UUID = field(default_factory=lambda: UUID(int=next(_ids)))

    def to_row(self) -> dict[str, Any]:
        """As a row of the facts."""
        person = f"user:{self.user}" if self.user else f"device:{self.device}" if self.device else None
        return {
            "event_id": self.event_id,
            "day": self.at.date(),
            "occurred_at": self.at,
            "event_type": self.kind,
            "referrer_id": self.referrer,
            "person": person,
            "user_id": self.user,
            "device_fingerprint": self.device,
            "network": self.network,
            "link_id": self.link,
            "source": "buddy_challenge",
            "conversion_value": self.value,
            "clicked_at": None if self.took is None else self.at - timedelta(seconds=self.took),
            "active_again": self.active_again if self.kind == "conversion" else None,
            "may_repeat": True,
            "user_refers": True,
        }


@dataclass(frozen=True)
class Use:
    """Who used a device, and when first and last."""

    device: str
    user: str
    first: datetime = START
    last: datetime = END


def save_referrals(connection: Connection, rows: Iterable[Referral], uses: Iterable[Use] = ()) -> None:
    """Store the referrals, who used which device, and the clicks and conversions of each referrer by day."""
    stored = list(rows)
    connection.execute(insert(referrals), [each.to_row() for each in stored])
    of_referrals = [Use(each.device, each.user, each.at, each.at) for each in stored if each.device and each.user]
    used: dict[tuple[str, str], dict[str, Any]] = {}
    for use in [*of_referrals, *uses]:
        row = used.setdefault((use.device, use.user), {"first_day": use.first.date(), "last_day": use.last.date()})
        row["first_day"] = min(row["first_day"], use.first.date())
        row["last_day"] = max(row["last_day"], use.last.date())
    for (device, user), row in used.items():
        connection.execute(insert(device_users), {"device_fingerprint": device, "user_id": user, **row})
    count_users_again(connection, {device for device, _ in used})
    connection.execute(
        text("""
            INSERT INTO activity_per_referrer_day (day, referrer_id, source, clicks, conversions)
            SELECT day, referrer_id, 'buddy_challenge', count(*) FILTER (WHERE clicked_at IS NOT NULL),
                count(*) FILTER (WHERE event_type = 'conversion')
            FROM referrals GROUP BY day, referrer_id
            ON CONFLICT (day, referrer_id, source) DO UPDATE
                SET clicks = excluded.clicks, conversions = excluded.conversions
        """)
    )


def save_clicks(connection: Connection, referrer: str, clicks: int) -> None:
    """Clicks of a referrer that led to nothing."""
    row = {"day": START.date(), "referrer_id": referrer, "source": "", "clicks": clicks}
    connection.execute(insert(activity_per_referrer_day), row)


def save_shared_network(connection: Connection, network: str, at: datetime = START) -> None:
    """A network on which many people clicked on links of many others that day."""
    counts = {"clicks": 60, "devices": 40, "referrers": 12, "top_referrer_clicks": 10}
    connection.execute(insert(clicks_per_ip_day), {"day": at.date(), "ip_address": network, **counts})


def build_programme(random: Random, referrers: int = 60, invitees: int = 12) -> Iterator[Referral]:
    """Honest people: each has invitees of their own, on own devices at home, who mostly come back."""
    for referrer in range(referrers):
        for invitee in range(random.randint(invitees // 2, invitees * 3 // 2)):
            yield build_honest(random, f"honest-{referrer}", f"friend-{referrer}-{invitee}")


def build_honest(random: Random, referrer: str, user: str, **fields: Any) -> Referral:
    """A person who converts minutes after the click, seldom seconds or hours after it."""
    number = random.getrandbits(24)
    return Referral(
        referrer,
        user,
        **{
            "at": START + timedelta(days=random.uniform(0, 55)),
            "device": f"device of {user}",
            "network": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
            "took": random.lognormvariate(6, 1.5),
            "active_again": random.random() < 0.6,
            **fields,
        },
    )
