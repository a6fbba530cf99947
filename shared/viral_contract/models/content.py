"""Content: parent shares, progress reels and study sessions as other services post them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from viral_contract.models.values import OptionalId, PastTime, RequiredId, encode_object, normalize_id

MAX_ITEMS = 10_000
MAX_DATA_BYTES = 64 * 1024
MAX_MEDIA = 50
MAX_PARTICIPANTS = 1000

ContentKind = Literal["parent_share", "progress_reel", "study_session"]
ScannedKind = Literal["parent_share", "progress_reel"]
Actor = Literal["child", "parent"]
MediaKind = Literal["photo", "video", "audio"]


def _check_data(value: dict[str, Any]) -> dict[str, Any]:
    encode_object(value, max_bytes=MAX_DATA_BYTES)
    return value


def _shorten(value: Any) -> Any:
    """A long list with each participant once, so that it has fewer places for errors."""
    if not isinstance(value, list) or len(value) <= MAX_PARTICIPANTS:
        return value
    if not all(isinstance(each, str) for each in value):
        raise ValueError("must contain only text")
    return _each_once([normalize_id(each) for each in value])


def _each_once(values: list[str]) -> list[str]:
    distinct = list(dict.fromkeys(values))
    if len(distinct) > MAX_PARTICIPANTS:
        raise ValueError(f"must have at most {MAX_PARTICIPANTS} participants, not {len(distinct)}")
    return distinct


def _read_whole(value: Any) -> Any:
    """In JSON, 7.0 is the same number as 7."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _null_means(default: object, given: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: default if value is None else value, json_schema_input_type=given | None)


Data = Annotated[dict[str, Any], AfterValidator(_check_data), Field(description="An object of at most 64 KiB")]
ViewCount = Annotated[
    int,
    Field(ge=0, le=2**53, strict=True, description="How often it was opened, to date"),
    BeforeValidator(_read_whole, json_schema_input_type=Annotated[int, Field(ge=0, le=2**53)]),
]
CreatedAt = Annotated[PastTime | None, Field(description="When it was created; default: now")]


class Consent(BaseModel):
    """A parent's recorded consent, and how it was obtained."""

    model_config = ConfigDict(extra="forbid")

    recorded_at: PastTime
    method: RequiredId


class Media(BaseModel):
    """A photo, video or audio; a child's needs consent."""

    model_config = ConfigDict(extra="forbid")

    kind: MediaKind
    of_child: StrictBool
    consent: Consent | None = None


_GivenMedia = Annotated[list[Media], Field(max_length=MAX_MEDIA)]
MediaList = Annotated[list[Media], Field(max_length=MAX_MEDIA), _null_means([], _GivenMedia)]


class ParentShare(BaseModel):
    """Something about a child's learning, shown to parents."""

    model_config = ConfigDict(extra="forbid")

    share_type: OptionalId = None
    share_data: Data
    view_count: ViewCount
    actor: Annotated[Actor, Field(description="Author; both are scanned the same way"), _null_means("child", Actor)] = (
        "child"
    )
    media: MediaList = []
    inserted_at: CreatedAt = None


class ParentShareItem(ParentShare):
    """A parent share in a bulk request."""

    id: RequiredId


class ParentShareBatch(BaseModel):
    """Body of `POST /v1/parent-shares`."""

    model_config = ConfigDict(extra="forbid")

    items: list[ParentShareItem] = Field(min_length=1, max_length=MAX_ITEMS)


class ProgressReel(BaseModel):
    """A child's progress as pictures and words."""

    model_config = ConfigDict(extra="forbid")

    reel_type: OptionalId = None
    reel_data: Data
    view_count: Annotated[ViewCount, _null_means(0, ViewCount)] = 0
    media: MediaList = []
    inserted_at: CreatedAt = None


class ProgressReelItem(ProgressReel):
    """A progress reel in a bulk request."""

    id: RequiredId


class ProgressReelBatch(BaseModel):
    """Body of `POST /v1/progress-reels`."""

    model_config = ConfigDict(extra="forbid")

    items: list[ProgressReelItem] = Field(min_length=1, max_length=MAX_ITEMS)


class StudySession(BaseModel):
    """Learning together; a participant named twice counts once."""

    model_config = ConfigDict(extra="forbid")

    participant_ids: Annotated[
        list[RequiredId], BeforeValidator(_shorten, json_schema_input_type=list[RequiredId]), AfterValidator(_each_once)
    ]
    subject: OptionalId = None
    inserted_at: CreatedAt = None


class StudySessionItem(StudySession):
    """A study session in a bulk request."""

    id: RequiredId


class StudySessionBatch(BaseModel):
    """Body of `POST /v1/study-sessions`."""

    model_config = ConfigDict(extra="forbid")

    items: list[StudySessionItem] = Field(min_length=1, max_length=MAX_ITEMS)
