"""How an attempt can end without a message that was surely sent; each error says what may follow."""

from http import HTTPStatus

from viral_contract.models.deliveries import Outcome


class NotSentError(Exception):
    """The attempt ended otherwise than by success; the message is the reason.

    `reply` is what the server said of the recipient or of what was sent to it.
    """

    outcome: Outcome

    def __init__(self, reason: str, reply: str | None = None) -> None:
        super().__init__(reason)
        self.reply = reply


class RefusedError(NotSentError):
    """Nothing was accepted, so it may be tried again."""

    outcome = "refused"


class FailedError(NotSentError):
    """It was refused for good."""

    outcome = "failed"


class UnconfirmedError(NotSentError):
    """The server may have accepted it: a second attempt could be a second message."""

    outcome = "uncertain"


def judge_smtp(code: int, reply: str, what: str) -> NotSentError:
    """What a mail server's answer other than success means: 4xx for now, 5xx for good (RFC 5321, 4.2.1)."""
    reason = f"The mail server answered {code} to {what}."
    if code // 100 == 4:
        return RefusedError(reason, reply)
    return FailedError(reason, reply) if code // 100 == 5 else UnconfirmedError(reason, reply)


def judge_http(status: int, reply: str) -> NotSentError:
    """What a webhook's answer other than success means: what may pass is tried again, the rest is final."""
    reason = f"The webhook returned {status}."
    passing = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in passing:
        return RefusedError(reason, reply)
    return FailedError(reason, reply)
