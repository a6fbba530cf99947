"""Errors of the local stack, each with a message for people."""


class StackError(Exception):
    """The local stack cannot start or continue; the message says why and what to do."""
