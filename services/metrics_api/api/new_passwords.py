"""A new password: rejected if it is easy to guess, else hashed."""

from http import HTTPStatus

from pydantic import SecretStr

from metrics_api.access.passwords import WeakPasswordError, check_password, hash_password
from metrics_api.api.problems import ProblemError
from viral_contract.models.problem import FieldError


def hash_new_password(password: SecretStr, email: str, pointer: str) -> str:
    """The hash to store. Raises ProblemError 422, with the pointer, for a weak password."""
    try:
        check_password(password.get_secret_value(), email)
    except WeakPasswordError as error:
        errors = [FieldError(pointer=pointer, detail=str(error))]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "weak_password", str(error), errors) from error
    return hash_password(password.get_secret_value())
