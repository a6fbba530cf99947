"""Builds content to write: harmless unless told otherwise."""

from typing import Any

from sqlalchemy import Connection, text

from tests.support.api_fixtures import Api
from tests.support.builders import NOON

HARMLESS = {"message": "Beat my best time today!"}
EMAIL = {"message": "write to john@example.com"}
PHONE = {"message": "text me at 555-123-4567"}
DAY = str(NOON.date())
COUNTS = ("items", "unopened", "participants", "checked", "violating")


def build_share(id: str, data: object = HARMLESS, **fields: Any) -> dict[str, Any]:  # noqa: A002 - the contract's name.
    """A parent share that somebody has viewed."""
    return {"id": id, "share_data": data, "view_count": 1, "inserted_at": NOON.isoformat(), **fields}


def build_reel(id: str, data: object = HARMLESS, **fields: Any) -> dict[str, Any]:  # noqa: A002 - the contract's name.
    """A progress reel that nobody has viewed."""
    return {"id": id, "reel_data": data, "inserted_at": NOON.isoformat(), **fields}


def build_session(id: str, *participants: str, **fields: Any) -> dict[str, Any]:  # noqa: A002 - the contract's name.
    """A study session of these people."""
    return {"id": id, "participant_ids": list(participants), "inserted_at": NOON.isoformat(), **fields}


def build_media(kind: str = "photo", *, of_child: bool = True, consent: object = None) -> dict[str, Any]:
    """A photo of a child without consent."""
    return {"kind": kind, "of_child": of_child, "consent": consent}


CONSENT = {"recorded_at": NOON.isoformat(), "method": "signed_form"}


def save_shares(api: Api, *shares: dict[str, Any]) -> dict[str, int]:
    """The answer to parent shares that must be stored."""
    return save(api, "parent-shares", *shares)


def save_reels(api: Api, *reels: dict[str, Any]) -> dict[str, int]:
    """The answer to progress reels that must be stored."""
    return save(api, "progress-reels", *reels)


def save(api: Api, kind: str, *items: dict[str, Any]) -> dict[str, int]:
    """The answer to a batch that must be stored."""
    response = api.send("POST", f"/v1/{kind}", json={"items": list(items)})
    assert response.status_code == 200, response.get_data(as_text=True)
    return dict(response.get_json())


def fetch_counts(connection: Connection, kind: str, day: str = DAY) -> tuple[int, ...]:
    """The facts about one kind on one day: items, unopened, participants, checked, violating."""
    statement = text(f"SELECT {', '.join(COUNTS)} FROM content_per_day WHERE kind = :kind AND day = :day")
    row = connection.execute(statement, {"kind": kind, "day": day}).one_or_none()
    return tuple(row) if row else (0,) * len(COUNTS)
