"""One search over everything that has an id."""

from datetime import datetime

from pydantic import BaseModel, Field


class SearchHit(BaseModel):
    """Something whose id begins with the text, or holds it."""

    id: str = Field(description="Opens it: of a network and a device its ref, else its id")
    label: str = Field(description="Networks and devices are masked without identifiers:read")
    alias: str = Field("", description="Short name that distinguishes masked rows, the same for every viewer")
    status: str | None = Field(None, description="Of a case, an alert and a report")
    at: datetime | None = Field(None, description="When a case or an alert was opened, or a report requested")


class SearchAnswer(BaseModel):
    """Up to 5 of each kind. Without identifiers:read networks and devices are found by their refs only."""

    networks: list[SearchHit] = Field(description="By address, prefix or a part of either")
    devices: list[SearchHit] = Field(description="By a part of the fingerprint")
    referrers: list[SearchHit] = Field(description="By a part of the id")
    users: list[SearchHit] = Field(default_factory=list, description="By a part of the id, with identifiers:read only")
    links: list[SearchHit] = Field(description="By a part of the id")
    cases: list[SearchHit] = Field(description="By id or part of the entity, newest first")
    alerts: list[SearchHit] = Field(description="By id or part of the message, note or a name, worst first")
    reports: list[SearchHit] = Field(description="By id or part of the type or a date of the period, newest first")
    beginnings_only: list[str] = Field(
        default_factory=list,
        description="Kinds of which only the newest 200,000 rows were searched for parts, or none for a text of fewer "
        "than 3 characters; what begins with the text is found among all",
    )
