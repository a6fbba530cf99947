"""Emails of a real API that real workers send to a real mail server, asked for and waited for."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection

from tests.support.delivery_rows import save_ready_report
from tests.support.mail_server import MailServer
from tests.support.worker_processes import RealProcess, running
from viral_cli.local.processes import Children

SECONDS = 60
# Short enough not to keep a test waiting, in the order that the real ones have.
TIMINGS = {
    "DELIVERY_LEASE_SECONDS": "6",
    "SENDING_LEASE_SECONDS": "6",
    "BACKOFF_BASE_SECONDS": "0",
    "DELIVERY_RETRY_MINUTES": "0, 0, 0, 0",
    "REPOKE_SECONDS": "2",
    "RECONCILE_SECONDS": "0.5",
    "SMTP_TIMEOUT_SECONDS": "5",
    "SMTP_SECURITY": "none",
    "LOG_LEVEL": "WARNING",
}


def write_flags(folder: Path, *names: str) -> Path:
    """Flags with email switched on, and others."""
    path = folder / "flags.json"
    flag = {"state": "ENABLED", "variants": {"on": True, "off": False}, "defaultVariant": "on"}
    path.write_text(json.dumps({"flags": dict.fromkeys(("email_delivery", "performance_reports", *names), flag)}))
    return path


class Mailing:
    """Asks for emails and waits for what becomes of them."""

    def __init__(self, http: httpx.Client, connection: Connection, children: Children) -> None:
        self.http = http
        self._connection = connection
        self._children = children

    def ask(self, *recipients: str, http: httpx.Client | None = None) -> list[dict[str, Any]]:
        """The deliveries of a report of their own."""
        report_id = save_ready_report(self._connection)
        body = {"recipient_emails": list(recipients or ("ann@school.example",))}
        response = (http or self.http).post(f"/v1/reports/{report_id}/deliveries", json=body)
        assert response.status_code == httpx.codes.ACCEPTED, response.text
        deliveries: list[dict[str, Any]] = response.json()["deliveries"]
        return [delivery | {"report_id": report_id} for delivery in deliveries]

    def ask_one(self) -> dict[str, Any]:
        """One delivery."""
        (delivery,) = self.ask()
        return delivery

    def read_all(self, report_id: int) -> list[dict[str, Any]]:
        """All deliveries of a report."""
        answer = self.http.get(f"/v1/reports/{report_id}/deliveries", params={"limit": 1000})
        deliveries: list[dict[str, Any]] = answer.json()["deliveries"]
        return deliveries

    def read(self, delivery: dict[str, Any]) -> dict[str, Any]:
        """How a delivery stands."""
        return next(row for row in self.read_all(delivery["report_id"]) if row["id"] == delivery["id"])

    def wait_for(self, delivery: dict[str, Any], status: str) -> dict[str, Any]:
        """Wait until a delivery stands so."""
        what = f"Delivery {delivery['id']} ({status})"
        self.wait_until(lambda: self.read(delivery)["status"] == status, what)
        return self.read(delivery)

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
        """Wait for a condition."""
        self._children.wait_until(is_so, what, seconds=seconds)


@contextmanager
def email_workers(environment: dict[str, str], mail: MailServer, count: int = 1) -> Iterator[list[RealProcess]]:
    """Workers that send to the mail server, for as long as the block runs."""
    own = {**environment, "SMTP_PORT": str(mail.port)}
    with ExitStack() as stack:
        command = ("email_worker", "work", "email_delivery")
        yield [stack.enter_context(running(*command, **own)) for _ in range(count)]
