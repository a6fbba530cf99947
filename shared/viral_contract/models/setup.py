"""What of the first run is done."""

from pydantic import BaseModel, Field


class SetupAnswer(BaseModel):
    """The steps from an empty product to its first report; what was done once stays done."""

    token: bool = Field(description="A person created an API token; it may have expired or been revoked since")
    event: bool = Field(description="An event was stored; it may have been purged since")
    link: bool = Field(description="A link is registered")
    report: bool = Field(description="A report was generated")
