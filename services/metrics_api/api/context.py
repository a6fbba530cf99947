"""The context of the application that handles the request."""

from flask import current_app

from metrics_api.context import Context


def current_context() -> Context:
    """The context that the application was created with."""
    context: Context = current_app.extensions["context"]
    return context
