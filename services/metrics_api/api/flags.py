"""The state of the feature flags. They are changed in their file, which the API does not write."""

from http import HTTPStatus

from metrics_api.api.authentication import current_principal
from metrics_api.api.context import current_context
from metrics_api.api.routing import Resource
from viral_contract.models.flags import FlagsAnswer
from viral_contract.models.people import Scope

flags = Resource("flags")


@flags.route("GET", "/v1/flags", scope=Scope.ADMIN, answers={HTTPStatus.OK: FlagsAnswer})
def get_flags() -> FlagsAnswer:
    """List every flag as it applies to the caller, and the flags file."""
    return current_context().flags.describe(current_principal().name)
