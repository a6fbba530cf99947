"""`viral-engine import` brings real files in, and detection answers what an independent engine answers."""

import csv
import gzip
import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.stack_process import COMMAND
from tests.support.traffic import count_class
from viral_cli.event_mapping import build_fingerprint
from viral_contract.client.metrics_api import MetricsApi, QueryValue
from viral_contract.models.traffic import PEOPLE

pytestmark = pytest.mark.slow

WEB_LOG = Path(__file__).parent.parent / "data" / "web_access_events.csv"
WEB_LOG_ROWS = 9_999
WEB_LOG_PERIOD: dict[str, QueryValue] = {"start": "2015-05-17", "end": "2015-05-20"}
WEB_LOG_OPTIONS = ("--type", "click", "--map", "occurred_at=clicked_at", "--fingerprint", "ip_address,user_agent")


def build_command(file: Path, *options: str) -> list[str]:
    return [COMMAND, "import", str(file), *options]


def run_import(stack: dict[str, str], file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = build_command(file, *options)
    return subprocess.run(command, env={**os.environ, **stack_settings(stack)}, capture_output=True, text=True)


def stack_settings(stack: dict[str, str]) -> dict[str, str]:
    """What a shell in the stack's folder has: only where that folder is."""
    return {"VAR_DIR": str(Path(stack["FLAGS_FILE"]).parent)}


@pytest.fixture(scope="module")
def api(stack: dict[str, str]) -> MetricsApi:
    return MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])


@pytest.fixture(scope="module")
def web_log_summary(stack: dict[str, str]) -> str:
    """What the first import of the web log says."""
    result = run_import(stack, WEB_LOG, *WEB_LOG_OPTIONS)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def clicks() -> duckdb.DuckDBPyConnection:
    """People's clicks of the same file in an engine that shares nothing with ours."""
    engine = duckdb.connect()
    engine.execute("SET TimeZone = 'UTC'")
    with WEB_LOG.open(newline="") as file:
        agents = {row["user_agent"] or "" for row in csv.DictReader(file)}
    engine.execute("CREATE TABLE people (agent VARCHAR)")
    people = [[agent] for agent in agents if count_class("", agent) in PEOPLE]
    engine.executemany("INSERT INTO people VALUES (?)", people)
    engine.execute(
        """
        CREATE TABLE clicks AS SELECT ip_address AS ip, coalesce(user_agent, '') AS agent,
            CAST(clicked_at AS TIMESTAMP) AS moment FROM read_csv(?, all_varchar = true, header = true)
            WHERE coalesce(user_agent, '') IN (SELECT agent FROM people)
        """,
        [str(WEB_LOG)],
    )
    return engine


def fetch_all(fetch: Any, items: str, **query: QueryValue) -> list[Any]:
    """Every page of a list."""
    rows: list[Any] = []
    cursor: str | None = None
    while True:
        answer = fetch(limit=1000, cursor=cursor, **query)
        rows += getattr(answer, items)
        cursor = answer.next_cursor
        if cursor is None:
            return rows


def test_every_row_is_new_and_the_page_of_the_period_is_told(web_log_summary: str, stack: dict[str, str]) -> None:
    assert web_log_summary == (
        "web_access_events.csv: 9,999 new, 0 known already, 0 rejected.\n"
        "CSV separated by commas, encoding UTF-8. Ids: the file's own ids together with the rows' content.\n"
        f"{stack['DASHBOARD_URL']}/dashboard/guardrails?start=2015-05-17&end=2015-05-20\n"
    )


@pytest.mark.usefixtures("web_log_summary")
@pytest.mark.parametrize("threshold", [1, 5, 10, 20, 50, 100])
def test_flagged_addresses_equal_those_of_duckdb(
    threshold: int, api: MetricsApi, clicks: duckdb.DuckDBPyConnection
) -> None:
    expected = clicks.execute(
        "SELECT CAST(moment AS DATE), ip, count(*) FROM clicks GROUP BY ALL HAVING count(*) > ?", [threshold]
    ).fetchall()
    flagged = fetch_all(api.fetch_fraud, "suspicious_ips", threshold=threshold, fraud_rule="plain", **WEB_LOG_PERIOD)
    assert {(row.date, row.ip_address, row.click_count) for row in flagged} == set(expected)
    assert len(flagged) == len(expected)
    assert expected
    assert {row.ip_address for row in flagged} == {ip for _day, ip, _count in expected}


@pytest.mark.usefixtures("web_log_summary")
@pytest.mark.parametrize("window_seconds", [1, 5, 10, 60])
@pytest.mark.parametrize("min_clicks", [2, 3, 5, 10])
def test_flagged_devices_equal_those_of_duckdb(
    min_clicks: int, window_seconds: int, api: MetricsApi, clicks: duckdb.DuckDBPyConnection
) -> None:
    expected = clicks.execute(
        """
        SELECT ip, agent, min(span) FROM (
            SELECT ip, agent, epoch(moment - lag(moment, ?) OVER device) AS span FROM clicks
                WINDOW device AS (PARTITION BY ip, agent ORDER BY moment)
        ) WHERE span <= ? GROUP BY ip, agent
        """,
        [min_clicks - 1, window_seconds],
    ).fetchall()
    query = {"min_clicks": min_clicks, "window_seconds": window_seconds, **WEB_LOG_PERIOD}
    flagged = fetch_all(api.fetch_bots, "bot_like_devices", **query)
    assert {row.device_fingerprint: row.fastest_seconds for row in flagged} == {
        build_fingerprint([ip, agent]): span for ip, agent, span in expected
    }
    assert len(flagged) == len(expected)
    assert api.fetch_bots(**query).total_flagged_devices == len(expected)


@pytest.mark.usefixtures("web_log_summary")
def test_importing_again_changes_nothing_and_says_so(stack: dict[str, str], api: MetricsApi) -> None:
    before = api.fetch_health(**WEB_LOG_PERIOD)
    result = run_import(stack, WEB_LOG, *WEB_LOG_OPTIONS)
    assert result.stdout.startswith("web_access_events.csv: 0 new, 9,999 known already, 0 rejected.")
    assert "Warning: nothing new" in result.stdout
    after = api.fetch_health(**WEB_LOG_PERIOD)
    assert (after.health_score, after.deductions) == (before.health_score, before.deductions)
    assert after.components.fraud.suspicious_ips == before.components.fraud.suspicious_ips


@pytest.mark.usefixtures("web_log_summary")
def test_rebuilt_facts_answer_the_same(stack: dict[str, str], api: MetricsApi) -> None:
    query = {"threshold": 5, **WEB_LOG_PERIOD}
    before = fetch_all(api.fetch_fraud, "suspicious_ips", **query)
    environment = {**os.environ, **stack_settings(stack)}
    result = subprocess.run([COMMAND, "rebuild-facts"], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Facts rebuilt")
    assert fetch_all(api.fetch_fraud, "suspicious_ips", **query) == before


def test_an_interrupted_import_goes_on_where_it_stopped(stack: dict[str, str], api: MetricsApi, tmp_path: Path) -> None:
    rows = 60_000
    file = tmp_path / "long.csv"
    file.write_text("event_type,ip_address,occurred_at\n" + "click,198.51.100.7,2012-03-04T05:06:07Z\n" * rows)
    folder = Path(stack_settings(stack)["VAR_DIR"]) / "imports"
    known = set(folder.glob("*.json"))
    # A shell that runs the tests in the background has them ignore Ctrl-C, and a child would inherit that.
    command = ["env", "--default-signal=INT", *build_command(file)]
    environment = {**os.environ, **stack_settings(stack)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and set(folder.glob("*.json")) == known:
            pass
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    [stopped_after] = re.findall(r"Stopped after line ([\d,]+)", errors)
    result = run_import(stack, file)
    assert result.stdout.startswith(f"Resuming after line {stopped_after}.\n")
    new, known_already = (
        int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:new|known)", result.stdout)
    )
    assert new + known_already == rows
    [day] = api.fetch_fraud(start="2012-03-04", end="2012-03-04").suspicious_ips
    assert day.click_count == rows
    assert set(folder.glob("*.json")) == known


def test_rejected_rows_are_told_with_their_lines_and_the_others_are_stored(
    stack: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "mixed.csv"
    file.write_text(
        "event_type,ip_address,occurred_at,user_agent\n"
        "click,198.51.100.1,2013-01-01T00:00:00Z,ordinary\n"
        "click,not an address,2013-01-02T00:00:00Z,ordinary\n"
        'click,198.51.100.2,2013-01-03T00:00:00Z,"two\nlines"\n'
        "click,198.51.100.3\n"
        "purchase,198.51.100.4,2013-01-05T00:00:00Z,ordinary\n"
        "click,198.51.100.5,2013-01-06T00:00:00Z,ordinary\n"
    )
    result = run_import(stack, file)
    assert result.returncode == 0
    assert result.stdout.startswith("mixed.csv: 2 new, 0 known already, 4 rejected.")
    assert result.stdout.endswith("?start=2013-01-01&end=2013-01-06\n")
    complaints = sorted(result.stderr.splitlines())
    assert [line.split(":")[:2] for line in complaints] == [
        ["line 3", " ip_address"],
        ["line 4", " user_agent"],
        ["line 6", " has 2 values for 4 columns"],
        ["line 7", " event_type"],
    ]


def test_rejected_rows_of_a_file_without_any_other_are_counted_and_not_all_listed(
    stack: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "wrong.ndjson"
    row = '{"event_type": "click", "ip_address": "nowhere", "occurred_at": "2013-01-01T00:00:00Z"}\n'
    file.write_text(row * 12_000)
    result = run_import(stack, file)
    assert result.returncode == 1
    assert result.stdout.startswith("wrong.ndjson: 0 new, 0 known already, 12,000 rejected.")
    assert result.stderr.startswith("line 1: ip_address: ")
    assert len(result.stderr.splitlines()) < 20


def test_a_row_that_the_api_cannot_even_read_is_one_rejected_row(stack: dict[str, str], tmp_path: Path) -> None:
    """On 140f6a8 the whole batch is refused, and the import ends."""
    file = tmp_path / "deep.ndjson"
    rows = [{"event_type": "click", "occurred_at": f"2013-02-0{day}T00:00:00Z"} for day in range(1, 6)]
    lines = [json.dumps(row) for row in rows]
    lines[2] = lines[2][:-1] + ', "metadata": {"a": ' + "[" * 900 + "]" * 900 + "}}"
    file.write_text("\n".join(lines))
    result = run_import(stack, file)
    assert result.stdout.startswith("deep.ndjson: 4 new, 0 known already, 1 rejected.")
    assert result.stderr.startswith("line 3: ")


def test_files_of_one_name_are_imported_whole_and_overlapping_exports_bring_what_is_new(
    stack: dict[str, str], tmp_path: Path
) -> None:
    """On 140f6a8 the second file of a name is taken for the first."""
    header = "event_id,event_type,occurred_at"
    days = {day: [header, *(f"{n},visit,2013-03-0{day}T00:00:0{n}Z" for n in range(1, 6))] for day in (1, 2)}
    for day, lines in days.items():
        (tmp_path / str(day)).mkdir()
        file = tmp_path / str(day) / "daily.csv"
        file.write_text("\n".join(lines))
        assert run_import(stack, file).stdout.startswith("daily.csv: 5 new, 0 known already, 0 rejected.")
    newest_first = tmp_path / "export.csv.gz"
    lines = [header, "1,visit,2013-03-03T00:00:00Z", *days[2][1:], *days[1][1:]]
    newest_first.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert run_import(stack, newest_first).stdout.startswith("export.csv.gz: 1 new, 10 known already, 0 rejected.")


def test_standard_input_of_a_quiet_day_is_no_failure(stack: dict[str, str]) -> None:
    command = [COMMAND, "import", "-"]
    environment = {**os.environ, **stack_settings(stack)}
    result = subprocess.run(command, env=environment, input="event_type,occurred_at\n", capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.startswith("standard input: 0 new, 0 known already, 0 rejected.")


def test_a_file_that_needs_options_says_which(stack: dict[str, str]) -> None:
    result = run_import(stack, WEB_LOG)
    assert result.returncode == 1
    assert "--type click|visit|signup|conversion|activation" in result.stderr
    assert "--map occurred_at=clicked_at" in result.stderr


@pytest.mark.parametrize("command", [build_command(WEB_LOG, *WEB_LOG_OPTIONS), [COMMAND, "rebuild-facts"]])
def test_without_a_running_stack_it_says_how_to_start_one(command: list[str], tmp_path: Path) -> None:
    result = subprocess.run(command, env={**os.environ, "VAR_DIR": str(tmp_path)}, capture_output=True, text=True)
    assert result.returncode == 1
    assert "Start one with `make run`" in result.stderr
