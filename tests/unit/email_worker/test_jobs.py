"""What a job says to the API, in which order, and what is sent meanwhile, whatever goes wrong on either side."""

import hashlib
import hmac
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from rq.timeouts import JobTimeoutException
from structlog.testing import capture_logs

from email_worker import jobs
from tests.support.hook_server import answer, hook_server
from tests.support.letters import build_claim, build_notification
from tests.support.mail_server import DROP, MailServer, mail_server
from tests.support.scripted_api import DOWN, NOT_HELD, Answer, ScriptedApi, scripted_api

SENDING = (200, {"status": "sending"})


def claimed(**fields: Any) -> Answer:
    return 200, build_claim(**fields).model_dump(mode="json")


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    with mail_server() as server:
        yield server


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, mail: MailServer) -> Iterator[ScriptedApi]:
    """An API that the jobs reach by their settings, as they reach the mail server."""
    answers = {"claim": [claimed()], "intent": [SENDING], "result": [(200, {"status": "sent"})]}
    with scripted_api(answers) as api:
        use(monkeypatch, api.url, mail.port)
        yield api
    jobs.connect.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, url: str, smtp_port: int = 25) -> None:
    environment = {
        "METRICS_API_URL": url,
        "EMAIL_WORKER_TOKEN": "x" * 32,
        "REDIS_URL": "redis://unused",
        "SMTP_PORT": str(smtp_port),
        "SMTP_SECURITY": "none",
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    jobs.connect.cache_clear()


def test_an_email_is_claimed_announced_sent_and_reported(api: ScriptedApi, mail: MailServer) -> None:
    jobs.send_email(5)
    assert api.calls == ["claim", "intent", "result"]
    intent, result = api.bodies["intent"], api.bodies["result"]
    assert (intent["token"], intent["content"]["subject"]) == (2, "Weekly growth report, 2–8 March 2026")
    assert (result["token"], result["outcome"], result["reply"]) == (2, "sent", "250 OK: taken")
    assert mail.count_by_id() == {build_claim().message_id: 1}


def test_an_email_to_a_domain_that_is_not_allowed_fails_unsent(
    api: ScriptedApi, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_RECIPIENT_DOMAINS", "other.example")
    jobs.send_email(5)
    assert (api.calls, mail.said_hello) == (["claim", "result"], [])
    result = api.bodies["result"]
    assert (result["outcome"], result["error"]) == (
        "failed",
        "The recipient's domain is not in EMAIL_RECIPIENT_DOMAINS.",
    )


def test_a_placeholder_is_logged_and_kept_and_nothing_is_sent(api: ScriptedApi, mail: MailServer) -> None:
    api.answers["claim"] = [claimed(is_placeholder=True)]
    with capture_logs() as logs:
        jobs.send_email(5)
    assert (api.calls, mail.said_hello) == (["claim", "result"], [])
    (line,) = [line for line in logs if line["event"] == "email_placeholder"]
    assert (line["subject"], line["report_id"]) == ("Weekly growth report, 2–8 March 2026", 7)
    assert "ann@school.example" not in json.dumps(logs)
    result = api.bodies["result"]
    assert (result["outcome"], result["error"]) == ("placeholder", None)
    assert "K is 0.74" in result["content"]["text"]
    assert "<html" in result["content"]["html"]


def test_the_log_names_recipients_masked(api: ScriptedApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.answers["claim"] = [claimed(is_placeholder=True)]
    jobs.send_email(5)
    logged = capsys.readouterr().out
    assert "a…@school.example" in logged
    assert "ann@" not in logged


@pytest.mark.parametrize("said", [NOT_HELD, DOWN])
def test_a_delivery_that_another_worker_has_or_that_cannot_be_claimed_now_is_left_alone(
    api: ScriptedApi, mail: MailServer, said: Answer
) -> None:
    api.answers["claim"] = [said]
    jobs.send_email(5)
    assert (api.calls, mail.said_hello) == (["claim"], [])


def test_a_worker_that_lost_its_delivery_sends_nothing(api: ScriptedApi, mail: MailServer) -> None:
    api.answers["intent"] = [NOT_HELD]
    jobs.send_email(5)
    assert (api.calls, mail.taken) == (["claim", "intent"], [])


def test_an_api_that_is_briefly_down_hears_of_the_email_all_the_same(api: ScriptedApi, mail: MailServer) -> None:
    api.answers["intent"] = [DOWN, SENDING]
    api.answers["result"] = [DOWN, DOWN, (200, {"status": "sent"})]
    jobs.send_email(5)
    assert (api.calls.count("intent"), api.calls.count("result"), len(mail.taken)) == (2, 3, 1)


def test_what_is_known_is_said_even_after_the_lease(api: ScriptedApi, mail: MailServer) -> None:
    api.answers["claim"] = [claimed(lease_seconds=0)]
    jobs.send_email(5)
    assert (api.calls, len(mail.taken)) == (["claim", "intent", "result"], 1)


def test_an_api_that_is_down_for_longer_than_a_claim_hears_of_the_email_all_the_same(
    api: ScriptedApi, mail: MailServer
) -> None:
    api.answers["claim"] = [claimed(lease_seconds=0)]
    api.answers["intent"] = [(200, {"status": "sending", "lease_seconds": 30})]
    api.answers["result"] = [DOWN, DOWN, (200, {"status": "sent"})]
    jobs.send_email(5)
    assert (api.calls.count("result"), api.bodies["result"]["outcome"], len(mail.taken)) == (3, "sent", 1)


def test_calls_are_not_repeated_after_the_lease(api: ScriptedApi, mail: MailServer) -> None:
    api.answers["claim"] = [claimed(lease_seconds=0)]
    api.answers["intent"] = [DOWN]
    jobs.send_email(5)
    assert (api.calls, mail.taken) == (["claim", "intent"], [])


def test_an_api_that_is_away_is_no_error_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, "http://127.0.0.1:9")
    jobs.send_email(5)
    jobs.connect.cache_clear()


@pytest.mark.parametrize(
    ("point", "said", "outcome"),
    [
        ("to_recipient", "550 5.1.1 no such user", "failed"),
        ("to_message", "451 later", "refused"),
        ("to_message", DROP, "uncertain"),
    ],
)
def test_what_the_mail_server_says_is_handed_on(
    api: ScriptedApi, mail: MailServer, point: str, said: str, outcome: str
) -> None:
    getattr(mail, point).append(said)
    jobs.send_email(5)
    result = api.bodies["result"]
    assert (result["outcome"], bool(result["error"])) == (outcome, True)
    assert result["reply"] == (said if said != DROP else None)


def test_a_report_that_cannot_be_written_ends_the_attempt(api: ScriptedApi, mail: MailServer) -> None:
    report = build_claim().report
    assert report
    api.answers["claim"] = [claimed(report=report.model_copy(update={"facts": None}))]
    jobs.send_email(5)
    assert api.bodies["result"]["outcome"] == "refused"
    assert api.bodies["result"]["error"].startswith("NotWrittenError: ")
    assert mail.said_hello == []


@pytest.fixture
def alarm() -> Iterator[None]:
    """The alarm by which the queue ends a job that takes too long, set to go off soon."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise JobTimeoutException("too long")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 1)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize(("held", "outcome"), [("holds_recipients", "refused"), ("holds_messages", "uncertain")])
def test_a_job_that_takes_too_long_is_uncertain_once_it_has_begun_to_send(
    api: ScriptedApi, mail: MailServer, held: str, outcome: str
) -> None:
    getattr(mail, held).set()
    jobs.send_email(5)
    assert (api.calls[-1], api.bodies["result"]["outcome"]) == ("result", outcome)
    assert api.bodies["result"]["error"] == "JobTimeoutException: too long"


@pytest.mark.usefixtures("alarm")
def test_the_alarm_does_not_keep_a_result_from_being_told(api: ScriptedApi) -> None:
    api.answers["result"] = [DOWN, DOWN, DOWN, DOWN, (200, {"status": "sent"})]
    jobs.send_email(5)
    assert (api.calls.count("result"), api.bodies["result"]["outcome"]) == (5, "sent")


def test_the_file_transport_keeps_the_mail_server_out(
    api: ScriptedApi, mail: MailServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMAIL_TRANSPORT", "file")
    monkeypatch.setenv("EMAIL_FOLDER", str(tmp_path))
    jobs.send_email(5)
    assert (api.bodies["result"]["outcome"], mail.said_hello) == ("sent", [])
    assert [path.suffix for path in tmp_path.iterdir()] == [".eml"]


def test_an_alert_notification_is_mailed_like_a_report(api: ScriptedApi, mail: MailServer) -> None:
    api.answers["claim"] = [claimed(notification=build_notification())]
    jobs.send_email(5)
    assert mail.taken[0].message["Subject"] == "New alert (high): 14 IP addresses were flagged"


def test_a_webhook_gets_a_signed_body_with_its_id(api: ScriptedApi) -> None:
    with hook_server(answer(200)) as hook:
        notification = build_notification(channel="webhook")
        api.answers["claim"] = [
            claimed(kind="webhook", recipient=hook.url, notification=notification, signing_secret="s")
        ]
        jobs.post_webhook(5)
        (call,) = hook.calls
    assert api.calls == ["claim", "intent", "result"]
    assert (api.bodies["result"]["outcome"], api.bodies["result"]["reply"]) == ("sent", "200 ok")
    assert call.headers["Idempotency-Key"] == build_claim().message_id
    at, signature = (part.split("=")[1] for part in call.headers["X-Viral-Signature"].split(","))
    assert signature == hmac.new(b"s", f"{at}.".encode() + call.body, hashlib.sha256).hexdigest()
    assert json.loads(call.body) == json.loads(api.bodies["intent"]["content"]["text"])


def test_a_webhook_without_a_secret_is_not_signed(api: ScriptedApi) -> None:
    with hook_server(answer(200)) as hook:
        notification = build_notification(channel="slack")
        api.answers["claim"] = [claimed(kind="webhook", recipient=hook.url, notification=notification)]
        jobs.post_webhook(5)
    assert "X-Viral-Signature" not in hook.calls[0].headers


def test_a_webhook_whose_receiver_expects_a_signature_is_not_called_without_one(api: ScriptedApi) -> None:
    with hook_server(answer(200)) as hook:
        notification = build_notification(channel="webhook")
        api.answers["claim"] = [claimed(kind="webhook", recipient=hook.url, notification=notification)]
        jobs.post_webhook(5)
    assert (api.calls, hook.calls) == (["claim", "result"], [])
    assert (api.bodies["result"]["outcome"], "secret" in api.bodies["result"]["error"]) == ("failed", True)


@pytest.mark.parametrize(("status", "outcome"), [(500, "refused"), (404, "failed")])
def test_what_the_webhook_says_is_handed_on(api: ScriptedApi, status: int, outcome: str) -> None:
    with hook_server(answer(status)) as hook:
        api.answers["claim"] = [claimed(kind="webhook", recipient=hook.url, notification=build_notification())]
        jobs.post_webhook(5)
    assert api.bodies["result"]["outcome"] == outcome
