"""Schoolwork is full of numbers and hardly ever flagged."""

from tests.support.exercises import KINDS, generate_exercises
from tests.support.us_scanner import scan_data

_COUNT = 20_000


def test_at_most_one_exercise_in_a_thousand_is_flagged() -> None:
    flagged = [exercise for exercise in generate_exercises(_COUNT, seed=20_261_130) if scan_data(exercise)]
    assert len(flagged) <= _COUNT // 1000, flagged


def test_exercises_of_every_kind_differ_from_each_other() -> None:
    exercises = [str(exercise) for exercise in generate_exercises(_COUNT, seed=1)]
    assert len(set(exercises)) > 0.8 * _COUNT
    assert len(KINDS) >= 15
