"""Outcomes of an attempt other than a confirmed message; each error says what may follow."""

from http import HTTPStatus

from viral_contract.models.deliveries import Outcome


class NotSentError(Exception):
    """The attempt did not succeed; the message is the reason.

    `reply` is the server's reply about the recipient or the message.
    """

    outcome: Outcome

    def __init__(self, reason: str, reply: str | None = None) -> None:
        super().__init__(reason)
        self.reply = reply


class RefusedError(NotSentError):
    """Nothing was accepted, so it may be retried."""

    outcome = "refused"


class FailedError(NotSentError):
    """It was refused permanently."""

    outcome = "failed"


class UnconfirmedError(NotSentError):
    """The server may have accepted it: a second attempt could be a second message."""

    outcome = "uncertain"


def judge_smtp(code: int, reply: str, what: str) -> NotSentError:
    """The error for a mail server's reply: 4xx is temporary, 5xx permanent (RFC 5321, 4.2.1)."""
    reason = f"The mail server answered {code} to {what}."
    if code // 100 == 4:
        return RefusedError(reason, reply)
    return FailedError(reason, reply) if code // 100 == 5 else UnconfirmedError(reason, reply)


def judge_http(status: int, reply: str) -> NotSentError:
    """The error for a webhook's answer: temporary statuses are retried, the others are permanent."""
    reason = f"The webhook returned {status}."
    passing = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in passing:
        return RefusedError(reason, reply)
    return FailedError(reason, reply)
