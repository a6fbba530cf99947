"""Each process of the local stack gets the settings that its code reads, and no other one's secrets."""

import pytest

from tests.chart.processes import groups_of_processes
from viral_cli.local.processes import Program, choose_settings
from viral_cli.local.services import PREPARATION, SERVICES_WITH_DATABASE, SERVICES_WITHOUT_DATABASE, WORKERS

_PROGRAMS = (*SERVICES_WITHOUT_DATABASE, PREPARATION, *SERVICES_WITH_DATABASE, *WORKERS)
_PROCESSES = {
    "dashboard": "dashboard",
    "metrics_api migrate bootstrap --restore-admin": "migrate",
    "metrics_api web": "metricsApi",
    "metrics_api reconciler": "reconciler",
    "report_worker scheduler": "scheduler",
    "report_worker work performance_reports": "reportWorker",
    "report_worker work default": "reportWorker",
    "report_worker work batch": "reportWorker",
    "email_worker work email_delivery": "emailWorker",
    "email_worker work webhooks": "emailWorker",
}
_SECRETS = {
    "DATABASE_URL": {"metricsApi", "reconciler", "migrate"},
    "IDENTIFIER_KEY": {"metricsApi", "reconciler", "migrate"},
    "MIGRATION_DATABASE_URL": {"migrate"},
    "ADMIN_PASSWORD": {"migrate"},
    "API_TOKEN": {"migrate"},
    "DASHBOARD_TOKEN": {"dashboard", "migrate"},
    "REPORT_WORKER_TOKEN": {"reportWorker", "migrate"},
    "EMAIL_WORKER_TOKEN": {"emailWorker", "migrate"},
    "SMTP_PASSWORD": {"emailWorker"},
    "AI_INSIGHTS_KEY": {"reportWorker"},
    "OIDC_CLIENT_SECRET": {"metricsApi"},
}


def find_process(program: Program) -> str:
    return _PROCESSES[" ".join(program.command[2:])]


@pytest.mark.parametrize("program", _PROGRAMS, ids=lambda program: program.name)
def test_a_process_gets_the_groups_that_its_code_loads(program: Program) -> None:
    assert program.groups is not None
    assert set(program.groups) == set(groups_of_processes()[find_process(program)])


@pytest.mark.parametrize("secret", _SECRETS)
def test_a_secret_reaches_those_alone_who_need_it(secret: str) -> None:
    environment = {"PATH": "/bin", secret: "value"}
    holders = {find_process(program) for program in _PROGRAMS if secret in choose_settings(environment, program.groups)}
    assert holders == _SECRETS[secret]


def test_a_server_of_data_gets_no_setting_at_all() -> None:
    assert choose_settings({"PATH": "/bin", "API_TOKEN": "x", "api_token": "x"}, ()) == {"PATH": "/bin"}
