"""The work grows with the length of a text, whatever somebody writes into it."""

import time

import pytest

from tests.us_scanner import scan_text

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
_SHORT, _LONG = 16_384, 65_536


def measure_seconds(text: str) -> float:
    """The least processor time of two scans."""
    seconds = []
    for _ in range(2):
        started = time.process_time()
        scan_text(text)
        seconds.append(time.process_time() - started)
    return min(seconds)


@pytest.mark.slow
@pytest.mark.parametrize("unit", _UNITS)
def test_four_times_the_text_is_less_than_eight_times_the_work(unit: str) -> None:
    scan_text("call 555-123-4567 or +44 7911 123456")
    short, long = ((unit * (size // len(unit) + 1))[:size] + "x!@" for size in (_SHORT, _LONG))
    assert measure_seconds(long) < 8 * max(measure_seconds(short), 0.004)
