"""What becomes of a message at each point where a real mail server can refuse, hang up or be slow."""

import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
import trustme

from email_worker.message import Mailbox, read_mailbox
from email_worker.outcomes import FailedError, NotSentError
from email_worker.settings import EmailSettings
from email_worker.transport import send_by_smtp
from tests.support.mail_server import DROP, MailServer, mail_server
from viral_cli.local.ports import find_free_port

ANN = Mailbox("ann@school.example", needs_utf8=False)


class Intents:
    """Counts how often the intent was told."""

    def __init__(self) -> None:
        self.told = 0

    def tell(self) -> None:
        self.told += 1


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server without encryption."""
    with mail_server() as server:
        yield server


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this process trusts."""
    authority = trustme.CA()
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return authority


def certify(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def settle(port: int, **settings: Any) -> EmailSettings:
    given = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "smtp_timeout_seconds": 10}
    return EmailSettings(**given | settings)


def write() -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = "<1@mail.example>"
    message.set_content("K is 0.74\n.\nand goes on")
    return message


def end_of(settings: EmailSettings, recipient: Mailbox = ANN) -> tuple[NotSentError, int]:
    """How an attempt that must not succeed ends, and how often the intent was told."""
    intents = Intents()
    with pytest.raises(NotSentError) as raised:
        send_by_smtp(settings, write(), recipient, intents.tell)
    return raised.value, intents.told


def test_a_message_arrives_whole_after_its_intent_was_told(mail: MailServer) -> None:
    intents = Intents()
    assert send_by_smtp(settle(mail.port), write(), ANN, intents.tell) == "250 OK: taken"
    (taken,) = mail.taken
    assert (taken.sender, taken.recipients) == ("reports@viral-guardrails.example", ["ann@school.example"])
    assert taken.message.get_content().split() == ["K", "is", "0.74", ".", "and", "goes", "on"]
    assert mail.said_hello == ["viral-guardrails.example"]
    assert intents.told == 1


@pytest.mark.parametrize(
    ("point", "answer", "outcome", "told"),
    [
        ("to_hello", "421 busy", "refused", 0),
        ("to_hello", "554 5.7.1 you are on a list", "failed", 0),
        ("to_hello", DROP, "refused", 0),
        ("to_sender", "451 later", "refused", 0),
        ("to_sender", "550 5.7.1 sender not verified", "failed", 0),
        ("to_sender", DROP, "refused", 0),
        ("to_recipient", "450 4.2.0 greylisted", "refused", 0),
        ("to_recipient", "550 5.1.1 no such user", "failed", 0),
        ("to_recipient", DROP, "refused", 0),
        ("to_data", "451 later", "refused", 1),
        ("to_data", "554 no", "failed", 1),
        ("to_data", DROP, "uncertain", 1),
        ("to_message", "451 4.3.0 later", "refused", 1),
        ("to_message", "421 4.3.2 closing", "refused", 1),
        ("to_message", "552 5.3.4 too large", "failed", 1),
        ("to_message", "354 what", "uncertain", 1),
        ("to_message", DROP, "uncertain", 1),
    ],
)
def test_what_the_server_says_decides_whether_it_is_tried_again(
    mail: MailServer, point: str, answer: str, outcome: str, told: int
) -> None:
    getattr(mail, point).append(answer)
    error, intents = end_of(settle(mail.port))
    assert (error.outcome, intents) == (outcome, told)
    if answer != DROP:
        assert error.reply == answer if point not in ("to_hello", "to_sender") else answer in str(error)


def test_what_the_server_says_of_us_is_no_reply_about_the_recipient(mail: MailServer) -> None:
    mail.to_sender.append("550 5.1.1 no such user")
    error, _ = end_of(settle(mail.port))
    assert (str(error), error.reply) == ("The mail server answered to the sender: 550 5.1.1 no such user", None)


def test_silence_after_the_message_is_uncertain_and_before_it_is_not(mail: MailServer) -> None:
    settings = settle(mail.port, smtp_timeout_seconds=0.3)
    mail.holds_messages.set()
    assert end_of(settings)[0].outcome == "uncertain"
    mail.holds_recipients.set()
    error, intents = end_of(settings)
    assert (error.outcome, intents) == ("refused", 0)


def test_a_server_that_is_away_is_tried_again() -> None:
    error, intents = end_of(settle(find_free_port()))
    assert (error.outcome, intents) == ("refused", 0)
    assert "ConnectionRefusedError" in str(error)


def test_starttls_and_login(authority: trustme.CA) -> None:
    with mail_server(starttls=certify(authority, "localhost"), password="secret") as mail:
        settings = settle(
            mail.port, smtp_host="localhost", smtp_security="starttls", smtp_username="apikey", smtp_password="secret"
        )
        send_by_smtp(settings, write(), ANN, Intents().tell)
        assert (len(mail.taken), mail.logins) == (1, [("apikey", "secret")])
        error, _ = end_of(settings.model_copy(update={"smtp_username": None}))
        assert (error.outcome, error.reply) == ("failed", None)
    assert str(error) == "The mail server answered to the sender: 530 5.7.0 Authentication required"


def test_a_wrong_password_is_no_fault_of_the_recipient(authority: trustme.CA) -> None:
    with mail_server(starttls=certify(authority, "localhost"), password="secret") as mail:
        settings = settle(
            mail.port, smtp_host="localhost", smtp_security="starttls", smtp_username="u", smtp_password="x"
        )
        error, _ = end_of(settings)
    assert (error.outcome, error.reply) == ("failed", None)
    assert str(error).startswith("The mail server answered before the message: 535 ")


def test_implicit_tls(authority: trustme.CA) -> None:
    with mail_server(tls=certify(authority, "localhost")) as mail:
        send_by_smtp(settle(mail.port, smtp_host="localhost", smtp_security="tls"), write(), ANN, Intents().tell)
        assert len(mail.taken) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("mistake", ["other name", "unknown authority"])
def test_a_certificate_that_proves_nothing_gets_nothing(authority: trustme.CA, security: str, mistake: str) -> None:
    issuer, name = (authority, "other.example") if mistake == "other name" else (trustme.CA(), "localhost")
    with mail_server(**{security: certify(issuer, name)}) as mail:
        error, intents = end_of(settle(mail.port, smtp_host="localhost", smtp_security=security))
        assert (error.outcome, intents, mail.taken) == ("refused", 0, [])
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)


def test_nothing_is_sent_in_the_clear_when_starttls_was_asked_for(mail: MailServer) -> None:
    error, intents = end_of(settle(mail.port, smtp_security="starttls"))
    assert (error.outcome, intents, mail.taken) == ("refused", 0, [])


@pytest.mark.parametrize(
    ("recipient", "address", "needs_utf8"),
    [
        ("ann@school.example", "ann@school.example", False),
        ("ann@schüle.example", "ann@xn--schle-mva.example", False),
        ("änn@schüle.example", "änn@xn--schle-mva.example", True),
    ],
)
def test_addresses_of_every_script_are_reached(
    mail: MailServer, recipient: str, address: str, needs_utf8: bool
) -> None:
    mailbox = read_mailbox(recipient)
    assert mailbox == Mailbox(address, needs_utf8)
    send_by_smtp(settle(mail.port), write(), mailbox, Intents().tell)
    assert mail.taken[0].recipients == [address]


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "ann",
        "ann@a.example, bob@b.example",
        "Ann <ann@a.example>",
        "ann@a.example\r\nRCPT TO:<eve@x.example>",
        "=?utf-8?q?a=0D=0ABcc=3A=20eve=40x.example?=@a.example",
    ],
)
def test_what_is_no_address_never_reaches_the_server(recipient: str) -> None:
    with pytest.raises(FailedError):
        read_mailbox(recipient)
