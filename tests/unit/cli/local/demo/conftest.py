"""The generated month, as each test of the demo needs it."""

import pytest

from tests.unit.cli.local.demo.months import MOMENTS, Loaded, month_at


@pytest.fixture(params=list(MOMENTS.values()), ids=list(MOMENTS))
def month(request: pytest.FixtureRequest) -> Loaded:
    """The month at one of several moments."""
    return month_at(request.param)


@pytest.fixture
def a_month() -> Loaded:
    """The month at one moment."""
    return month_at(MOMENTS["a Thursday's lesson"])
