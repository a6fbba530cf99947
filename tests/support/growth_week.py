"""A week small enough to count by hand, and the one before.

In the week from 2 March: ann invites three times and ben once (4 invites, 2 users). Their links bring 8 clicks and 3
conversions, so that K = (4 / 2) x (3 / 4) = 1.5. The week before: ann invites twice, 4 clicks, 1 conversion, K = 1.
"""

from datetime import UTC, datetime, timedelta

from tests.support.api_fixtures import Api
from tests.support.builders import build_event, build_link

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEK = {"start": "2026-03-02", "end": "2026-03-08"}


def build_invite(name: str, referrer: str, at: datetime, source: str = "buddy_challenge") -> dict[str, object]:
    """A link that a referrer created at a time."""
    return build_link(name, referrer_id=referrer, source=source, inserted_at=at.isoformat())


def post_week(api: Api) -> None:
    """Store both weeks."""
    before = MONDAY - timedelta(days=7)
    links = [
        build_invite("a1", "ann", MONDAY),
        build_invite("a2", "ann", MONDAY),
        build_invite("a3", "ann", MONDAY + timedelta(days=6), source="results_rally"),
        build_invite("b1", "ben", MONDAY),
        build_invite("old1", "ann", before),
        build_invite("old2", "ann", before),
    ]
    api.send("POST", "/v1/links", json={"items": links})
    clicks = [build_event(at=MONDAY, link_id=link) for link in ("a1", "a1", "a1", "a1", "a2", "b1", "b1", "b1")]
    conversions = [build_event("conversion", at=MONDAY, link_id=link) for link in ("a1", "a1", "b1")]
    earlier = [build_event(at=before, link_id="old1") for _ in range(4)]
    earlier.append(build_event("conversion", at=before, link_id="old1"))
    api.post_events(*clicks, *conversions, *earlier)
