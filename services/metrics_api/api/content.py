"""Stores content: parent shares, progress reels and study sessions."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from metrics_api.api.context import current_context
from metrics_api.api.writes import Writing, build_writes
from metrics_api.ingest.content import (
    PostedItem,
    delete_content,
    encode_item,
    keep_latest,
    scan_content,
)
from metrics_api.ingest.content_tables import PARENT_SHARES, PROGRESS_REELS, STUDY_SESSIONS, ContentTable
from metrics_api.ingest.late_items import Saved, take_content
from viral_contract.models.content import (
    ParentShare,
    ParentShareBatch,
    ParentShareItem,
    ProgressReel,
    ProgressReelBatch,
    ProgressReelItem,
    StudySession,
    StudySessionBatch,
    StudySessionItem,
)


def _save_in(table: ContentTable) -> Callable[[Sequence[PostedItem]], Saved]:
    def save(items: Sequence[PostedItem]) -> Saved:
        context = current_context()
        latest = keep_latest(items)
        settings = context.settings.api
        scans = scan_content(table, latest, phone_region=settings.pii_phone_region, seconds=settings.pii_scan_seconds)
        with context.database.write() as connection:
            return take_content(connection, table, latest, scans, context.references.to_mark, now=datetime.now(UTC))

    return save


def _delete_in(table: ContentTable) -> Callable[[str], bool]:
    def delete(item_id: str) -> bool:
        with current_context().database.write() as connection:
            return delete_content(connection, table, item_id)

    return delete


def _encode_session(session: StudySessionItem) -> PostedItem:
    """With the participants' ids as they are stored in events."""
    replace = current_context().pseudonyms.replace
    ids = list(dict.fromkeys(replace(given).id for given in session.participant_ids))
    return encode_item(session.model_copy(update={"participant_ids": ids}))


parent_shares = build_writes(
    Writing(
        name="parent share",
        one=ParentShare,
        item=ParentShareItem,
        batch=ParentShareBatch,
        keep=encode_item,
        save=_save_in(PARENT_SHARES),
        delete=_delete_in(PARENT_SHARES),
    )
)
progress_reels = build_writes(
    Writing(
        name="progress reel",
        one=ProgressReel,
        item=ProgressReelItem,
        batch=ProgressReelBatch,
        keep=encode_item,
        save=_save_in(PROGRESS_REELS),
        delete=_delete_in(PROGRESS_REELS),
    )
)
study_sessions = build_writes(
    Writing(
        name="study session",
        one=StudySession,
        item=StudySessionItem,
        batch=StudySessionBatch,
        keep=_encode_session,
        save=_save_in(STUDY_SESSIONS),
        delete=_delete_in(STUDY_SESSIONS),
    )
)
