"""The demo's shares, reels and sessions have the contract's shape and say too much only where they are meant to."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from viral_cli.local.demo.content import SLIPS, Content, Item, generate_content, slip_of
from viral_cli.local.demo.month import last_dates

Items = list[Item]

NOW = datetime(2024, 3, 14, 13, 30, 3, tzinfo=UTC)
TOO_MUCH = re.compile(r"@|\bat example\b|\d{3}|\bstreet\b|\bbirthday\b|\bmy name\b|email|name|\bshe\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def content() -> Content:
    return generate_content(NOW)


def harmless(items: Items, field: str) -> Items:
    slips = [slip.fields for slip in SLIPS]
    return [item for item in items if not any(fields.items() <= item[field].items() for fields in slips)]


def test_the_same_moment_gives_the_same_content(content: Content) -> None:
    assert generate_content(NOW) == content


def test_a_later_load_repeats_every_item_except_that_older_shares_were_viewed(content: Content) -> None:
    later = generate_content(NOW + timedelta(days=1))

    for before, after in (
        (content.progress_reels, later.progress_reels),
        (content.study_sessions, later.study_sessions),
        (without_views(content.parent_shares), without_views(later.parent_shares)),
    ):
        known = {item["id"]: item for item in before}
        repeated = [item for item in after if item["id"] in known]
        assert len(repeated) > 0.9 * len(before)
        assert all(item == known[item["id"]] for item in repeated)


def without_views(shares: Items) -> Items:
    return [{name: value for name, value in share.items() if name != "view_count"} for share in shares]


def test_the_numbers_are_those_of_a_small_school_app(content: Content) -> None:
    assert 350 <= len(content.parent_shares) <= 450
    assert 130 <= len(content.progress_reels) <= 170
    assert 100 <= len(content.study_sessions) <= 140


def test_nothing_lies_in_the_future_and_ids_are_unique(content: Content) -> None:
    items = [*content.parent_shares, *content.progress_reels, *content.study_sessions]

    assert len({item["id"] for item in items}) == len(items)
    assert max(datetime.fromisoformat(item["inserted_at"]) for item in items) <= NOW


@pytest.mark.parametrize("back", range(7))
def test_about_a_third_of_the_last_weeks_shares_was_never_viewed(back: int) -> None:
    now = NOW - timedelta(days=back)
    since = str(now.date() - timedelta(days=6))
    views = [share["view_count"] for share in generate_content(now).parent_shares if share["inserted_at"] >= since]

    assert 0.25 <= views.count(0) / len(views) <= 0.36


def test_every_way_of_saying_too_much_happens_in_the_month() -> None:
    assert {slip.name for day in last_dates(NOW, 34) if (slip := slip_of(day))} == {slip.name for slip in SLIPS}


def test_what_says_too_much_is_in_the_month_once(content: Content) -> None:
    shares, reels = content.parent_shares, content.progress_reels

    slips = len(shares) - len(harmless(shares, "share_data")) + len(reels) - len(harmless(reels, "reel_data"))

    assert len(SLIPS) <= slips <= len(SLIPS) + 1


def test_everything_else_is_harmless(content: Content) -> None:
    texts = [item["share_data"] for item in harmless(content.parent_shares, "share_data")]
    texts += [item["reel_data"] for item in harmless(content.progress_reels, "reel_data")]

    assert not [data for data in texts if TOO_MUCH.search(json.dumps(data | {"score": 0}))]


def test_a_few_children_are_shown_without_consent_and_many_with_it(content: Content) -> None:
    media = [medium for reel in content.progress_reels for medium in reel.get("media", [])]
    of_children = [medium for medium in media if medium["of_child"]]
    consented = [medium for medium in of_children if medium["consent"]]

    assert 2 <= len(of_children) - len(consented) <= 3
    assert len(consented) > 10
    assert all(set(medium["consent"]) == {"recorded_at", "method"} for medium in consented)
    assert {medium["kind"] for medium in media} == {"photo", "video"}


def test_sessions_have_two_to_six_participants(content: Content) -> None:
    sizes = [len(set(session["participant_ids"])) for session in content.study_sessions]

    assert set(sizes) == set(range(2, 7))
    assert 2.5 < sum(sizes) / len(sizes) < 4.5
