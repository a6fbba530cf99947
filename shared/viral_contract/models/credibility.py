"""Whether a conversion deserves its reward, for the app to ask before it pays."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from viral_contract.models.entity_lists import ListKind

Credibility = Literal["credible", "doubtful", "not_credible"]
CredibilityCode = Literal[
    "allowed",
    "denied",
    "watched",
    "judged_fraud",
    "judged_legitimate",
    "judged_unsure",
    "open_case",
    "worth_a_look",
    "self_referral",
    "network_over_limit",
    "device_burst",
    "unusual_conversions",
    "no_referrer",
]


class CredibilityReason(BaseModel):
    """One thing that is known about the conversion."""

    code: CredibilityCode
    text: str = Field(description="The reason as a sentence, without identifiers")
    entity: ListKind | None = Field(None, description="Which part of the conversion it is about")
    case_id: int | None = Field(None, description="The case behind it, if there is one")
    rules: list[str] = Field(default_factory=list, description="The rules of that case")


class CredibilityAnswer(BaseModel):
    """The answer about one conversion, at this time; it may change when cases are opened or decided."""

    verdict: Credibility
    reasons: list[CredibilityReason] = Field(description="What the verdict rests on first")
    as_of: datetime
