"""The demo data in a real stack: loaded by HTTP, counted once, and found by the guardrails."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.stack_process import ONE_PROCESS_EACH, StackProcess
from viral_cli.local.demo import load_demo
from viral_cli.local.demo.content import generate_content, slip_of
from viral_cli.local.demo.fraud import BOT_DAYS_AGO, RINGS, TOO_MANY_A_DAY, bot_key
from viral_cli.local.demo.leaks import LEAKING_DAYS_AGO, LEAKING_LOOP
from viral_cli.local.demo.month import DAYS, generate_month, last_dates
from viral_cli.local.demo.networks import ROTATING_NETWORK, SCHOOL, SCHOOL_WITH_IPV6, SHARED_NETWORKS
from viral_cli.local.demo.people import user_id_of
from viral_cli.local.demo.referrers import FAMILY_AT_HOME, STORIES, TEACHER, TOO_GOOD
from viral_cli.local.demo.seeded import fingerprint, opaque_id
from viral_contract.client.metrics_api import MetricsApi

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
MONTH = {"start": str(last_dates(NOW, DAYS)[0]), "end": str(NOW.date())}


@pytest.fixture(scope="module")
def api() -> Iterator[MetricsApi]:
    """The API of a stack with the demo loaded as of `NOW`."""
    with (
        tempfile.TemporaryDirectory(prefix="viral-engine-") as name,
        StackProcess(Path(name) / "var", **ONE_PROCESS_EACH) as process,
    ):
        stack = process.wait_until_ready()
        api = MetricsApi.connect(stack["METRICS_API_URL"], stack["API_TOKEN"])
        load_demo(api, NOW, print)
        yield api


def test_loading_it_again_changes_nothing(api: MetricsApi) -> None:
    before = api.fetch_health(**MONTH)
    reported: list[str] = []

    load_demo(api, NOW, reported.append)

    month, content = generate_month(NOW), generate_content(NOW)
    assert reported == [
        f"Demo data: {len(month.links):,} links, 0 of them new",
        f"Demo data: {len(month.events):,} events, 0 of them new",
        f"Demo data: {len(content.parent_shares):,} parent shares, 0 of them new",
        f"Demo data: {len(content.progress_reels):,} progress reels, 0 of them new",
        f"Demo data: {len(content.study_sessions):,} study sessions, 0 of them new",
    ]
    assert api.fetch_health(**MONTH).deductions == before.deductions


def test_one_loop_leaks_addresses_of_parents_since_some_day(api: MetricsApi) -> None:
    found = api.fetch_event_pii(**MONTH)

    assert {(leak.source, leak.field, leak.type) for leak in found.leaks} == {(LEAKING_LOOP, "landing_page", "email")}
    assert [loop.since for loop in found.loops] == [NOW.date() - timedelta(days=max(LEAKING_DAYS_AGO))]


def test_the_guardrails_find_rings_bots_and_the_server_and_accuse_no_school(api: MetricsApi) -> None:
    fraud = api.fetch_fraud(**MONTH, limit=1000)
    bots = api.fetch_bots(**MONTH)

    assert {row.ip_address for row in fraud.suspicious_ips} == {
        ROTATING_NETWORK,
        *(address for ring in RINGS for address in ring.addresses),
    }
    rotating = {row.ip_address for row in fraud.suspicious_ips if row.verdict == "rotating"}
    assert rotating == {ROTATING_NETWORK}
    assert {row.ip_address for row in fraud.shared_networks} == {network.network for network in SHARED_NETWORKS}
    schools = {row.ip_address for row in fraud.shared_networks if row.proposal}
    assert schools == {SCHOOL.network, SCHOOL_WITH_IPV6.network}
    assert {row.device_fingerprint for row in bots.bot_like_devices} == {
        fingerprint("device", *bot_key(NOW.date() - timedelta(days=back))) for back in BOT_DAYS_AGO
    }


def test_the_evidence_names_whom_the_stories_accuse_and_no_teacher_or_parent(api: MetricsApi) -> None:
    found = {row.referrer_id: row.rules for row in api.fetch_referrer_evidence(**MONTH, limit=1000).referrers}
    flagging = {
        referrer: {rule.rule for rule in rules if rule.strength == "flags"} for referrer, rules in found.items()
    }
    looking = {referrer for referrer, rules in found.items() if any(rule.rule == "too_good" for rule in rules)}
    today = NOW.date()
    accused = {story: story.list_accused(today) for story in STORIES if story.rule not in (None, "too_good")}

    assert {referrer: rules for referrer, rules in flagging.items() if rules} == {
        referrer: {story.rule} for story, referrers in accused.items() for referrer in referrers
    }
    assert looking == TOO_GOOD.list_accused(today) | {user_id_of(TOO_MANY_A_DAY.name)}
    assert not found.keys() & {TEACHER, *FAMILY_AT_HOME.list_people(today)}


def test_the_guardrails_find_what_says_or_shows_too_much_and_nothing_else(api: MetricsApi) -> None:
    content = generate_content(NOW)
    made = {item["id"] for item in content.parent_shares + content.progress_reels}
    slips = {opaque_id(slip.kind, day, slip.name) for day in last_dates(NOW, DAYS) if (slip := slip_of(day))}

    found = {violation.content_id for violation in api.fetch_violations(**MONTH, limit=1000).violations}
    coppa = api.fetch_health(**MONTH).components.coppa

    assert found == slips & made
    assert coppa.parent_shares.violations_found + coppa.progress_reels.violations_found == len(found)
