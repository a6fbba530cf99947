"""The floors of accuracy, on the public labelled sentences and on this project's own."""

import pytest

from tests.benchmarks.pii_accuracy import (
    ADVERSARIAL,
    LABELLED,
    TYPES,
    Accuracy,
    is_held_out,
    measure_accuracy,
    read_sentences,
)

_EXACT = ("email", "credit_card", "ip_address", "ssn")
_PUBLIC_TYPES = [pii_type for pii_type in TYPES.values() if pii_type != "school"]


@pytest.fixture(scope="module", params=["labelled", "held out", "adversarial"])
def accuracy(request: pytest.FixtureRequest) -> Accuracy:
    """Each set once: the public one, its templates that no rule was written against, and our own."""
    if request.param == "adversarial":
        return measure_accuracy(read_sentences(ADVERSARIAL))
    sentences = read_sentences(LABELLED)
    chosen = filter(is_held_out, sentences) if request.param == "held out" else sentences
    return measure_accuracy(chosen, _PUBLIC_TYPES)


@pytest.mark.parametrize("pii_type", _EXACT)
def test_exact_types_are_found_and_nothing_else_is_taken_for_them(accuracy: Accuracy, pii_type: str) -> None:
    counts = accuracy.by_type[pii_type]
    assert counts.recall >= 0.97
    assert counts.precision >= 0.97


@pytest.mark.parametrize(("pii_type", "floor"), [("phone", 0.9), ("street_address", 0.85), ("date_of_birth", 0.9)])
def test_written_formats_of_many_countries_are_found(accuracy: Accuracy, pii_type: str, floor: float) -> None:
    assert accuracy.by_type[pii_type].f1 >= floor


def test_a_name_is_reported_only_where_it_is_introduced(accuracy: Accuracy) -> None:
    assert accuracy.by_type["person_name"].precision >= 0.85


def test_clean_sentences_are_hardly_ever_flagged(accuracy: Accuracy) -> None:
    assert accuracy.clean >= 150
    assert accuracy.flagged_rate <= 0.01


def test_our_own_sentences_cover_many_countries_and_schools() -> None:
    accuracy = measure_accuracy(read_sentences(ADVERSARIAL))
    assert len({template for template, pii_type in accuracy.by_template if pii_type == "phone"}) >= 60
    assert len({template for template, pii_type in accuracy.by_template if pii_type == "street_address"}) >= 50
    assert accuracy.by_type["school"].f1 >= 0.9
