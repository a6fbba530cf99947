"""Messages as other programs read them: every header as it was meant, and none that somebody smuggled in."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart

import pytest

from email_worker.letters import Letter, write_report_letter
from email_worker.message import build_message, read_mailbox
from tests.support.letters import AT, UNSUBSCRIBE_URL, build_claim, build_report
from viral_contract.models.deliveries import DeliveryClaimed

SENDER = "reports@viral-guardrails.example"
LETTER = Letter("Weekly growth report, 2–8 March 2026", "<p>K is 0.74 – up</p>", "K is 0.74 – up", {})
HOSTILE = [
    "K\r\nBcc: eve@x.example",
    "K\nBcc: eve@x.example",
    "K\r\n\r\n<p>body</p>",
    "K\u2028Bcc: eve@x.example",
    "K\x85Bcc: eve\x00@x.example",
    "=?utf-8?q?K=0D=0ABcc=3A_eve=40x.example?=",
]


def send(letter: Letter = LETTER, claim: DeliveryClaimed | None = None) -> tuple[bytes, EmailMessage]:
    """The message as it is sent, and as it is read."""
    claim = claim or build_claim()
    content = build_message(letter, claim, read_mailbox(claim.recipient), SENDER, now=AT).as_bytes()
    parsed = message_from_bytes(content, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return content, parsed


def test_every_header_is_read_as_it_was_meant() -> None:
    _, message = send(claim=build_claim(unsubscribe_url=UNSUBSCRIBE_URL))
    assert dict(message.items()) == {
        "From": "Viral Guardrails <reports@viral-guardrails.example>",
        "To": "ann@school.example",
        "Subject": "Weekly growth report, 2–8 March 2026",
        "Date": "Mon, 09 Mar 2026 09:00:05 +0000",
        "Message-ID": build_claim().message_id,
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{UNSUBSCRIBE_URL}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }
    assert message.defects == []


def test_addresses_that_programs_read_are_never_encoded() -> None:
    content, _ = send(claim=build_claim(unsubscribe_url=UNSUBSCRIBE_URL))
    assert f"\r\nList-Unsubscribe: <{UNSUBSCRIBE_URL}>\r\n".encode() in content
    assert f"\r\nMessage-ID: {build_claim().message_id}\r\n".encode() in content


def test_a_mail_client_finds_text_page_and_picture() -> None:
    report = build_report()
    letter = write_report_letter(report, report_url=None, unsubscribe_url=UNSUBSCRIBE_URL)
    _, message = send(letter)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    assert isinstance(plain, MIMEPart)
    assert isinstance(page, MIMEPart)
    assert plain.get_content().split() == letter.text.split()
    assert page.get_content().split() == letter.html.split()
    picture = list(message.walk())[-1]
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<k-factor>", "inline")
    assert picture.get_payload(decode=True) == letter.images["k-factor"]


def test_every_mail_server_takes_its_lines() -> None:
    letter = write_report_letter(build_report(), report_url="https://x.example/" + "y" * 2000, unsubscribe_url=None)
    content, _ = send(letter, build_claim(unsubscribe_url=UNSUBSCRIBE_URL))
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not [line for line in lines if re.search(rb"[\r\n\x00]", line)]
    assert content.isascii()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_subject_stays_one_header(hostile: str) -> None:
    _, usual = send()
    content, message = send(Letter(hostile, "<p>x</p>", "x", {}))
    assert message.keys() == usual.keys()
    assert b"\r\nBcc" not in content
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize("hostile", HOSTILE[:5])
@pytest.mark.parametrize("name", ["unsubscribe_url", "message_id"])
def test_no_header_can_be_ended_early(hostile: str, name: str) -> None:
    try:
        _, message = send(claim=build_claim(**{name: f"<https://x.example/{hostile}>"}))
    except ValueError:
        return
    assert "Bcc" not in message


@pytest.mark.parametrize("hostile", HOSTILE)
def test_texts_stay_in_their_parts(hostile: str) -> None:
    _, message = send(Letter("K", f"<p>{hostile}</p>", f"{hostile}\r\n.\r\nMAIL FROM:<eve@x.example>", {}))
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert "Bcc" not in message


def test_an_address_in_another_script_is_written_as_it_is() -> None:
    claim = build_claim(recipient="änn@schüle.example")
    content = build_message(LETTER, claim, read_mailbox(claim.recipient), SENDER, now=AT).as_bytes()
    assert "\r\nTo: änn@xn--schle-mva.example\r\n".encode() in content
