"""A mail server of the tests: real SMTP by aiosmtpd, which can refuse, hang up and wait on command."""

# ruff: noqa: ARG002, N802 - aiosmtpd chooses the names and arguments of its hooks.

import asyncio
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from viral_cli.local.ports import find_free_port

DROP: Final = "drop the connection"
OK: Final = "250 OK: taken"
_WAIT_SECONDS = 60
_LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Taken:
    """A message that the server took, answered or not."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message as Python's own parser reads it."""
        parsed = message_from_bytes(self.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass
class MailServer:
    """What the server got, and what it answers: the next of each list, then that all is well; to each hello the first.

    DROP hangs up without an answer, after the whole message as a server that has taken it.
    """

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    said_hello: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    asked_at: list[float] = field(default_factory=list)
    to_hello: deque[str] = field(default_factory=deque)
    to_sender: deque[str] = field(default_factory=deque)
    to_recipient: deque[str] = field(default_factory=deque)
    to_data: deque[str] = field(default_factory=deque)
    to_message: deque[str] = field(default_factory=deque)
    delays: deque[float] = field(default_factory=deque)
    holds_recipients: threading.Event = field(default_factory=threading.Event)
    holds_messages: threading.Event = field(default_factory=threading.Event)
    reached: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def count_by_id(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(str(taken.message["Message-ID"]) for taken in self.taken)

    def wait_until_reached(self) -> None:
        """Wait for a client at the point that is held."""
        assert self.reached.acquire(timeout=_WAIT_SECONDS)

    async def hold(self, held: threading.Event) -> None:
        """Keep a client waiting as long as the event is set."""
        if held.is_set():
            self.reached.release()
        while held.is_set():
            await asyncio.sleep(_LOOK_SECONDS)


class _Handler:
    def __init__(self, mail: MailServer) -> None:
        self._mail = mail

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        self._mail.said_hello.append(hostname)
        return [_say(server, self._mail.to_hello[0])] if self._mail.to_hello else responses

    async def handle_HELO(self, server: SMTP, session: Session, envelope: Envelope, hostname: str) -> str:
        session.host_name = hostname
        return _say(server, self._mail.to_hello[0]) if self._mail.to_hello else OK

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._answer(server, self._mail.to_sender)

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        await self._mail.hold(self._mail.holds_recipients)
        answer = self._answer(server, self._mail.to_recipient)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self._mail.asked_at.append(time.monotonic())
        answer = self._mail.to_message.popleft() if self._mail.to_message else OK
        if answer == DROP or answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self._mail.taken.append(Taken(str(envelope.mail_from), list(envelope.rcpt_tos), content))
        await self._mail.hold(self._mail.holds_messages)
        if self._mail.delays:
            await asyncio.sleep(self._mail.delays.popleft())
        return _say(server, answer)

    def _answer(self, server: SMTP, answers: deque[str]) -> str:
        return _say(server, answers.popleft() if answers else OK)


class _Server(SMTP):
    async def smtp_DATA(self, arg: str) -> None:
        answers = self.event_handler._mail.to_data
        if answers:
            await self.push(_say(self, answers.popleft()))
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


def _say(server: SMTP, answer: str) -> str:
    if answer == DROP and server.transport is not None:
        server.transport.abort()
    return answer


@contextmanager
def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, password: str | None = None
) -> Iterator[MailServer]:
    """A server on a free port for as long as the block runs; with a password it takes nothing from strangers."""
    mail = MailServer(port=find_free_port())

    def authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, given: Any) -> AuthResult:
        assert isinstance(given, LoginPassword)
        mail.logins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=given.password.decode() == password, handled=False)

    options: dict[str, Any] = {"enable_SMTPUTF8": True}
    if starttls:
        options |= {"tls_context": starttls, "require_starttls": True}
    if password:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": bool(starttls)}
    controller = _Controller(_Handler(mail), "127.0.0.1", mail.port, ssl_context=tls, **options)
    controller.start()
    try:
        yield mail
    finally:
        mail.holds_recipients.clear()
        mail.holds_messages.clear()
        controller.stop()
