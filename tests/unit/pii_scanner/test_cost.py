"""The work grows with the length of a text, whatever somebody writes into it: twice the text is about twice the work.

Work is processor time of this thread, at 32 and at 64 KiB in turns in one run, the least of several.
"""

import importlib
import pkgutil
import re
import time
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

import pytest

from metrics_api import pii_scanner as pii
from metrics_api.pii_scanner.document import Document, build_document
from metrics_api.pii_scanner.findings import PiiType
from metrics_api.pii_scanner.rules import Rule, RuleSet
from metrics_api.pii_scanner.scanner import RULES
from tests.support.adversarial_texts import SEPARATORS, generate_units, repeat
from tests.support.us_scanner import find_violations, scan_data, scan_text

_UNITS = (
    *(
        "1",
        "1 ",
        "12 ",
        "1-",
        "1.",
        "(1",
        "+1",
        "555-123-4567 ",
        "01 23 45 67 89 ",
        "4111 1111 1111 1111 ",
        "123456789 ",
    ),
    *(
        "a",
        "a ",
        "A ",
        "Aa ",
        "@",
        "a@",
        "a@a.",
        ".",
        ". ",
        "-",
        " ",
        "\n",
        " \n",
        ":",
        "1:",
        "1.1.1.1 ",
        "%40",
        "a at b ",
    ),
    *("one ", "oneone", "five five five x ", "a dot ", "(at) ", "john at x dot ", "\u200b", "5\u200b", "e\u0301"),
    *("Straße 1 ", "1 Main St ", "1 Main ", "1 aa ", "Apt 1 ", "12 Apt. 5 ", "A 1, ", "rue a ", "1 rue ", "lives at "),
    *(
        "corner of a and b ",
        "the corner of ",
        "send a b c d ",
        "Unit 1 Box 1 ",
        "PSC 1, Box 1\n",
        "東京都",
        "市",
        "路1号",
    ),
    *(
        "my name is Aa ",
        "I'm Aa ",
        "born ",
        "born on 1/1/2000 ",
        "1/1/2000 ",
        "Aa School ",
        "Aa of ",
        "goes to ",
        "d o b ",
    ),
)
_SCREENED, _SHORT, _LONG = 1_024, 32_768, 65_536
_MOST_GROWTH = 3
_RUNS, _TRIES = 2, 6
_NOISE_SECONDS = 0.002
_TODAY = date(2026, 11, 30)
# Something for every trait, so that no rule is left out for want of it.
_TRAITS = " 1 a@b.c %40 [at] 1.1.1.1 :: \u6771 +(1234567 "
_NAMED_RULES = [(pii_type, rule) for pii_type, rules in RULES.items() for rule in rules]
_MODULES = [importlib.import_module(f"{pii.__name__}.{module.name}") for module in pkgutil.iter_modules(pii.__path__)]
_HELPERS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in _MODULES
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
}


def measure_seconds(work: Callable[[], object]) -> float:
    """The least processor time of several runs."""
    seconds = []
    for _ in range(_RUNS):
        started = time.thread_time()
        work()
        seconds.append(time.thread_time() - started)
    return min(seconds)


def assert_linear(work: Callable[[int], Callable[[], object]], what: object) -> None:
    """At most three times the work for twice the size; other jobs of the machine are given several chances."""
    short_work, long_work = work(_SHORT), work(_LONG)
    short = long = float("inf")
    for _ in range(_TRIES):
        short, long = min(short, measure_seconds(short_work)), min(long, measure_seconds(long_work))
        if long <= _MOST_GROWTH * max(short, _NOISE_SECONDS):
            return
    pytest.fail(f"{what!r}: {short:.4f} s at {_SHORT}, {long:.4f} s at {_LONG} characters")


@lru_cache(maxsize=20_000)
def prepare(text: str) -> Document:
    return build_document(text, "US", _TODAY)


def apply_to(rules: RuleSet, lead: str, unit: str, end: str) -> Callable[[int], Callable[[], object]]:
    def prepare_work(size: int) -> Callable[[], object]:
        document = build_document(repeat(lead, unit, size, end), "US", _TODAY)
        return lambda: rules.find_candidates(document)

    return prepare_work


@pytest.mark.slow
@pytest.mark.parametrize(("pii_type", "rule"), _NAMED_RULES, ids=[rule.name for _, rule in _NAMED_RULES])
def test_no_text_makes_a_rule_more_than_linear(pii_type: PiiType, rule: Rule) -> None:
    rules = RuleSet({pii_type: (rule,)})
    end = f"{_TRAITS}{min(rule.words, default='')} School"
    units = generate_units(rule.pattern)
    timed = []
    for lead, unit in sorted(units):
        document = prepare(repeat(lead, unit, _SCREENED, end))
        started = time.thread_time()
        rules.find_candidates(document)
        timed.append((time.thread_time() - started, lead, unit))
    for _, lead, unit in sorted(timed, reverse=True)[:1]:
        assert_linear(apply_to(rules, lead, unit, end), (rule.name, lead, unit))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(_HELPERS))
def test_no_text_makes_a_helping_pattern_more_than_linear(name: str) -> None:
    pattern = _HELPERS[name]
    timed = []
    for lead, unit in sorted(generate_units(pattern)):
        text = repeat(lead, unit, _SCREENED, "!")
        started = time.thread_time()
        pattern.search(text)
        timed.append((time.thread_time() - started, lead, unit))
    for _, lead, unit in sorted(timed, reverse=True)[:1]:
        assert_linear(
            lambda size, lead=lead, unit=unit: lambda: pattern.search(repeat(lead, unit, size, "!")), (name, unit)
        )


@pytest.mark.slow
@pytest.mark.parametrize("unit", _UNITS)
def test_no_text_makes_a_scan_more_than_linear(unit: str) -> None:
    assert_linear(lambda size: lambda: scan_text(repeat("", unit, size, " School x!@")), unit)


@pytest.mark.slow
@pytest.mark.parametrize("character", "1aA@.-+(:'_%\u200b\u0301\u6771\u202e")
def test_no_pair_of_characters_makes_a_scan_more_than_linear(character: str) -> None:
    timed = []
    for separator in (*SEPARATORS, "+", "(", "_", "A", "1"):
        text = repeat("", character + separator, _SCREENED, " School")
        timed.append((measure_seconds(lambda text=text: scan_text(text)), separator))
    unit = character + max(timed)[1]
    assert_linear(lambda size: lambda: scan_text(repeat("", unit, size, " School")), unit)


def nest(leaf: Any, depth: int, wrap: Callable[[Any], Any]) -> Any:
    for _ in range(depth):
        leaf = wrap(leaf)
    return leaf


SHAPES: dict[str, Callable[[int], object]] = {
    "a list in a list": lambda size: nest(["a"], size // 6, lambda inner: ["a", inner]),
    "findings at every depth": lambda size: nest([], size // 14, lambda inner: ["a@example.com", inner]),
    "an object in an object": lambda size: nest("a@b.example", size // 6, lambda inner: {"a": inner}),
    "names at every depth": lambda size: {
        "school": "Lincoln",
        "name": nest([], size // 8, lambda inner: ["Mia", inner]),
    },
    "telling keys at every depth": lambda size: nest(1, size // 12, lambda inner: {"email": inner, "a": 1}),
    "many values deep down": lambda size: {"email": nest(["x"] * (size // 8), size // 12, lambda inner: {"a": inner})},
    "one long key of many values": lambda size: {"phone " + "a " * (size // 4): ["1"] * (size // 8)},
    "many keys": lambda size: {f"a b {number}": 1 for number in range(size // 10)},
    "many personal keys": lambda size: {
        f"a{number}@example.com": {"b": "c@example.com"} for number in range(size // 40)
    },
    "one personal key of many findings": lambda size: {"a@example.com " * (size // 28): ["c@d.example"] * (size // 28)},
    "one long key": lambda size: {"A-" * (size // 2) + " School": "x"},
    "a key of capitals": lambda size: {"aB" * (size // 2): "x"},
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scan", [scan_data, find_violations])
def test_no_shape_of_data_makes_a_scan_more_than_linear(scan: Callable[[object], object], shape: str) -> None:
    def prepare_work(size: int) -> Callable[[], object]:
        data = SHAPES[shape](size)
        return lambda: scan(data)

    assert_linear(prepare_work, shape)


def test_marks_on_one_letter_are_looked_at_once() -> None:
    assert scan_text("a" + "\u0300\u0316" * 30_000 + " 415-555-2671")[0].type == "phone"
