"""One flag changed in a document: what it becomes, and what of it stays."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chart.rendering import render
from tests.support.flag_files import FOR_25_PCT, FOR_ANA, OFF, ON
from viral_contract.models.flags import FLAGS, Flag
from viral_runtime.flags.document import BrokenFlagsError, OwnRuleError, set_flag
from viral_runtime.flags.evaluate import Flags

_EMAIL = Flag.EMAIL_DELIVERY
_ANA = "ana@example.com"


def _share(tmp_path: Path, document: dict[str, Any]) -> float:
    path = tmp_path / "flags.json"
    path.write_text(json.dumps(document))
    flags = Flags(path)
    return sum(flags.is_on(_EMAIL, f"person{number}") for number in range(1000)) / 1000


@pytest.mark.parametrize("percent", [0, 25, 100])
@pytest.mark.parametrize("before", [OFF, ON, FOR_25_PCT, None])
def test_it_is_on_for_the_share(tmp_path: Path, before: dict[str, Any] | None, percent: int) -> None:
    others = {"ai_insights": ON, "of_others": OFF}
    document = {"flags": others | ({_EMAIL.value: before} if before else {}), "$evaluators": {}}
    changed = set_flag(document, _EMAIL, percent)
    assert _share(tmp_path, changed) == pytest.approx(percent / 100, abs=0.04)
    assert changed["flags"].items() >= others.items()
    assert changed["$evaluators"] == {}


@pytest.mark.parametrize("percent", [0, 25, 100])
def test_it_becomes_what_the_chart_would_write(percent: int) -> None:
    values = f"featureFlags.emailDelivery.enabled={str(percent > 0).lower()},featureFlags.emailDelivery.rolloutPct="
    wanted = json.loads(render("--set", values + str(percent or 100)).of("ConfigMap")["flags"]["data"]["flags.json"])
    document = json.loads(render().of("ConfigMap")["flags"]["data"]["flags.json"])
    assert set_flag(document, _EMAIL, percent) == wanted


def test_named_people_keep_it() -> None:
    document = set_flag({"flags": {_EMAIL.value: FOR_ANA}}, _EMAIL, 25)
    again = set_flag(document, _EMAIL, 50)
    assert again["flags"][_EMAIL]["targeting"]["if"][0]["in"][1] == [_ANA]


def test_a_rule_of_another_form_is_kept_unless_it_may_go() -> None:
    rule = {"ends_with": [{"var": "targetingKey"}, "@example.com"]}
    document = {"flags": {_EMAIL.value: {**OFF, "targeting": {"if": [rule, "on", "off"]}}}}
    with pytest.raises(OwnRuleError):
        set_flag(document, _EMAIL, 100)
    assert "targeting" not in set_flag(document, _EMAIL, 100, replace_rule=True)["flags"][_EMAIL]


@pytest.mark.parametrize("document", [[], {}, {"flags": {"ai_insights": {"variants": {}, "defaultVariant": "on"}}}])
def test_a_broken_document_is_not_changed(document: Any) -> None:
    with pytest.raises(BrokenFlagsError):
        set_flag(document, _EMAIL, 100)


def test_every_flag_can_be_set() -> None:
    for flag in FLAGS:
        assert set_flag({"flags": {}}, flag, 100)["flags"][flag]["defaultVariant"] == "on"
