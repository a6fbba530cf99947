"""The parts of a change add up to it, whatever the factors were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.growth.k_factor import split_product_change

FACTOR = st.floats(0, 1000, allow_subnormal=False).map(lambda value: round(value, 4))


@given(FACTOR, FACTOR, FACTOR, FACTOR)
def test_the_effects_add_up_to_the_change(a: float, b: float, c: float, d: float) -> None:
    first, second = split_product_change((a, b), (c, d))
    assert first + second == pytest.approx(c * d - a * b, rel=1e-6, abs=1e-6)


def test_a_factor_that_did_not_move_has_no_effect() -> None:
    first, second = split_product_change((2.0, 0.3), (2.0, 0.5))
    assert first == 0
    assert second == pytest.approx(0.4)


def test_the_logarithmic_mean_weighs_both_factors_as_ang_2005_does() -> None:
    # L(4, 1) = 3 / ln 4; each factor doubled, so that each gets half of the change of 3.
    assert split_product_change((1.0, 1.0), (2.0, 2.0)) == (pytest.approx(1.5), pytest.approx(1.5))


def test_a_factor_of_zero_is_split_at_the_midpoint() -> None:
    assert split_product_change((0.0, 0.0), (2.0, 0.5)) == (0.5, 0.5)
