"""Feature flags from a file: shares, people, changes, and files that break."""

import logging
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.support.flag_files import FOR_25_PCT, FOR_ANA, OFF, ON, format_flags, write_flags
from tests.support.waiting import wait_until
from viral_contract.models.flags import FLAGS, Flag
from viral_runtime.flags.evaluate import Flags

_LONGEST_SECONDS = 10
GUARDRAILS = Flag.GUARDRAIL_DASHBOARD


def is_valid() -> bool:
    return REGISTRY.get_sample_value("viral_engine_flags_file_valid") == 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flags.json"


def test_without_a_file_every_flag_has_its_default() -> None:
    flags = Flags(None)
    assert {flag: flags.is_on(flag, "ana") for flag in Flag} == {flag: FLAGS[flag].default for flag in Flag}
    assert flags.describe("ana").path is None


def test_a_flag_that_the_file_does_not_name_has_its_default(path: Path) -> None:
    flags = Flags(write_flags(path, ai_insights=ON))
    assert flags.is_on(GUARDRAILS, "ana")
    assert not flags.is_on(Flag.EMAIL_DELIVERY, "report:1")


def test_a_disabled_flag_has_its_default(path: Path) -> None:
    assert Flags(write_flags(path, guardrail_dashboard={**OFF, "state": "DISABLED"})).is_on(GUARDRAILS, "ana")


def test_a_share_of_25_pct_reaches_a_quarter_of_2000_people_and_always_the_same(path: Path) -> None:
    write_flags(path, guardrail_dashboard=FOR_25_PCT)
    people = [f"person-{number}@example.com" for number in range(2000)]
    first, second = ([flags.is_on(GUARDRAILS, person) for person in people] for flags in (Flags(path), Flags(path)))
    assert first == second
    assert 0.22 < sum(first) / len(people) < 0.28


def test_who_has_a_flag_at_25_pct_keeps_it_at_50(path: Path) -> None:
    people = [f"person-{number}@example.com" for number in range(500)]
    quarter = Flags(write_flags(path, guardrail_dashboard=FOR_25_PCT))
    early = [person for person in people if quarter.is_on(GUARDRAILS, person)]
    half = {**OFF, "targeting": {"fractional": [["on", 50], ["off", 50]]}}
    later = Flags(write_flags(path, guardrail_dashboard=half))
    assert all(later.is_on(GUARDRAILS, person) for person in early)


def test_a_rule_can_name_people(path: Path) -> None:
    flags = Flags(write_flags(path, guardrail_dashboard=FOR_ANA))
    assert flags.is_on(GUARDRAILS, "ana@example.com")
    assert not flags.is_on(GUARDRAILS, "ben@example.com")
    assert GUARDRAILS in flags.list_on("ana@example.com")
    assert GUARDRAILS not in flags.list_on("ben@example.com")


@pytest.mark.parametrize(
    ("definition", "percentage"),
    [
        (ON, 100),
        (OFF, 0),
        ({**OFF, "state": "DISABLED"}, 100),
        (FOR_25_PCT, 25),
        ({**OFF, "targeting": {"fractional": [{"var": "targetingKey"}, ["on", 1], ["off", 3]]}}, 25),
        ({**OFF, "targeting": {"fractional": [["on"], ["off"]]}}, 50),
        (FOR_ANA, 0),
        ({**OFF, "targeting": {"if": [{"in": ["a", "b"]}, "on", FOR_25_PCT["targeting"]]}}, 25),
        ({**OFF, "targeting": {"if": [{"in": ["a", "b"]}, "on"]}}, None),
    ],
)
def test_tells_for_how_many_a_flag_is_on(path: Path, definition: dict[str, Any], percentage: float | None) -> None:
    described = Flags(write_flags(path, guardrail_dashboard=definition)).describe("ana").flags
    assert described[0].percentage == percentage
    assert described[0].has_rule == ("if" in definition.get("targeting", {}))


def test_a_flag_that_differs_from_report_to_report_is_neither_on_nor_off(path: Path) -> None:
    described = {each.name: each for each in Flags(write_flags(path, ai_insights=FOR_25_PCT)).describe("ana").flags}
    assert described[Flag.AI_INSIGHTS].on is None
    assert described[Flag.EMAIL_DELIVERY].on is False


def test_a_change_of_the_file_takes_effect_by_itself(path: Path) -> None:
    flags = Flags(write_flags(path, guardrail_dashboard=ON))
    assert flags.is_on(GUARDRAILS, "ana")
    write_flags(path, guardrail_dashboard=OFF)
    wait_until(lambda: not flags.is_on(GUARDRAILS, "ana"), "it is off", seconds=_LONGEST_SECONDS)


def test_a_change_of_a_mounted_config_map_takes_effect_by_itself(tmp_path: Path) -> None:
    """As the kubelet does it: the file links into `..data`, which is a link that is replaced by another in one step."""
    for name, definition in (("..1", OFF), ("..2", ON)):
        (tmp_path / name).mkdir()
        # The newer version has the older file, as after a roll-back.
        write_flags(tmp_path / name / "flags.json", guardrail_dashboard=definition)
    (tmp_path / "..data").symlink_to("..2")
    (tmp_path / "flags.json").symlink_to(Path("..data") / "flags.json")
    flags = Flags(tmp_path / "flags.json")
    assert flags.is_on(GUARDRAILS, "ana")
    (tmp_path / "..data_tmp").symlink_to("..1")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    wait_until(lambda: not flags.is_on(GUARDRAILS, "ana"), "it is off", seconds=_LONGEST_SECONDS)


BROKEN = {
    "half written": '{"flags": {"guardrail_dashboard": {"state": "ENA',
    "empty": "",
    "not an object": "[]",
    "without flags": "{}",
    "flags in a list": '{"flags": []}',
    "bytes": "\udcff",
    "no variants": format_flags(guardrail_dashboard={"state": "ENABLED"}),
    "an unknown state": format_flags(guardrail_dashboard={**ON, "state": "on"}),
    "an unknown default": format_flags(guardrail_dashboard={**ON, "defaultVariant": "onn"}),
    "words for a switch": format_flags(guardrail_dashboard={**ON, "variants": {"on": "yes", "off": "no"}}),
    "a share of nothing": format_flags(guardrail_dashboard={**ON, "targeting": {"fractional": [["on", 0]]}}),
    "a share in words": format_flags(guardrail_dashboard={**ON, "targeting": {"fractional": [["on", "25"]]}}),
    "a share of an unknown": format_flags(guardrail_dashboard={**ON, "targeting": {"fractional": [["onn", 25]]}}),
    "an unknown rule": format_flags(guardrail_dashboard={**ON, "targeting": {"unless": [True, "on"]}}),
    "an unknown result": format_flags(guardrail_dashboard={**ON, "targeting": {"if": [True, "onn"]}}),
    "an unknown field": format_flags(guardrail_dashboard={**ON, "enabled": True}),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_keeps_the_last_good_flags_and_says_so(
    path: Path, content: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    flags = Flags(write_flags(path, guardrail_dashboard=FOR_ANA))
    read_at = flags.describe("ana").read_at
    path.write_bytes(content.encode(errors="surrogateescape"))
    wait_until(lambda: flags.describe("ana").problem is not None, "it is told", seconds=_LONGEST_SECONDS)
    assert not is_valid()
    assert flags.is_on(GUARDRAILS, "ana@example.com")
    assert not flags.is_on(GUARDRAILS, "ben@example.com")
    assert flags.describe("ana").read_at == read_at
    said = capfd.readouterr()
    assert said.out.count("flags_file_broken") == 1
    assert "Traceback" not in said.out + said.err
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_file_that_vanishes_keeps_the_last_good_flags_and_one_that_comes_back_is_read(path: Path) -> None:
    flags = Flags(write_flags(path, guardrail_dashboard=OFF))
    path.unlink()
    wait_until(lambda: not is_valid(), "it is counted", seconds=_LONGEST_SECONDS)
    assert not flags.is_on(GUARDRAILS, "ana")
    write_flags(path, guardrail_dashboard=ON)
    wait_until(lambda: flags.is_on(GUARDRAILS, "ana"), "it is on", seconds=_LONGEST_SECONDS)
    assert is_valid()
    assert flags.describe("ana").problem is None


def test_a_file_that_is_broken_from_the_start_leaves_every_default(path: Path) -> None:
    path.write_text("{")
    flags = Flags(path)
    assert flags.is_on(GUARDRAILS, "ana")
    assert not is_valid()
    assert flags.describe("ana").read_at is None
