"""Sends a message by SMTP, or for development writes it to a file that a mail client opens.

SMTP runs step by step, so that an error shows whether the server can have accepted the message.
"""

import re
import smtplib
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path

from email_worker.message import Mailbox
from email_worker.outcomes import FailedError, NotSentError, RefusedError, UnconfirmedError, judge_smtp
from email_worker.settings import EmailSettings

_OK, _PERMANENT = 2, 5
_MOST_REPLY_CHARACTERS = 500
_UNSAFE = re.compile(r"[^A-Za-z0-9@_-]+")
_MOST_NAME_CHARACTERS = 150


def send_by_smtp(
    settings: EmailSettings, message: EmailMessage, recipient: Mailbox, tell_intent: Callable[[], None]
) -> str:
    """Send the message; returns the server's final reply. Raises NotSentError.

    `tell_intent` is called right before the message itself; errors until then are harmless.
    """
    with _signed_in(settings) as server:
        with _refusing_on_errors():
            options = _find_options(server, recipient)
            _expect_sender(*server.mail(settings.email_from, options))
            _expect_recipient(*server.rcpt(recipient.address))
        tell_intent()
        return _send_data(server, message.as_bytes())


@contextmanager
def _signed_in(settings: EmailSettings) -> Iterator[smtplib.SMTP]:
    with _refusing_on_errors():
        server = _connect(settings)
    try:
        with _refusing_on_errors():
            server.ehlo_or_helo_if_needed()
            if settings.smtp_security == "starttls":
                server.starttls(context=ssl.create_default_context())
                server.ehlo_or_helo_if_needed()
            if settings.smtp_username:
                password = settings.smtp_password.get_secret_value() if settings.smtp_password else ""
                server.login(settings.smtp_username, password)
        yield server
    finally:
        # No wait for the reply to QUIT: reporting the outcome is more urgent.
        with suppress(OSError, smtplib.SMTPException):
            server.putcmd("quit")
        server.close()


def _connect(settings: EmailSettings) -> smtplib.SMTP:
    # HELO with the sender's domain: the machine's own name is a pod's, or takes seconds to look up.
    name = settings.email_from.rpartition("@")[2]
    server, timeout = (settings.smtp_host, settings.smtp_port), settings.smtp_timeout_seconds
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(*server, local_hostname=name, timeout=timeout, context=ssl.create_default_context())
    return smtplib.SMTP(*server, local_hostname=name, timeout=timeout)


def _find_options(server: smtplib.SMTP, recipient: Mailbox) -> list[str]:
    if not recipient.needs_utf8:
        return []
    if not server.has_extn("smtputf8"):
        raise RefusedError("The mail server does not support non-ASCII addresses.")
    return ["SMTPUTF8", "BODY=8BITMIME"]


@contextmanager
def _refusing_on_errors() -> Iterator[None]:
    """Turn errors before DATA into RefusedError or FailedError: nothing has been accepted yet."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise _judge_refusal(error.smtp_code, error.smtp_error, "before the message") from error
    except (OSError, smtplib.SMTPException) as error:
        raise RefusedError(f"Could not use the mail server: {type(error).__name__}: {error}") from error


def _expect_sender(code: int, reply: bytes) -> None:
    if code // 100 != _OK:
        raise _judge_refusal(code, reply, "to the sender")


def _judge_refusal(code: int, reply: bytes | str, where: str) -> NotSentError:
    """The error for a server that refuses us; the reply is part of the reason, as it is not about the recipient."""
    reason = f"The mail server answered {where}: {_format_reply(code, reply)}"
    return FailedError(reason) if code // 100 == _PERMANENT else RefusedError(reason)


def _expect_recipient(code: int, reply: bytes) -> None:
    if code // 100 != _OK:
        raise judge_smtp(code, _format_reply(code, reply), "the recipient")


def _send_data(server: smtplib.SMTP, message: bytes) -> str:
    try:
        code, reply = server.data(message)
    except smtplib.SMTPDataError as error:
        reply_text = _format_reply(error.smtp_code, error.smtp_error)
        raise judge_smtp(error.smtp_code, reply_text, "the beginning of the message") from error
    except (OSError, smtplib.SMTPException) as error:
        reason = f"The connection closed before the mail server confirmed the message: {type(error).__name__}."
        raise UnconfirmedError(reason) from error
    if code // 100 != _OK:
        raise judge_smtp(code, _format_reply(code, reply), "the message")
    return _format_reply(code, reply)


def _format_reply(code: int, reply: bytes | str) -> str:
    text = reply if isinstance(reply, str) else reply.decode("utf-8", "replace")
    return f"{code} {text}"[:_MOST_REPLY_CHARACTERS]


def write_to_folder(folder: Path, message: EmailMessage, tell_intent: Callable[[], None]) -> str:
    """Write the message to a file named by its Message-ID, atomically. Raises RefusedError if that fails."""
    tell_intent()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _name_file(message["Message-ID"])
        _write_whole(path, message.as_bytes())
    except OSError as error:
        raise RefusedError(f"The file could not be written: {error.strerror}") from error
    return f"written to {path.name}"


def _name_file(message_id: str) -> str:
    """A name without separators and dots, so that it stays in the folder."""
    return _UNSAFE.sub("_", message_id.strip("<>"))[:_MOST_NAME_CHARACTERS] + ".eml"


def _write_whole(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        part.write(content)
    Path(part.name).replace(path)
