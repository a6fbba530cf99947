"""One loop of the demo leaks parents' email addresses since some day, and nothing else does."""

from datetime import timedelta

from tests.unit.cli.local.demo.months import Loaded
from viral_cli.local.demo.leaks import LEAKING_DAYS_AGO, LEAKING_LOOP


def test_one_loop_leaks_since_some_day(month: Loaded) -> None:
    source_of = {link["id"]: link["source"] for link in month.links}
    leaking = [event for event in month.events if "%40" in event.get("landing_page", "")]

    assert {source_of[event["link_id"]] for event in leaking} == {LEAKING_LOOP}
    assert min(event["occurred_at"][:10] for event in leaking) == str(
        month.now.date() - timedelta(days=max(LEAKING_DAYS_AGO))
    )
    assert len(leaking) > 20
    assert not any("@" in str(event) for event in month.events)
