"""Scans of a text or data for personal information on request."""

import json
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PiiType = Literal[
    "email",
    "phone",
    "ssn",
    "credit_card",
    "ip_address",
    "street_address",
    "date_of_birth",
    "person_name",
    "school",
]
MAX_SCAN_BYTES = 64 * 1024


class ScanRequest(BaseModel):
    """Either a text or an object, at most 64 KiB; it is neither stored nor logged."""

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    data: dict[str, Any] | None = None

    @model_validator(mode="after")
    def check_one_of_two(self) -> Self:
        """Refuse both and neither."""
        if (self.text is None) == (self.data is None):
            raise ValueError("give either text or data")
        return self

    def scanned_bytes(self) -> int:
        """The size of the text, or of the data as compact JSON, in UTF-8."""
        scanned = json.dumps(self.data, ensure_ascii=False, separators=(",", ":")) if self.text is None else self.text
        return len(scanned.encode())


class PiiFinding(BaseModel):
    """One piece of personal information: its place and rule, never the value itself."""

    type: PiiType
    start: int = Field(description="Offset in Unicode code points of the text, or of the value at `path`")
    end: int = Field(description="Offset after the last code point")
    masked: str
    rule: str
    path: str | None = Field(None, description="RFC 6901 pointer into the data; null in a text")


class ScanAnswer(BaseModel):
    """Findings, in the order of the text or data."""

    findings: list[PiiFinding]
