"""A password that somebody chooses: refused where it is easy to guess, else hashed."""

from http import HTTPStatus

from pydantic import SecretStr

from metrics_api.access.passwords import WeakPasswordError, check_password, hash_password
from metrics_api.api.problems import ProblemError
from viral_contract.models.problem import FieldError


def hash_new_password(password: SecretStr, email: str, pointer: str) -> str:
    """The hash to store for the owner of this email. Raises ProblemError 422, at the pointer, for a weak one."""
    try:
        check_password(password.get_secret_value(), email)
    except WeakPasswordError as error:
        errors = [FieldError(pointer=pointer, detail=str(error))]
        raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "weak_password", str(error), errors) from error
    return hash_password(password.get_secret_value())
