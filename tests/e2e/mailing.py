"""A stack that mails by a real mail server, and people of every role who look at it."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser
from sqlalchemy import create_engine

from tests.support.browsing import Visit, visit
from tests.support.mail_server import MailServer
from tests.support.people import PASSWORD, create_person
from tests.support.stack_process import ONE_PROCESS_EACH, StackProcess
from tests.support.waiting import wait_until
from viral_contract.client.metrics_api import MetricsApi
from viral_contract.models.deliveries import Delivery
from viral_contract.models.people import Role
from viral_contract.models.reports import ReportRequest

Open = Callable[..., AbstractContextManager[Visit]]


@dataclass(frozen=True)
class Mailing:
    """The running stack, its values of local.env, and where its messages arrive."""

    process: StackProcess
    stack: dict[str, str]
    mail: MailServer
    api: MetricsApi

    def make_report(self) -> int:
        """A finished report on the last week; asked for within 60 seconds it is the same one."""
        report_id = self.api.request_report(ReportRequest(report_type="weekly")).id
        wait_until(lambda: self.api.fetch_report(report_id).status == "ready", "the report is ready")
        return report_id

    def find_deliveries(self, report_id: int, recipient: str) -> list[Delivery]:
        """What the ledger says about a recipient."""
        found = self.api.fetch_deliveries(report_id, limit=1000).deliveries
        return [delivery for delivery in found if delivery.recipient_email == recipient]

    def find_taken(self, recipient: str) -> int:
        """How many messages the mail server took for a recipient."""
        return sum(recipient in taken.recipients for taken in self.mail.taken)

    @contextmanager
    def email_on(self, report_id: int) -> Iterator[None]:
        """The flag is on for as long as the block runs."""
        self._switch(report_id, on=True)
        yield
        self._switch(report_id, on=False)

    def _switch(self, report_id: int, *, on: bool) -> None:
        path = Path(self.stack["FLAGS_FILE"])
        document = json.loads(path.read_text())
        document["flags"]["email_delivery"]["defaultVariant"] = "on" if on else "off"
        path.write_text(json.dumps(document))
        wait_until(lambda: self.api.fetch_deliveries(report_id).email_enabled == on, "the flag is noticed")


@contextmanager
def start_mailing(var: Path, mail: MailServer) -> Iterator[Mailing]:
    """The stack without demo data, with a person of each role."""
    settings = {"EMAIL_TRANSPORT": "smtp", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mail.port)}
    with StackProcess(var, **settings, **ONE_PROCESS_EACH, SMTP_SECURITY="none") as process:
        stack = process.wait_until_ready()
        engine = create_engine(stack["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1))
        for role in Role:
            create_person(engine, role, f"{role}@example.org")
        engine.dispose()
        api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
        yield Mailing(process, stack, mail, api)


def open_windows(browser: Browser, base_url: str) -> Open:
    """Opens windows of the person of a role, given first."""
    open_window = partial(visit, browser, base_url)
    states = {}
    for role in Role:
        with open_window() as guest:
            guest.open("/login")
            guest.sign_in(f"{role}@example.org", PASSWORD)
            guest.page.wait_for_url("**/dashboard/guardrails")
            states[role] = guest.page.context.storage_state()
    return lambda role, **window: open_window(state=states[role], **window)
