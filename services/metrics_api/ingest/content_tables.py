"""Where each kind of content is stored, and what an item of it counts for in the facts."""

from collections.abc import Mapping
from dataclasses import dataclass

from viral_contract.models.content import ContentKind


@dataclass(frozen=True)
class ContentTable:
    """One kind's table.

    `columns` are what is posted beside id and time, with their types. `counts` says in SQL what one item adds to each
    of `COUNTS`. `data` is the column that is scanned for violations, None where nothing is.
    """

    kind: ContentKind
    name: str
    key: str
    columns: Mapping[str, str]
    counts: Mapping[str, str]
    data: str | None = None

    @property
    def actor(self) -> str:
        """Who wrote an item, in SQL; where the kind does not say, a child did."""
        return "actor" if "actor" in self.columns else "'child'"


COUNTS = ("items", "unopened", "participants", "checked", "violating")
_SCANNED = {"items": "1", "unopened": "(view_count = 0)::int", "checked": "1", "violating": "violating::int"}

PARENT_SHARES = ContentTable(
    kind="parent_share",
    name="parent_shares",
    key="share_id",
    columns={"share_type": "text", "share_data": "jsonb", "view_count": "bigint", "actor": "text", "media": "jsonb"},
    counts=_SCANNED,
    data="share_data",
)
PROGRESS_REELS = ContentTable(
    kind="progress_reel",
    name="progress_reels",
    key="reel_id",
    columns={"reel_type": "text", "reel_data": "jsonb", "view_count": "bigint", "media": "jsonb"},
    counts=_SCANNED,
    data="reel_data",
)
STUDY_SESSIONS = ContentTable(
    kind="study_session",
    name="study_sessions",
    key="session_id",
    columns={"participant_ids": "text[]", "subject": "text"},
    counts={"items": "1", "participants": "cardinality(participant_ids)"},
)
CONTENT_TABLES = {table.kind: table for table in (PARENT_SHARES, PROGRESS_REELS, STUDY_SESSIONS)}
SCANNED_TABLES = (PARENT_SHARES, PROGRESS_REELS)
