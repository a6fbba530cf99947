"""What can go wrong with the local stack, each as one message for a person."""


class StackError(Exception):
    """The local stack cannot start or go on; the message says why and what helps."""
