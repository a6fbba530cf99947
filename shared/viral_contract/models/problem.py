"""The shape of every error, RFC 9457 problem details, and plain messages for invalid values."""

from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails


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


_NOT_A_TIME = "must be an RFC 3339 time such as 2026-03-01T09:30:00Z"
_NOT_A_DATE = "must be a date such as 2026-03-01"
_NOT_A_UUID = "must be a UUID such as 1b4e28ba-2fa1-4d2c-883f-0016d3cca427"
_NOT_A_NUMBER = "must be a number"
_NOT_WHOLE = "must be a whole number"
_NOT_A_TEXT = "must be text"
_NOT_BOOLEAN = "must be true or false"
_NOT_AN_OBJECT = "must be an object"

# By pydantic's error type; the braces are filled from the error's context.
_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "too_long": "must have at most {max_length} items",
    "too_short": "must have at least {min_length} items",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "uuid_type": _NOT_A_UUID,
    "uuid_parsing": _NOT_A_UUID,
    "datetime_type": _NOT_A_TIME,
    "datetime_parsing": _NOT_A_TIME,
    "datetime_from_date_parsing": _NOT_A_TIME,
    "timezone_aware": "must name its time zone, as 2026-03-01T09:30:00Z does",
    "date_type": _NOT_A_DATE,
    "date_parsing": _NOT_A_DATE,
    "date_from_datetime_parsing": _NOT_A_DATE,
    "date_from_datetime_inexact": _NOT_A_DATE,
    "float_type": _NOT_A_NUMBER,
    "float_parsing": _NOT_A_NUMBER,
    "finite_number": _NOT_A_NUMBER,
    "int_type": _NOT_WHOLE,
    "int_parsing": _NOT_WHOLE,
    "int_parsing_size": _NOT_WHOLE,
    "int_from_float": _NOT_WHOLE,
    "string_type": _NOT_A_TEXT,
    "bool_type": _NOT_BOOLEAN,
    "bool_parsing": _NOT_BOOLEAN,
    "model_type": _NOT_AN_OBJECT,
    "model_attributes_type": _NOT_AN_OBJECT,
    "dict_type": _NOT_AN_OBJECT,
    "list_type": "must be a list",
}


def format_sentence(item: ErrorDetails) -> str:
    """The sentence for one error, without the value's name, which its pointer gives."""
    sentence = _SENTENCES.get(item["type"])
    if sentence is None:
        return item["msg"].removeprefix("Value error, ")
    context = item.get("ctx", {}).items()
    return sentence.format_map({name: f"{value:g}" if isinstance(value, float) else value for name, value in context})
