"""What the fuzzer must know about this API beyond its document."""

from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, GenerationMode, HookContext, Response

# Rules between values, or about the moment, which JSON Schema cannot state. Valid data may be refused for these only.
RULES = (
    "start and end must be given together",
    "give either",
    "is before start",
    "is in the future: today is",
    "must not be before start",
    "at most 366 are allowed",
    "is not a cursor from this list",
    "is not an IP address or a network",
    "must be in the future",
    "is more than 5 minutes in the future",
    "is out of range",
    "must explain why it is a false positive",
    "must change at least one field",
    "a custom report needs period_start and period_end",
    "are for custom reports only",
    "the period must have 1 to 366 days",
    "must fall in this order",
    "must be an IPv4 or IPv6 address",
    "must be at most",
    "must not contain the character U+0000",
    "must be at least 1000-01-01",
    "is not a route",
    "is not a valid email address",
    "is required for a new rule or channel",
    "must be a URL such as",
    "is not a valid unsubscribe link",
    "must not hold sessions:write",
    "must not look like a person or the service itself",
    "must not look like the person",
    "give the error of an attempt",
    "only conversions are credible or not",
    "email and slack carry alert.opened and alert.ended only",
    "is either a false positive or resolved once its period has passed",
    "this is no iCalendar file",
    "has no known school holidays",
    "is required here; choose",
)

# A calendar file is a text.
schemathesis.serializer.alias("text/calendar", "text/plain")


@schemathesis.hook
def filter_case(_context: HookContext, case: Case) -> bool:
    """Leave invalid items with `partial=true` out: they are not refused but listed as rejected."""
    is_partial = str((case.query or {}).get("partial", "")).lower() in ("true", "1", "yes", "on", "t", "y")
    return not (is_partial and _mode(case) == GenerationMode.NEGATIVE)


@schemathesis.check
def valid_data_is_accepted(_context: CheckContext, response: Response, case: Case) -> None:
    """Valid data is refused only for a rule that the schema cannot state."""
    if _mode(case) != GenerationMode.POSITIVE or response.status_code not in (400, 406, 413, 415, 422):
        return
    problem: dict[str, Any] = response.json()
    reasons = [each["detail"] for each in problem.get("errors", [])] or [problem["detail"]]
    unexplained = [reason for reason in reasons if not any(rule in reason for rule in RULES)]
    assert not unexplained, f"Valid data was refused: {'; '.join(unexplained)}"


def _mode(case: Case) -> GenerationMode | None:
    return case.meta.generation.mode if case.meta else None
