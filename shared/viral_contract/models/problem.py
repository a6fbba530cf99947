"""The shape of every error: RFC 9457 problem details."""

from pydantic import BaseModel, Field


class FieldError(BaseModel):
    """An error in one value of the request."""

    pointer: str = Field(description="RFC 6901 pointer into the body, or the query parameter's name behind a #")
    detail: str


class Problem(BaseModel):
    """An error answer; `code` is for machines, `detail` for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None
    more_errors: int | None = Field(None, description="Number of errors in addition to those listed")
