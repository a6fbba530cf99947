"""The scanner's page shows what the scanner does."""

import doctest
from pathlib import Path

import metrics_api.pii_scanner

_PAGE = Path(metrics_api.pii_scanner.__file__).with_name("README.md")


def test_the_examples_answer_what_the_page_says() -> None:
    result = doctest.testfile(str(_PAGE), module_relative=False)
    assert (result.failed, result.attempted) == (0, 5)
